"""Of each window there is one at a time: the first is told when somebody opens it again."""

from __future__ import annotations

import os
import select
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from trayapp.desktop.windows.only_one import OnlyOne


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short: the path of a socket has 107 bytes at most."""
    with tempfile.TemporaryDirectory() as root:
        yield Path(root) / "channel"


def _is_knocked_at(one: OnlyOne) -> bool:
    assert one.door is not None
    ready, _, _ = select.select([one.door], [], [], 0)
    return bool(ready)


def test_the_second_knocks_and_goes(directory: Path) -> None:
    first, second = OnlyOne(directory, "sign-in"), OnlyOne(directory, "sign-in")
    assert first.claim()
    assert not _is_knocked_at(first)
    assert not second.claim()
    assert _is_knocked_at(first)
    assert second.door is None
    first.release()


def test_windows_of_other_names_are_no_concern(directory: Path) -> None:
    first, other = OnlyOne(directory, "sign-in"), OnlyOne(directory, "sign-out")
    assert first.claim()
    assert other.claim()
    assert not _is_knocked_at(first)
    first.release()
    other.release()


def test_after_the_first_has_ended_another_may_be_the_one(directory: Path) -> None:
    first, second = OnlyOne(directory, "sign-in"), OnlyOne(directory, "sign-in")
    assert first.claim()
    first.release()
    assert second.claim()
    assert second.door is not None
    second.release()
    assert [path.name for path in directory.iterdir() if path.suffix == ".sock"] == []


def test_the_door_of_one_that_was_killed_is_replaced(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:
        left.bind(os.fspath(directory / "window-sign-in.sock"))
    one, second = OnlyOne(directory, "sign-in"), OnlyOne(directory, "sign-in")
    assert one.claim()
    assert not second.claim()
    assert _is_knocked_at(one)
    one.release()


def test_a_knock_that_nobody_hears_is_no_error(directory: Path) -> None:
    first, second = OnlyOne(directory, "sign-in"), OnlyOne(directory, "sign-in")
    assert first.claim()
    (directory / "window-sign-in.sock").unlink()
    assert not second.claim()
    first.release()


def test_a_directory_that_others_may_enter_holds_no_door(directory: Path) -> None:
    directory.mkdir(mode=0o755)
    one = OnlyOne(directory, "sign-in")
    assert one.claim()
    assert one.door is None
    assert list(directory.iterdir()) == []
    one.release()


def test_where_there_are_no_such_locks_two_windows_are_better_than_none(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    one, second = OnlyOne(directory, "sign-in"), OnlyOne(directory, "sign-in")
    assert one.claim()
    assert second.claim()
    assert (one.door, second.door) == (None, None)
    one.release()
    second.release()
