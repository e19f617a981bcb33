"""Start at login on Windows and macOS: what is written, and what of others is kept."""

from __future__ import annotations

import plistlib
from pathlib import Path

import pytest

from tests.unit.desktop.autostart_bench import LaunchdBench, RegistryBench
from trayapp.desktop.autostart import AutostartError, LoginState
from trayapp.desktop.autostart.launchd import Launchctl
from trayapp.desktop.autostart.registry import APPROVED, NAME, RUN, first_word, quoted

ON, REFUSED = LoginState.ON, LoginState.OFF_BY_DESKTOP


# Windows


def test_the_program_is_quoted_as_windows_takes_it(tmp_path: Path) -> None:
    bench = RegistryBench(tmp_path)
    program = bench.program("one")

    bench.made(program).turn_on()

    assert bench.keys.values == {(RUN, NAME): rf'"{program[0]}" -m trayapp'}


def test_what_task_manager_marked_goes_with_our_value(tmp_path: Path) -> None:
    bench = RegistryBench(tmp_path)
    autostart = bench.made(bench.program("one"))
    autostart.turn_on()
    bench.user_says_yes()

    autostart.turn_off()

    assert bench.keys.values == {}


def test_a_value_that_the_user_refused_is_not_even_repaired(tmp_path: Path) -> None:
    bench = RegistryBench(tmp_path)
    old = bench.program("one")
    bench.made(old).turn_on()
    bench.user_says_no()
    bench.uninstall(old)
    before = bench.content()

    assert not bench.made(bench.program("two")).repair()
    assert bench.content() == before


@pytest.mark.parametrize(
    ("mark", "state"),
    [
        pytest.param("020000000000000000000000", ON, id="never off"),
        pytest.param("060000000000000000000000", ON, id="on again"),
        pytest.param("03000000d40d438dc83bd901", REFUSED, id="off"),
        pytest.param("07000000d40d438dc83bd901", REFUSED, id="off another way"),
        pytest.param("", ON, id="nothing"),
    ],
)
def test_task_manager_s_marks_are_understood(mark: str, state: LoginState, tmp_path: Path) -> None:
    bench = RegistryBench(tmp_path)
    autostart = bench.made(bench.program("one"))
    autostart.turn_on()

    bench.keys.values[APPROVED, NAME] = bytes.fromhex(mark)

    assert autostart.state() is state


def test_a_command_longer_than_windows_takes_is_refused(tmp_path: Path) -> None:
    bench = RegistryBench(tmp_path)

    with pytest.raises(AutostartError, match="too long"):
        bench.made(bench.program("x" * 260)).turn_on()
    assert bench.keys.values == {}


@pytest.mark.parametrize(
    ("written", "word"),
    [
        pytest.param(quoted((r"C:\a b\x.exe", "-m", "y")), r"C:\a b\x.exe", id="quoted"),
        pytest.param(r"C:\a b\x.EXE -m y", r"C:\a b\x.EXE", id="unquoted"),
        pytest.param("trayapp --x", "trayapp", id="a name"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_program_of_a_command_is_found(written: str, word: str) -> None:
    assert first_word(written) == word


# macOS


def test_the_agent_starts_it_once_a_login_in_the_desktop_s_session(tmp_path: Path) -> None:
    bench = LaunchdBench(tmp_path)
    program = bench.program("one")

    bench.made(program).turn_on()

    assert plistlib.loads(bench.file.read_bytes()) == {
        "Label": "trayapp",
        "ProgramArguments": list(program),
        "RunAtLoad": True,
        "LimitLoadToSessionType": "Aqua",
        "ProcessType": "Interactive",
    }


def test_an_agent_that_says_disabled_itself_is_a_no(tmp_path: Path) -> None:
    bench = LaunchdBench(tmp_path)
    bench.agents.mkdir()
    agent = {"Label": "trayapp", "ProgramArguments": ["/gone"], "Disabled": True}
    bench.file.write_bytes(plistlib.dumps(agent))
    autostart = bench.made(bench.program("one"))

    assert autostart.state() is REFUSED
    assert not autostart.repair()
    autostart.turn_on()
    assert autostart.state() is ON


def test_what_the_user_added_to_the_agent_is_kept(tmp_path: Path) -> None:
    bench = LaunchdBench(tmp_path)
    bench.agents.mkdir()
    agent = {"ProgramArguments": ["/gone"], "EnvironmentVariables": {"LANG": "ru_RU.UTF-8"}}
    bench.file.write_bytes(plistlib.dumps(agent))

    assert bench.made(bench.program("one")).repair()

    kept = plistlib.loads(bench.file.read_bytes())
    assert kept["EnvironmentVariables"] == {"LANG": "ru_RU.UTF-8"}


@pytest.mark.parametrize("content", [b"", b"<plist>", b"bplist00", plistlib.dumps([])])
def test_an_agent_that_cannot_be_read_is_replaced(content: bytes, tmp_path: Path) -> None:
    bench = LaunchdBench(tmp_path)
    bench.agents.mkdir()
    bench.file.write_bytes(content)
    program = bench.program("one")

    assert bench.made(program).repair()
    assert list(bench.words()) == list(program)


@pytest.mark.parametrize(
    ("listed", "is_disabled"),
    [
        pytest.param('"trayapp" => disabled', True, id="now"),
        pytest.param('"trayapp" => true', True, id="older"),
        pytest.param('"trayapp" => enabled', False, id="enabled"),
        pytest.param('"trayapp" => false', False, id="older, enabled"),
        pytest.param('"xtrayapp" => disabled', False, id="another"),
    ],
)
def test_launchd_s_list_is_understood(listed: str, *, is_disabled: bool, tmp_path: Path) -> None:
    told = tmp_path / "told"
    tool = tmp_path / "launchctl"
    tool.write_text(f"#!/bin/sh\necho $* >> '{told}'\necho '{listed}'\n", encoding="utf-8")
    tool.chmod(0o755)
    launchctl = Launchctl(501, command=str(tool))

    assert launchctl.is_disabled("trayapp") is is_disabled
    launchctl.enable("trayapp")

    assert told.read_text().splitlines() == ["print-disabled gui/501", "enable gui/501/trayapp"]


def test_a_launchctl_that_fails_is_trouble_of_the_system() -> None:
    with pytest.raises(OSError, match="non-zero"):
        Launchctl(501, command="/bin/false").enable("trayapp")
