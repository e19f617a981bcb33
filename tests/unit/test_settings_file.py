"""The settings file: what is changed is changed, and every other letter stays."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.config import Settings
from trayapp.settings_file import CannotChangeError, Value, change, changed

MINE = """\
# How I like it.
max_attempts = 3   # not five

language='ru'
"icon_style" = "colour" # till the new panel
"""


def test_comments_order_and_blanks_stay() -> None:
    made = changed(
        MINE, {"max_attempts": 7, "language": "", "icon_style": "symbolic", "notifications": False}
    )
    assert (
        made
        == """\
# How I like it.
max_attempts = 7   # not five

language=""
"icon_style" = "symbolic" # till the new panel
notifications = false
"""
    )


def test_an_empty_file_gets_its_first_line() -> None:
    assert changed("", {"language": "ru"}) == 'language = "ru"\n'


def test_a_last_line_without_an_end_gets_one() -> None:
    made = changed("max_attempts = 3", {"language": "ru"})
    assert made == 'max_attempts = 3\nlanguage = "ru"\n'


def test_the_line_ends_of_windows_stay() -> None:
    made = changed("max_attempts = 3\r\n", {"max_attempts": 4, "language": "ru"})
    assert made == 'max_attempts = 4\r\nlanguage = "ru"\r\n'


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('ca_file = """\n/a"""\n', id="over several lines"),
        pytest.param("ca_file = \n", id="no TOML"),
        pytest.param("[section]\na = 1\n", id="a section that would take it"),
    ],
)
def test_what_cannot_be_changed_for_sure_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CannotChangeError):
        change(path, {"ca_file": "/b"})
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_text_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b"# \xff\n")
    with pytest.raises(CannotChangeError):
        change(path, {"language": "ru"})
    assert path.read_bytes() == b"# \xff\n"


@given(
    first=st.dictionaries(
        st.sampled_from(["language", "ca_file", "max_attempts", "notifications"]),
        st.one_of(st.text(st.characters(codec="utf-8")), st.integers(1, 99), st.booleans()),
    ),
    then=st.dictionaries(
        st.sampled_from(["language", "ca_file", "quiet_from"]),
        st.text(st.characters(codec="utf-8")),
    ),
)
def test_whatever_is_written_is_read_again(first: dict[str, Value], then: dict[str, Value]) -> None:
    made = changed(changed("", first), then)
    assert tomllib.loads(made) == {**first, **then}


@pytest.mark.parametrize("letter", ["\x7f", "\x85", "\u2028", "\x0b", "\x0c", "\x1c", "\r", "\n"])
def test_a_letter_that_ends_a_line_elsewhere_ends_none_here(letter: str) -> None:
    made = changed(changed("", {"ca_file": f"/a{letter}b"}), {"ca_file": f"/b{letter}"})
    assert tomllib.loads(made) == {"ca_file": f"/b{letter}"}


def test_the_file_is_its_owners_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.toml"
    change(path, {"language": "ru"})
    path.chmod(0o644)
    change(path, {"max_attempts": 3})
    assert Settings.read(path) == Settings(language="ru", max_attempts=3)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_another_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    (tmp_path / f".settings.toml.{os.getpid()}").write_text("half", encoding="utf-8")
    change(path, {"language": "ru"})
    assert path.read_text(encoding="utf-8") == 'language = "ru"\n'


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, path = tmp_path / "dotfiles.toml", tmp_path / "settings.toml"
    real.write_text(MINE, encoding="utf-8")
    path.symlink_to(real)
    change(path, {"max_attempts": 9})
    assert path.is_symlink()
    assert "max_attempts = 9   # not five" in real.read_text(encoding="utf-8")


def test_what_is_so_already_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(MINE, encoding="utf-8")
    before = path.stat()
    change(path, {"max_attempts": 3})
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)


def test_a_folder_that_takes_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        change(tmp_path / "file" / "settings.toml", {"language": "ru"})
