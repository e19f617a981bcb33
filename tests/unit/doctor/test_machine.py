"""Disk, clock, settings, versions: each broken on purpose is told with what to do."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.security.strangers import as_nobody, as_root
from trayapp import __version__
from trayapp.config import Paths
from trayapp.doctor.check import State
from trayapp.doctor.machine import (
    clock_finding,
    look_at_disk,
    look_at_program,
    look_at_settings,
    room_finding,
)

MEGABYTE = 1 << 20


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths.under(tmp_path / "here")
    found.make()
    return found


@pytest.mark.parametrize(
    ("megabytes", "state"),
    [(100, State.OK), (99, State.WARNING), (10, State.WARNING), (9, State.PROBLEM)],
)
def test_room_that_runs_out_is_told_before_it_is_gone(megabytes: int, state: State) -> None:
    found = room_finding(megabytes * MEGABYTE)
    assert found.state is state
    assert found.message == f"{megabytes} MB are free where your clicks are kept."
    assert bool(found.advice) is (state is not State.OK)


def test_a_disk_is_looked_at_also_before_there_is_anything(tmp_path: Path) -> None:
    found = look_at_disk(Paths.under(tmp_path / "not" / "yet"))["disk"]
    assert found.state is State.OK
    assert list(tmp_path.iterdir()) == []


_LOOK_AT_DISK = (
    "import sys; from pathlib import Path; from trayapp.config import Paths;"
    " from trayapp.doctor.machine import look_at_disk;"
    " print(look_at_disk(Paths.under(Path(sys.argv[1])))['disk'].message)"
)


@as_root
@pytest.mark.parametrize("home", ["", "closed/home"], ids=["not writable", "not to be seen"])
def test_what_may_not_be_written_is_a_problem_that_is_named(runtime: Path, home: str) -> None:
    runtime.chmod(0o755)
    closed = runtime / "closed"
    closed.mkdir(mode=0o700)
    said = as_nobody(_LOOK_AT_DISK, str(runtime / home))
    named = closed if home else runtime
    assert said == f"{named} may not be written to, so clicks cannot be recorded."


@as_root
def test_a_closed_log_keeps_the_app_from_starting_and_no_click_from_its_record(
    runtime: Path,
) -> None:
    runtime.chmod(0o755)
    for name, mode in (("data", 0o777), ("state", 0o755)):
        (runtime / name).mkdir()
        (runtime / name).chmod(mode)
    assert as_nobody(_LOOK_AT_DISK, str(runtime)) == (
        f"{runtime / 'state'} may not be written to, so Trayapp cannot start."
        " Commands record clicks all the same."
    )


def test_directories_open_to_others_are_told(paths: Paths) -> None:
    paths.data_dir.chmod(0o777)
    found = look_at_disk(paths)["disk"]
    assert found.state is State.WARNING
    assert found.message.startswith(f"Other users can write into {paths.data_dir}.")


def test_settings_are_read_or_told_with_the_line(paths: Paths) -> None:
    assert look_at_settings(paths)["settings"].state is State.OK
    paths.settings.write_text("max_attempts = 0\n")
    found = look_at_settings(paths)["settings"]
    assert found.state is State.PROBLEM
    assert f"The settings cannot be used: {paths.settings}: " in found.message
    assert "max_attempts = 0 is not a positive whole number" in found.message


def test_certificates_that_are_away_are_told(paths: Paths) -> None:
    paths.settings.write_text('ca_file = "/nowhere/ca.pem"\n')
    found = look_at_settings(paths)["settings"]
    assert found.state is State.WARNING
    assert found.message.startswith("/nowhere/ca.pem, named as ca_file, is not there")


@pytest.mark.parametrize(
    ("minutes", "state", "words"),
    [
        pytest.param(0, State.OK, "agrees with the server's", id="right"),
        pytest.param(2, State.OK, "agrees with the server's", id="nearly"),
        pytest.param(3, State.WARNING, "is 0:03 ahead of the server's.", id="ahead"),
        pytest.param(-90, State.WARNING, "is 1:30 behind the server's.", id="behind"),
        pytest.param(None, State.UNKNOWN, "no server's clock to compare", id="not told"),
    ],
)
def test_the_clock_is_compared_with_the_servers(
    tmp_path: Path, minutes: int | None, state: State, words: str
) -> None:
    skew = None if minutes is None else timedelta(minutes=minutes)
    found = clock_finding(skew, synchronized=tmp_path / "no")
    assert found.state is state
    assert words in found.message
    assert ("Set the clock right" in found.advice) is (state is State.WARNING)


def test_a_clock_that_the_network_sets_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / "synchronized").touch()
    assert clock_finding(None, synchronized=tmp_path / "synchronized").state is State.OK


def test_the_versions_are_told() -> None:
    found = look_at_program()["version"]
    assert found.state is State.OK
    assert found.message.startswith(f"Trayapp {__version__}, Python 3.")
