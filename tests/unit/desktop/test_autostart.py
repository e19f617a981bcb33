"""What start at login promises on every system, and which program it starts."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.unit.desktop.autostart_bench import (
    Bench,
    LaunchdBench,
    RegistryBench,
    XdgBench,
    made_program,
)
from trayapp.desktop.autostart import AutostartError, LoginState, of_this_system, repair_at_start
from trayapp.desktop.autostart.program import Running, is_program, program_of

ON, OFF, REFUSED = LoginState.ON, LoginState.OFF, LoginState.OFF_BY_DESKTOP


@pytest.fixture(
    params=[
        pytest.param(XdgBench, id="xdg"),
        pytest.param(partial(XdgBench, no="X-GNOME-Autostart-enabled=false"), id="xdg, gnome"),
        pytest.param(partial(XdgBench, no="X-MATE-Autostart-enabled=false"), id="xdg, mate"),
        pytest.param(RegistryBench, id="windows"),
        pytest.param(LaunchdBench, id="macos"),
    ]
)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    make: Callable[[Path], Bench] = request.param
    return make(tmp_path)


# The contract


def test_it_is_off_until_the_user_wants_it(bench: Bench) -> None:
    autostart = bench.made(bench.program("one"))

    assert autostart.state() is OFF
    assert not autostart.repair()
    autostart.turn_off()
    assert autostart.state() is OFF
    assert bench.started() is None


def test_turned_on_it_starts_the_present_program(bench: Bench) -> None:
    program = bench.program("one")
    autostart = bench.made(program)

    autostart.turn_on()

    assert autostart.state() is ON
    assert bench.started() == program[0]


def test_turned_off_nothing_is_left(bench: Bench) -> None:
    autostart = bench.made(bench.program("one"))
    autostart.turn_on()

    autostart.turn_off()

    assert autostart.state() is OFF
    assert bench.started() is None


def test_turning_on_what_is_on_changes_nothing(bench: Bench) -> None:
    autostart = bench.made(bench.program("one"))
    autostart.turn_on()
    before = bench.content()

    autostart.turn_on()

    assert bench.content() == before


def test_the_user_s_no_in_the_desktop_s_settings_is_seen_and_kept(bench: Bench) -> None:
    program = bench.program("one")
    autostart = bench.made(program)
    autostart.turn_on()
    bench.user_says_no()
    before = bench.content()

    assert autostart.state() is REFUSED
    assert not autostart.repair()
    autostart.turn_off()
    assert bench.content() == before


def test_the_user_s_no_survives_a_move_of_the_program(bench: Bench) -> None:
    old, new = bench.program("one"), bench.program("two")
    bench.made(old).turn_on()
    bench.user_says_no()
    bench.uninstall(old)
    autostart = bench.made(new)

    autostart.repair()

    assert autostart.state() is REFUSED


def test_the_user_s_later_yes_in_the_desktop_s_settings_counts(bench: Bench) -> None:
    autostart = bench.made(bench.program("one"))
    autostart.turn_on()
    bench.user_says_no()

    bench.user_says_yes()

    assert autostart.state() is ON


def test_the_user_s_yes_in_our_settings_undoes_their_no(bench: Bench) -> None:
    program = bench.program("one")
    autostart = bench.made(program)
    autostart.turn_on()
    bench.user_says_no()

    autostart.turn_on()

    assert autostart.state() is ON
    assert bench.started() == program[0]


def test_a_moved_program_is_found_again(bench: Bench) -> None:
    old, new = bench.program("one"), bench.program("two")
    bench.made(old).turn_on()
    bench.uninstall(old)
    autostart = bench.made(new)

    assert autostart.state() is ON
    assert autostart.repair()
    assert bench.started() == new[0]
    assert not autostart.repair()


def test_turning_on_finds_a_moved_program_again(bench: Bench) -> None:
    old, new = bench.program("one"), bench.program("two")
    bench.made(old).turn_on()
    bench.uninstall(old)

    bench.made(new).turn_on()

    assert bench.started() == new[0]


def test_another_program_that_is_still_there_is_left_alone(bench: Bench) -> None:
    other = bench.program("one")
    bench.made(other).turn_on()
    before = bench.content()

    assert not bench.made(bench.program("two")).repair()
    assert bench.content() == before


def test_a_program_in_a_passing_place_is_not_written_down(bench: Bench) -> None:
    old = bench.program("one")
    bench.made(old).turn_on()
    bench.uninstall(old)
    before = bench.content()

    assert not bench.made(None).repair()
    assert bench.content() == before


def test_turning_on_a_program_in_a_passing_place_says_what_to_do(bench: Bench) -> None:
    with pytest.raises(AutostartError, match="move it to Applications"):
        bench.made(None).turn_on()


def test_trouble_is_told_with_what_to_do(bench: Bench) -> None:
    autostart = bench.made(bench.program("one"))
    bench.breaks()

    with pytest.raises(AutostartError, match=r"What you track is not touched\. Try again"):
        autostart.turn_on()


# Which program


@pytest.fixture
def installed(tmp_path: Path) -> Running:
    """As pipx leaves it: a link on the PATH to the script in an environment of its own."""
    environment = tmp_path / "venvs" / "trayapp"
    script = Path(made_program(environment, "bin")[0])
    link = tmp_path / "bin" / "trayapp"
    link.parent.mkdir()
    link.symlink_to(script)
    return Running(
        executable=str(script.with_name("python")),
        first_word=str(link),
        package=environment / "lib" / "trayapp",
        prefix=str(environment),
        frozen=False,
    )


def test_the_command_that_was_typed_is_started_again(installed: Running) -> None:
    assert program_of(installed) == (installed.first_word,)


def test_a_window_s_process_names_the_script_of_the_installation(installed: Running) -> None:
    running = replace(installed, first_word=str(installed.package / "__main__.py"))

    assert program_of(running) == (str(Path(installed.executable).with_name("trayapp")),)


def test_a_script_of_another_installation_is_not_ours(installed: Running, tmp_path: Path) -> None:
    running = replace(installed, first_word="-m", package=tmp_path / "home" / "trayapp")

    assert program_of(running) == (installed.executable, "-m", "trayapp")


def test_a_frozen_program_is_its_own(installed: Running) -> None:
    running = replace(installed, executable="/opt/trayapp/trayapp", frozen=True)

    assert program_of(running) == ("/opt/trayapp/trayapp",)


def test_an_image_is_started_not_what_is_mounted_from_it(installed: Running) -> None:
    image = "/home/me/Trayapp.AppImage"
    running = replace(installed, executable="/run/mount_x/trayapp", frozen=True, image=image)

    assert program_of(running) == (image,)


def test_a_place_made_for_this_one_time_is_none(installed: Running) -> None:
    executable = "/private/var/folders/x/AppTranslocation/Y/d/Trayapp.app/Contents/MacOS/trayapp"
    running = replace(installed, executable=executable, frozen=True)

    assert program_of(running) is None


def test_on_windows_no_console_is_opened(installed: Running) -> None:
    running = replace(installed, on_windows=True)
    assert program_of(running) == (running.executable, "-m", "trayapp")

    quiet = Path(running.executable).with_name("pythonw.exe")
    quiet.touch()
    assert program_of(running) == (str(quiet), "-m", "trayapp")


def test_what_cannot_be_started_is_no_program(tmp_path: Path) -> None:
    program = made_program(tmp_path, "one")[0]

    assert is_program(program)
    assert is_program("sh")
    assert not is_program("no-such-command-anywhere")
    assert not is_program(str(tmp_path / "one"))
    Path(program).chmod(stat.S_IRUSR)
    assert not is_program(program)


def test_an_image_of_another_program_that_started_us_is_not_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("APPIMAGE", "/home/me/Terminal.AppImage")
    monkeypatch.setenv("APPDIR", "/run/mount_terminal")
    assert Running.now().image == ""

    monkeypatch.setenv("APPDIR", os.path.dirname(Running.now().executable))  # noqa: PTH120
    assert Running.now().image == "/home/me/Terminal.AppImage"


# At each start of the app


def test_at_the_start_what_is_gone_is_replaced_and_the_log_says_so(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    entry = home / "xdg_config_home" / "autostart" / "trayapp.desktop"
    entry.parent.mkdir(parents=True)
    entry.write_text("[Desktop Entry]\nExec=/gone/trayapp\n", encoding="utf-8")
    assert of_this_system().state() is ON

    with caplog.at_level("INFO"):
        repair_at_start()

    assert "/gone/trayapp" not in entry.read_text(encoding="utf-8")
    assert "it names this one now" in caplog.text


def test_at_the_start_trouble_is_logged_and_nothing_else(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (home / "xdg_config_home" / "autostart" / "trayapp.desktop").mkdir(parents=True)

    repair_at_start()

    assert "Start at login could not be changed" in caplog.text
