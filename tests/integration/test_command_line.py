"""The command line as scripts and key bindings use it, in processes, without the app running.

Reading and retrying are in `test_command_line_reading`, the answers of a running app in
`test_command_line_and_app`.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.program import (
    PATIENCE_SECONDS,
    Ran,
    command,
    kinds,
    rows,
    trayapp,
)
from trayapp import __version__
from trayapp.config import Paths

NOT_RUNNING = "Trayapp is not running; this is sent when it runs."
RUSSIAN = {"LANG": "ru_RU.UTF-8"}


def test_the_version_is_told() -> None:
    assert trayapp("--version") == Ran(0, f"trayapp {__version__}\n", "")


def test_help_names_every_command_and_none_that_is_not_there() -> None:
    ran = trayapp("--help")
    named = re.findall(r"^    (\w+) ", ran.out, re.MULTILINE)
    assert named == [
        *("status", "start", "pause", "resume", "stop"),
        *("edit", "delete", "undo"),
        *("recent", "failed", "retry", "import", "discard", "report"),
        *("login", "logout", "export", "doctor", "demo", "quit"),
    ]
    assert (ran.status, ran.err) == (0, "")


def test_a_click_is_recorded_and_told_to_be_sent_later() -> None:
    ran = trayapp("start", "Website", "--note", "Front page")
    assert re.fullmatch(rf"Started at \d\d:\d\d: Website – Front page\n{NOT_RUNNING}\n", ran.out), (
        ran
    )
    assert (ran.status, ran.err) == (0, "")
    assert rows("SELECT kind, project, note FROM event") == [
        ("time_entry_start", "Website", "Front page")
    ]
    assert rows("SELECT status, doubt FROM sync_queue") == [("pending", "none")]


def test_the_time_of_a_click_is_that_of_the_call() -> None:
    before = time.time_ns() // 1_000_000
    trayapp("start", "Website")
    ((at_ms,),) = rows("SELECT at_ms FROM event")
    assert isinstance(at_ms, int)
    assert before <= at_ms <= before + 5000


def test_each_click_once_and_what_is_so_already_is_said_and_is_no_error() -> None:
    story = [
        ("start", "A", 0, "Started at"),
        ("start", "a", 0, "Already running: A"),
        ("resume", "", 0, "Already running: A"),
        ("pause", "", 0, "Paused at"),
        ("pause", "", 0, "Already paused: A"),
        ("start", "A", 0, "Resumed at"),
        ("stop", "", 0, "Stopped at"),
        ("stop", "", 0, "Already stopped."),
        ("start", "", 0, "Started at"),
    ]
    for name, project, status, words in story:
        ran = trayapp(name, *([project] if project else []))
        assert (ran.status, ran.err) == (status, ""), ran
        assert ran.out.startswith(words), (name, ran)
        assert (NOT_RUNNING in ran.out) == (not words.startswith("Already"))
    short = [str(kind).removeprefix("time_entry_") for kind in kinds()]
    assert short == ["start", "pause", "resume", "stop", "start"]


@pytest.mark.parametrize("name", ["pause", "resume"])
def test_pause_and_resume_while_stopped_cannot_be_done(name: str) -> None:
    ran = trayapp(name, "--json")
    said = "Nothing is being tracked, so nothing was changed. Start an entry first."
    assert (ran.status, ran.err) == (1, f"trayapp: {said}\n")
    assert ran.json == {"changed": False, "message": said}
    assert kinds() == []


def test_something_else_while_running_ends_what_runs_and_while_paused_at_its_pause() -> None:
    trayapp("start", "A")
    trayapp("start", "B")
    trayapp("pause")
    trayapp("start", "C")
    found = rows("SELECT kind, project, at_ms FROM event ORDER BY seq")
    assert [(str(kind).rpartition("_")[2], project) for kind, project, _ in found] == [
        *(("start", "A"), ("stop", "A"), ("start", "B")),
        *(("pause", "B"), ("stop", "B"), ("start", "C")),
    ]
    at = [at_ms for _, _, at_ms in found]
    assert at[1] == at[2]
    assert isinstance(at[3], int)
    assert at[4] == at[3] + 1


def test_a_bare_start_takes_the_last_project_and_note_and_a_note_alone_the_project() -> None:
    trayapp("start", "A", "--note", "first")
    trayapp("stop")
    trayapp("start")
    trayapp("start", "--note", "second")
    found = rows("SELECT project, note FROM event WHERE kind = 'time_entry_start' ORDER BY seq")
    assert found == [("A", "first"), ("A", "first"), ("A", "second")]


@pytest.mark.parametrize(
    "typed",
    [
        *(("start", "A"), ("pause",), ("resume",), ("stop",)),
        *(("status",), ("recent",), ("failed",), ("retry",), ("retry", "--wait"), ("quit",)),
    ],
    ids=" ".join,
)
def test_with_json_every_command_says_whether_it_changed_anything(typed: tuple[str, ...]) -> None:
    changes = typed[0] in {"start", "pause", "resume", "stop"}
    if changes and typed[0] != "start":
        trayapp("start", "A")
    if typed[0] == "resume":
        trayapp("pause")
    ran = trayapp(*typed, "--json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.json["changed"] is changes
    if changes:
        assert trayapp(*typed, "--json").json["changed"] is False


# -- times ---------------------------------------------------------------------------------


def test_a_time_can_be_given_with_its_offset() -> None:
    at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
    zone = timedelta(hours=5)
    typed = (at + zone).isoformat().replace("+00:00", "+05:00")
    assert trayapp("start", "A", "--at", typed).status == 0
    assert rows("SELECT at_ms, boot_id FROM event") == [(int(at.timestamp() * 1000), "")]


def test_a_time_of_day_is_one_of_today_in_the_users_zone() -> None:
    at = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ran = trayapp("start", "A", "--at", "00:00", env={"TZ": "UTC"})
    assert ran.out.startswith("Started at 00:00: A\n"), ran
    assert rows("SELECT at_ms FROM event") == [(int(at.timestamp() * 1000),)]


@pytest.mark.parametrize(
    ("typed", "zone", "status", "said"),
    [
        pytest.param("25:00", "UTC", 2, "That is not a time, so nothing was", id="no time"),
        pytest.param("", "UTC", 2, "That is not a time, so nothing was", id="empty"),
        pytest.param(
            "2025-10-26T02:30",
            "Europe/Berlin",
            2,
            "Write 2025-10-26T02:30:00+02:00 or 2025-10-26T02:30:00+01:00.",
            id="twice",
        ),
        pytest.param(
            "2025-03-30T02:30", "Europe/Berlin", 2, "The clocks leave out that time", id="skipped"
        ),
        pytest.param("2999-01-01T10:00Z", "UTC", 1, "That time is in the future", id="future"),
        pytest.param("2001-01-01T10:00Z", "UTC", 1, "not after the last click", id="too early"),
    ],
)
def test_a_time_that_cannot_be_is_refused_in_one_line_and_nothing_changes(
    typed: str, zone: str, status: int, said: str
) -> None:
    trayapp("start", "A")
    ran = trayapp("stop", "--at", typed, env={"TZ": zone})
    assert (ran.status, ran.out) == (status, ""), ran
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert kinds() == ["time_entry_start"]


# -- texts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Сайт «Ёлка»", id="Russian"),
        pytest.param("👩‍👩‍👧‍👦 \u202eold\u202c e\u0301", id="emoji, directions, marks"),
        pytest.param("two\nlines\tand \x1b[31mred", id="controls"),
        pytest.param("x" * 4000, id="the longest"),
    ],
)
def test_texts_keep_any_unicode_and_are_told_on_one_line(text: str) -> None:
    ran = trayapp("start", text, "--note", text)
    assert (ran.status, ran.err) == (0, "")
    assert "\x1b" not in ran.out
    assert len(ran.out.splitlines()) == 2
    assert rows("SELECT project, note FROM event") == [(text, text)]
    recent = json.loads(trayapp("recent", "--json").out)
    assert [(one["project"], one["note"]) for one in recent["entries"]] == [(text, text)]


@pytest.mark.parametrize("where", ["project", "note"])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(b"caf\xe9", "is no valid text", id="no UTF-8"),
        pytest.param(b"x" * 4001, "is longer than 4000 characters", id="too long"),
    ],
)
def test_a_text_that_cannot_be_kept_is_refused_in_one_line(
    where: str, text: bytes, said: str
) -> None:
    typed = [text] if where == "project" else ["A", "--note", text]
    ran = trayapp("start", *typed)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
    assert not Paths.of_user().data_dir.exists()


# -- usage ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        *(("frobnicate",), ("start", "A", "B"), ("pause", "A"), ("status", "--frob")),
        *(("retry", "x"), ("retry", "3", "--all"), ("stop", "--at"), ("--no-tray", "status")),
        *(("status", "--js"), ("log-in",), ("failed", "--frob")),
    ],
    ids=" ".join,
)
def test_what_is_not_understood_is_one_line_and_2(typed: tuple[str, ...]) -> None:
    ran = trayapp(*typed)
    assert (ran.status, ran.out) == (2, "")
    assert re.fullmatch(r"trayapp: .+ “trayapp --help” shows what can be typed\.\n", ran.err)
    assert not Paths.of_user().data_dir.exists()


@pytest.mark.parametrize("typed", [("status",), ("start", "A"), ("--no-tray",)], ids=" ".join)
def test_broken_settings_are_one_line_and_1(typed: tuple[str, ...]) -> None:
    paths = Paths.of_user()
    paths.config_dir.mkdir(parents=True)
    paths.settings.write_text('language = "ru"\nmax_attempts = "many"\n', encoding="utf-8")
    ran = trayapp(*typed)
    assert (ran.status, ran.out) == (1, "")
    begin = f"trayapp: The settings cannot be used: {paths.settings}: line 2: max_attempts"
    assert ran.err.startswith(begin)
    assert ran.err.count("\n") == 1
    assert not paths.data_dir.exists()
    assert trayapp("--version").status == 0


def test_a_click_needs_no_certificates() -> None:
    paths = Paths.of_user()
    paths.config_dir.mkdir(parents=True)
    paths.settings.write_text('ca_file = "/nowhere/ca.pem"\n', encoding="utf-8")
    assert trayapp("start", "A").status == 0
    assert kinds() == ["time_entry_start"]


@pytest.mark.parametrize("by", ["settings", "environment"])
def test_everything_is_said_in_the_users_language(by: str) -> None:
    paths = Paths.of_user()
    env = RUSSIAN if by == "environment" else {"LANG": "C.UTF-8"}
    if by == "settings":
        paths.config_dir.mkdir(parents=True)
        paths.settings.write_text('language = "ru"\n', encoding="utf-8")
    seen = [
        trayapp(*typed, env=env)
        for typed in (
            *(("start", "Сайт"), ("status",), ("pause",), ("pause",), ("recent",), ("failed",)),
            *(("retry",), ("quit",), ("retry", "7"), ("stop", "--at", "x"), ("frob",)),
            *(("delete",), ("stop", "now"), ("stop", "--at"), ("status", "--json=1")),
        )
    ]
    said = "".join(ran.out + ran.err for ran in seen)
    ours_or_typed = r"«trayapp[^»]*»|--\w+|'\w+'|Trayapp|^trayapp:|\bnow\b"
    rest = re.sub(ours_or_typed, "", said, flags=re.MULTILINE)
    assert re.findall(r"[A-Za-z]{3,}", rest) == []
    assert "Идёт 0:00 · Сайт" in seen[1].out


@pytest.mark.timeout(120)
def test_the_same_from_fifty_processes_at_once_makes_one_task() -> None:
    """The first of them make the database, too."""
    processes = [command("start", "A", "--json") for _ in range(50)]
    answers = [process.communicate(timeout=PATIENCE_SECONDS) for process in processes]
    assert [process.returncode for process in processes] == [0] * 50, answers
    assert sum(json.loads(out)["changed"] for out, _ in answers) == 1
    assert kinds() == ["time_entry_start"]
    assert rows("SELECT COUNT(*) FROM sync_queue") == [(1,)]
