"""A new file is there whole or not at all, and never in the place of another one."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from trayapp.console.new_file import new_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file() or path.is_symlink())


def test_it_comes_to_its_place_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with new_file(path) as file:
        file.write(b"one")
        assert not path.exists()
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["a"]


def test_what_breaks_off_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    def break_off(*, replace: bool) -> None:
        with new_file(tmp_path / "a", replace=replace) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        break_off(replace=False)
    assert names(tmp_path) == []
    (tmp_path / "a").write_bytes(b"mine")
    with pytest.raises(ZeroDivisionError):
        break_off(replace=True)
    assert (tmp_path / "a").read_bytes() == b"mine"
    assert names(tmp_path) == ["a"]


def test_one_that_appears_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def be_late() -> None:
        with new_file(path) as file:
            file.write(b"ours")
            path.write_bytes(b"mine")

    with pytest.raises(FileExistsError):
        be_late()
    assert path.read_bytes() == b"mine"
    assert names(tmp_path) == ["a"]


def test_a_link_is_something_there_and_its_target_is_never_written(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"mine")
    for link in (tmp_path / "a", tmp_path / "dead"):
        link.symlink_to(target if link.name == "a" else tmp_path / "nowhere")
        with pytest.raises(FileExistsError), new_file(link):
            pass
    with new_file(tmp_path / "a", replace=True) as file:
        file.write(b"ours")
    assert (target.read_bytes(), (tmp_path / "a").read_bytes()) == (b"mine", b"ours")
    assert not (tmp_path / "a").is_symlink()


def test_a_name_as_long_as_can_be_is_no_trouble(tmp_path: Path) -> None:
    path = tmp_path / ("ё" * 127)
    with new_file(path) as file:
        file.write(b"one")
    assert names(tmp_path) == [path.name]
