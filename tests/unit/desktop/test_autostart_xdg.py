"""Start at login on free desktops: what is written, and what of others is kept."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

import pytest

from tests.tools import needed
from tests.unit.desktop.autostart_bench import XdgBench
from trayapp.desktop.autostart import AutostartError, LoginState, files
from trayapp.desktop.autostart.entry import changed, command, keys_of, words_of
from trayapp.desktop.autostart.xdg import XdgAutostart

ON, OFF, REFUSED = LoginState.ON, LoginState.OFF, LoginState.OFF_BY_DESKTOP

AWKWARD = (
    "/usr/bin/trayapp",
    "/home/Zoë/my programs/trayapp",
    "/home/me/100% $HOME `id` \"quoted\" 'single' back\\slash/trayapp",
    "/home/me/%f %% (1) & ; | < > ~ * ? # =/trayapp",
    "/home/me/tab\tand\nline/trayapp",
)
WORDS = [(word, "-m", "trayapp") for word in AWKWARD]


@pytest.fixture
def xdg(tmp_path: Path) -> XdgBench:
    return XdgBench(tmp_path)


def test_the_entry_is_short_and_asks_for_no_window(xdg: XdgBench) -> None:
    (program,) = xdg.program("one")

    xdg.made((program,)).turn_on()

    assert xdg.file.read_text(encoding="utf-8").splitlines() == [
        "[Desktop Entry]",
        "Type=Application",
        "Name=Trayapp",
        "Icon=trayapp",
        "Terminal=false",
        f"TryExec={program}",
        f"Exec={program}",
    ]
    assert [path.name for path in xdg.user.iterdir()] == ["trayapp.desktop"]


@pytest.mark.parametrize("word", AWKWARD)
def test_the_desktop_s_own_judge_finds_no_fault(word: str, xdg: XdgBench) -> None:
    judge = needed("desktop-file-validate", "desktop-file-utils")

    xdg.made((word,)).turn_on()

    said = subprocess.run(  # noqa: S603  # a program of the system, found just now
        [judge, xdg.file], capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (0, "")


@pytest.mark.parametrize("words", WORDS)
def test_a_command_is_read_as_it_was_written(words: tuple[str, ...]) -> None:
    assert words_of(command(words)) == words


@pytest.mark.parametrize("name", [Path(word).parent.name or "bin" for word in AWKWARD[:4]])
def test_a_desktop_starts_the_very_program(name: str, xdg: XdgBench) -> None:
    starter = needed("gio", "libglib2.0-bin")
    program = xdg.program(name)
    told = xdg.root / "told"
    script = f'#!/bin/sh\nprintf "%s|" "$0" "$@" > "{told}.new" && mv "{told}.new" "{told}"\n'
    Path(program[0]).write_text(script, encoding="utf-8")
    xdg.made((*program, "50% $1")).turn_on()

    subprocess.run(  # noqa: S603  # a program of the system, found just now
        [starter, "launch", xdg.file], check=True, timeout=10
    )

    moment = threading.Event()
    assert any(told.exists() or moment.wait(0.02) for _try in range(400))
    assert told.read_text(encoding="utf-8") == f"{program[0]}|50% $1|"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        pytest.param("trayapp %U", ("trayapp",), id="a field"),
        pytest.param('"a b"  c', ("a b", "c"), id="two spaces"),
        pytest.param('"a b', (), id="no end"),
        pytest.param("", (), id="nothing"),
        pytest.param("a\\sb", ("a", "b"), id="a written space"),
    ],
)
def test_a_command_of_somebody_else_is_read(written: str, words: tuple[str, ...]) -> None:
    assert words_of(written) == words


def test_what_others_wrote_into_the_entry_is_kept(xdg: XdgBench) -> None:
    program = xdg.program("one")
    xdg.write(
        "# mine\r\n[Desktop Entry]\nName=Uhr\nName[ru]=Часы\nExec = /gone/trayapp\n"
        "X-GNOME-Autostart-Delay=9\n\n[Desktop Action Stop]\nExec=/gone/trayapp stop\n"
    )

    assert xdg.made(program).repair()

    assert xdg.file.read_text(encoding="utf-8").splitlines() == [
        "# mine",
        "[Desktop Entry]",
        "Name=Uhr",
        "Name[ru]=Часы",
        "X-GNOME-Autostart-Delay=9",
        f"TryExec={program[0]}",
        f"Exec={program[0]}",
        "",
        "[Desktop Action Stop]",
        "Exec=/gone/trayapp stop",
    ]


@pytest.mark.parametrize("letter", ["\x85", "\u2028", "\x0b", "\x0c", "\x1c"])
def test_a_letter_that_ends_a_line_elsewhere_ends_none_in_an_entry(letter: str) -> None:
    text = changed(f"[Desktop Entry]\nName=a{letter}b\n", {"Exec": f"/c{letter}d"})
    assert keys_of(text) == {"Name": f"a{letter}b", "Exec": f"/c{letter}d"}
    assert text.count("\n") == 3


def test_a_name_of_the_user_s_is_kept_when_it_is_turned_on_again(xdg: XdgBench) -> None:
    xdg.write("[Desktop Entry]\nName=Uhr\nHidden = true \r\n")
    autostart = xdg.made(xdg.program("one"))
    assert autostart.state() is REFUSED

    autostart.turn_on()

    keys = keys_of(xdg.file.read_text(encoding="utf-8"))
    assert (keys["Name"], keys["Type"], "Hidden" in keys) == ("Uhr", "Application", False)


def test_a_file_that_cannot_be_replaced_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()

    with pytest.raises(AutostartError, match="directory"):
        files.replace(tmp_path / "directory", b"content")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("dir")] == [
        "directory"
    ]


def test_bytes_that_are_no_text_are_kept(xdg: XdgBench) -> None:
    xdg.write("[Desktop Entry]\nExec=/gone/trayapp\n")
    xdg.file.write_bytes(b"[Desktop Entry]\nName=\xff\nExec=/gone/trayapp\n")

    assert xdg.made(xdg.program("one")).repair()

    assert b"Name=\xff\n" in xdg.file.read_bytes()


def test_a_link_to_where_the_user_keeps_their_files_stays_a_link(xdg: XdgBench) -> None:
    kept = xdg.root / "dotfiles" / "trayapp.desktop"
    kept.parent.mkdir()
    kept.write_text("[Desktop Entry]\nExec=/gone/trayapp\n", encoding="utf-8")
    xdg.user.mkdir(parents=True)
    xdg.file.symlink_to(kept)
    program = xdg.program("one")

    assert xdg.made(program).repair()

    assert xdg.file.is_symlink()
    assert keys_of(kept.read_text(encoding="utf-8"))["Exec"] == program[0]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("no entry\n", id="no group"),
        pytest.param("[Desktop Action X]\nExec=/gone/trayapp\n", id="another group"),
        pytest.param("[Desktop Entry]\nName=Trayapp\n", id="no command"),
    ],
)
def test_an_entry_that_starts_nothing_is_off_and_left_alone(text: str, xdg: XdgBench) -> None:
    autostart = xdg.made(xdg.program("one"))
    xdg.write(text)

    assert autostart.state() is OFF
    assert not autostart.repair()
    assert xdg.file.read_text(encoding="utf-8") == text
    autostart.turn_on()
    assert autostart.state() is ON


@pytest.mark.parametrize("name", ["100%", "a=b"])
def test_a_program_in_an_awkward_place_is_known_to_be_there(name: str, xdg: XdgBench) -> None:
    old, new = xdg.program(name), xdg.program("new")
    xdg.made(old).turn_on()

    assert not xdg.made(new).repair()
    xdg.uninstall(old)
    assert xdg.made(new).repair()


def test_an_entry_that_the_user_refused_is_not_even_repaired(xdg: XdgBench) -> None:
    text = "[Desktop Entry]\nExec=/gone/trayapp\nHidden=true\n"
    xdg.write(text)

    assert not xdg.made(xdg.program("one")).repair()
    assert xdg.file.read_text(encoding="utf-8") == text


def test_a_command_that_cannot_be_read_is_replaced(xdg: XdgBench) -> None:
    program = xdg.program("one")
    xdg.write('[Desktop Entry]\nExec="no end\n')

    assert xdg.made(program).repair()
    assert xdg.started() == program[0]


def test_a_path_that_is_no_text_is_refused_and_nothing_is_written(xdg: XdgBench) -> None:
    with pytest.raises(AutostartError, match="no text"):
        xdg.made(("/home/\udcff/trayapp",)).turn_on()
    assert xdg.content() is None


# With a package that starts it for everybody


def test_what_a_package_starts_for_everybody_is_on_without_a_file_of_ours(xdg: XdgBench) -> None:
    xdg.package_ships()
    autostart = xdg.made(xdg.program("one"))

    assert autostart.state() is ON
    autostart.turn_on()
    assert not autostart.repair()
    assert xdg.content() is None


def test_turning_off_what_a_package_starts_hides_it_for_this_user(xdg: XdgBench) -> None:
    xdg.package_ships()
    autostart = xdg.made(xdg.program("one"))

    autostart.turn_off()

    assert autostart.state() is REFUSED
    assert keys_of(xdg.file.read_text(encoding="utf-8"))["Hidden"] == "true"
    autostart.turn_on()
    assert autostart.state() is ON


def test_an_update_of_the_package_does_not_undo_the_user_s_no(xdg: XdgBench) -> None:
    xdg.user_says_no()
    xdg.package_ships()
    autostart = xdg.made(xdg.program("one"))

    assert autostart.state() is REFUSED
    assert not autostart.repair()
    assert xdg.file.read_text(encoding="utf-8") == "[Desktop Entry]\nHidden=true\n"


def test_of_the_system_s_directories_the_first_with_an_entry_counts(xdg: XdgBench) -> None:
    xdg.package_ships()
    xdg.package_ships("[Desktop Entry]\nHidden=true\n", to=0)

    assert xdg.made(xdg.program("one")).state() is OFF


def test_the_directories_are_the_desktop_s(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_DIRS", f"relative:{tmp_path / 'site'}")
    monkeypatch.chdir(tmp_path)
    for name, text in (("relative", "Hidden=true"), ("site", "Exec=trayapp")):
        (tmp_path / name / "autostart").mkdir(parents=True)
        shipped = tmp_path / name / "autostart" / "trayapp.desktop"
        shipped.write_text(f"[Desktop Entry]\n{text}\n", encoding="utf-8")
    autostart = XdgAutostart.of_user(("/usr/bin/trayapp",))

    assert autostart.state() is ON
    autostart.turn_off()
    assert (home / "xdg_config_home" / "autostart" / "trayapp.desktop").is_file()


def test_a_changed_text_keeps_its_other_groups() -> None:
    assert changed("", {"A": "1"}) == "[Desktop Entry]\nA=1\n"
    assert changed("[X]\nA=2\n", {"A": "1"}) == "[Desktop Entry]\nA=1\n\n[X]\nA=2\n"
    assert changed("[Desktop Entry]\nA=1\nB=2\n", {"A": None}) == "[Desktop Entry]\nB=2\n"
