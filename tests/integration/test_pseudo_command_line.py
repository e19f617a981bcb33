"""In a language nobody speaks, the command line says nothing that was never translated."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests import pseudo
from tests.integration.program import ROOT
from trayapp.__main__ import _COMMANDS

_DEADLINE_SECONDS = 60
_INCIDENT = Path(__file__).parents[1] / "data" / "legacy" / "incident_v1.sql"
_SAID_BY_USER = ("Shop", "front page", "other", "anna", "example.invalid", "nonsense", "nope")
_WORDS_OF_THE_MACHINE = (
    "trayapp",
    "ID",
    "URL",
    "int",
    "Python",
    "linux",
    "hubnity",
    "timetagger",
    "http",
)
_UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_OPTION = re.compile(r"-{1,2}[a-z][a-z-]*")
_DAY = [
    ["status"],
    ["recent"],
    ["failed"],
    ["start", "Shop", "--note", "front page"],
    ["start", "Shop", "--note", "front page"],
    ["status"],
    ["status", "--check"],
    ["pause"],
    ["pause"],
    ["status"],
    ["resume"],
    ["stop"],
    ["stop"],
    ["pause"],
    ["recent"],
    ["edit", "--note", "other"],
    ["undo"],
    ["undo"],
    ["retry"],
    ["retry", "--wait"],
    ["status"],
    ["recent"],
    ["discard", "--duplicates"],
    ["doctor"],
    ["logout"],
    ["quit"],
]
_LONG_AGO = [
    ["start", "Shop", "--at", "2026-01-08T09:00:00Z"],
    ["status"],
    ["pause", "--at", "2026-01-08T10:00:00Z"],
    ["status"],
    ["resume", "--at", "2026-01-08T10:30:00Z"],
    ["stop", "--at", "2026-01-08T11:00:00Z"],
    ["edit", "--started", "2026-01-08T08:30:00Z", "--stopped", "2026-01-08T11:30:00Z"],
    ["recent"],
    ["undo"],
]
_MISTAKES = [
    ["nonsense"],
    ["--nonsense"],
    ["start", "Shop", "other"],
    ["start", "--at", "nonsense"],
    ["start", "--at", "2999-01-01T00:00"],
    ["start", "--at", "2001-01-01T00:00"],
    ["pause", "--at"],
    ["edit", "--started", "99:99"],
    ["edit", "nope", "--note", "other"],
    ["delete"],
    ["delete", "nope"],
    ["retry", "99"],
    ["retry", "nope"],
    ["discard"],
    ["discard", "99", "--yes"],
    ["login"],
    ["login", "--server", "nonsense", "--url", "example.invalid", "--user", "anna"],
    ["login", "--password-stdin", "--token-stdin"],
    ["login", "--server", "hubnity", "--url", "http://example.invalid", "--token-stdin"],
    ["export", "--from", "nonsense"],
    ["export", "--from", "2026-01-02", "--to", "2026-01-01"],
    ["export", "--save", "/"],
    ["import", "/"],
    ["import", "/nope"],
    ["report", "--save", "/nope/nope"],
    ["failed", "--window"],
]
_HELP = [["--help"], *([name, "--help"] for name in _COMMANDS if name not in {"", "window"})]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("pseudo")
    pseudo.write_catalogue(directory)
    return directory


def said(catalogue: Path, lines: list[list[str]]) -> list[tuple[int, str, str]]:
    """What each of these command lines says in the pseudo language."""
    without = {"DISPLAY", "WAYLAND_DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "LC_ALL", "LC_MESSAGES"}
    env = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.pseudo_program", str(catalogue)],
        cwd=ROOT,
        env={**env, "LANGUAGE": pseudo.LANGUAGE, "LANG": "C.UTF-8", "COLUMNS": "200"},
        input=json.dumps(lines),
        capture_output=True,
        text=True,
        timeout=_DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(status, out, err) for status, out, err in json.loads(done.stdout)]


def told(catalogue: Path, lines: list[list[str]], *names: str) -> dict[str, list[str]]:
    """By command line, the lines it says that needed a translator and had none."""
    found: dict[str, list[str]] = {}
    for typed, (_status, out, err) in zip(lines, said(catalogue, lines), strict=True):
        assert pseudo.OPEN in out + err, typed  # it speaks, and in that language
        bad = [
            f"{left(one, *names)}: {one}" for one in (out + err).splitlines() if left(one, *names)
        ]
        if bad:
            found[" ".join(typed)] = bad
    return found


def left(text: str, *names: str) -> list[str]:
    """What of it needed a translator and had none; `names` are the test's own."""
    for name in names:
        text = text.replace(name, " ")
    text = _OPTION.sub(" ", _UUID.sub(" ", text))
    return pseudo.untranslated(text, (*_SAID_BY_USER, *_WORDS_OF_THE_MACHINE, *_COMMANDS))


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(_DAY, id="a day"),
        pytest.param(_LONG_AGO, id="long ago"),
        pytest.param(_MISTAKES, id="mistakes"),
        pytest.param(_HELP, id="help"),
    ],
)
def test_a_command_says_nothing_that_was_never_translated(
    catalogue: Path, lines: list[list[str]]
) -> None:
    assert told(catalogue, lines) == {}


def test_an_older_database_and_its_failed_tasks_are_told_in_one_language(
    catalogue: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)) as database:
        database.executescript(_INCIDENT.read_text(encoding="utf-8"))
    lines = [
        ["import", str(old), "--user", "anna"],
        ["import", str(old), "--user", "anna"],
        ["status"],
        ["failed"],
        ["retry", "3"],
        ["discard", "--duplicates"],
        ["discard", "--duplicates", "--yes"],
        ["discard", "3", "--yes"],
        ["discard", "3", "--undo"],
        ["discard", "3", "--undo"],
        ["status"],
        ["doctor"],
    ]
    assert told(catalogue, lines, str(old)) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Nothing to send", ["Nothing", "to", "send"], id="untranslated"),
        pytest.param(pseudo.pseudo("Nothing to send {x}").format(x="yet"), ["yet"], id="a part"),
        pytest.param(pseudo.pseudo("Start “{x}”").format(x="Shop"), [], id="the user's own"),
    ],
)
def test_what_was_never_translated_is_found(text: str, words: list[str]) -> None:
    assert pseudo.untranslated(text, ["Shop"]) == words
