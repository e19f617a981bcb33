"""What the packages say must be what the program does; building and trying them is a script's."""

from __future__ import annotations

import re
import subprocess
import tomllib
from datetime import date
from pathlib import Path

import pytest
from command_words import Command, commands
from completions import completion
from man_pages import WORDS, man_page
from packaging.requirements import Requirement
from releases import releases

import trayapp
from tests.tools import needed
from trayapp.desktop.autostart.entry import keys_of
from trayapp.i18n import LANGUAGES

ROOT = Path(__file__).parents[2]
LINUX = ROOT / "packaging" / "linux"
DAY = date(2026, 11, 23)
EVERY_COMMAND = commands("en")[1:]


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED = [Requirement(text) for text in PROJECT["project"]["dependencies"]]


def _vendored() -> dict[str, str]:
    text = (LINUX / "vendored.txt").read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9]+)==(\S+)", text, re.MULTILINE))


# -- man pages -----------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_man_page_has_every_command_and_option(language: str) -> None:
    page = man_page(language, DAY).replace("\\-", "-")
    assert set(WORDS) == set(LANGUAGES)
    for command in EVERY_COMMAND:
        section = page.split(f".SS {command.name}", maxsplit=1)[1].split(".SS")[0]
        for option in command.options:
            assert all(name in section for name in option.names if name not in {"-h", "--help"})


def test_no_line_of_a_man_page_is_a_request_by_accident() -> None:
    known = (".TH", ".SH", ".SS", ".TP", ".B")
    lines = man_page("ru", DAY).splitlines()
    assert all(line.split()[0] in known for line in lines if line.startswith((".", "'")))


def test_the_russian_man_page_is_in_russian() -> None:
    texts = [command.text for command in commands("ru")]
    assert all(re.search("[а-я]", text) for text in texts)


# -- completions ---------------------------------------------------------------------------


def _completed(tmp_path: Path, *words: str) -> list[str]:
    """What bash offers for the last of these words."""
    script = tmp_path / "trayapp.bash"
    script.write_text(completion("bash"), encoding="utf-8")
    typed = " ".join(f"'{word}'" for word in words)
    lines = f"""
        source {script}
        COMP_WORDS=(trayapp {typed}); COMP_CWORD={len(words)}; _trayapp
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    ran = subprocess.run(["bash", "-c", lines], capture_output=True, text=True, check=True)  # noqa: S603, S607  # ours
    assert not ran.stderr
    return ran.stdout.split()


def test_bash_offers_every_command(tmp_path: Path) -> None:
    assert {command.name for command in EVERY_COMMAND} <= set(_completed(tmp_path, ""))


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: command.name)
def test_bash_offers_every_option_of_a_command(command: Command, tmp_path: Path) -> None:
    names = {name for option in command.options for name in option.names}
    assert set(_completed(tmp_path, command.name, "-")) == names


def test_bash_offers_files_where_one_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "old.db").touch()
    assert _completed(tmp_path, "import", f"{tmp_path}/ol") == [f"{tmp_path}/old.db"]
    assert _completed(tmp_path, "export", "--save", f"{tmp_path}/ol") == [f"{tmp_path}/old.db"]
    assert _completed(tmp_path, "start", "--note", "") == []


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_every_command_and_option(shell: str, tmp_path: Path) -> None:
    text = completion(shell)
    for command in EVERY_COMMAND:
        assert re.search(rf"\b{command.name}\b", text)
        for option in command.options:
            assert all(name.lstrip("-") in text for name in option.names)
    script = tmp_path / "script"
    script.write_text(text, encoding="utf-8")
    subprocess.run([needed(shell), "-n", script], check=True)  # noqa: S603  # our own words


# -- what is told in several places --------------------------------------------------------


def test_the_newest_release_is_the_version_of_the_program() -> None:
    newest, *older = releases()
    assert newest.version == trayapp.__version__
    assert [newest, *older] == sorted(releases(), key=lambda one: one.day, reverse=True)


def test_what_the_deb_carries_is_what_the_program_asks_for() -> None:
    for one in WANTED:
        version = _vendored().get(one.name)
        assert version is None or one.specifier.contains(version)


def test_each_library_of_ours_is_carried_or_depended_on() -> None:
    depends = (LINUX / "control").read_text(encoding="utf-8")
    for one in WANTED:
        if one.marker is None or one.marker.evaluate():
            debian = {"Pillow": "python3-pil"}.get(one.name, f"python3-{one.name}")
            assert one.name in _vendored() or debian in depends


def test_the_licence_of_everything_carried_is_told() -> None:
    text = (ROOT / "packaging" / "copyright").read_text(encoding="utf-8")
    told = set(re.findall(r"^Files: vendor/(\w+)/\*$", text, re.MULTILINE))
    assert told == set(_vendored())


def test_the_desktop_entries_type_commands_that_exist() -> None:
    known = {"", *(command.name for command in EVERY_COMMAND)}
    for name in ("trayapp.desktop", "autostart.desktop"):
        text = (LINUX / name).read_text(encoding="utf-8")
        typed = re.findall(r"^Exec=trayapp ?(\S*)", text, re.MULTILINE)
        assert typed
        assert set(typed) <= known
        assert keys_of(text)["TryExec"] == "trayapp"


def test_the_wheel_takes_the_catalogues_and_the_icons_along() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["trayapp"]
    assert wheel["force-include"] == {"icons": "trayapp/icons"}
