"""What is wrong with the queue's file, as a user reads it: in words of ours, with what to do."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from trayapp.queue.database import Database
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import (
    DamagedError,
    QueueBusyError,
    QueueError,
    QueueUnreadableError,
    SchemaTooNewError,
    StorageError,
    Trouble,
    translated,
)

FRAME = "Not done: {reason}. Nothing was changed; {advice}."


@pytest.mark.parametrize("trouble", list(Trouble))
def test_each_trouble_is_one_sentence_of_ours_and_says_what_to_do(trouble: Trouble) -> None:
    words = in_words(FRAME, QueueError("[SQLite's own words]", trouble))
    assert words.startswith("Not done: ")
    assert "{" not in words
    assert words.count("Nothing") == 1
    assert ("SQLite" in words) is (trouble is Trouble.UNKNOWN)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (QueueBusyError("x"), "in use by another program. Nothing was changed; try again."),
        (QueueUnreadableError("x"), "of another program, or damaged"),
        (DamagedError("x"), "the database is damaged"),
        (SchemaTooNewError("x"), "start the newer version"),
        (StorageError("x"), "see to its disk"),
        (StorageError("x", Trouble.FULL), "the disk is full. Nothing was changed; make room"),
        (ValueError("note is no text"), "Not done: note is no text. Nothing was changed; try"),
    ],
    ids=["busy", "strange", "damaged", "newer", "out of reach", "full", "no error of the queue"],
)
def test_an_error_says_its_trouble(error: Exception, words: str) -> None:
    assert words in in_words(FRAME, error)


@pytest.mark.parametrize(
    ("number", "trouble"),
    [
        (errno.ENOSPC, Trouble.FULL),
        (errno.EROFS, Trouble.CLOSED_TO_US),
        (errno.EACCES, Trouble.CLOSED_TO_US),
        (errno.EIO, Trouble.OUT_OF_REACH),
    ],
)
def test_what_the_disk_says_is_told_apart(number: int, trouble: Trouble) -> None:
    with pytest.raises(StorageError) as caught, translated():
        raise OSError(number, "in the system's words")
    assert caught.value.trouble is trouble
    assert "in the system's words" in str(caught.value)


def test_an_error_of_the_disk_without_a_number_is_one_all_the_same() -> None:
    unknown = "no more is known"
    with pytest.raises(StorageError, match=unknown) as caught, translated():
        raise OSError(unknown)
    assert caught.value.trouble is Trouble.OUT_OF_REACH


def test_words_of_sqlite_that_cannot_be_read_are_damage() -> None:
    with pytest.raises(DamagedError), translated():
        b"no such table: \xff".decode()


def test_what_sqlite_may_not_write_is_closed_to_us(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    sqlite3.connect(path).close()
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(StorageError) as caught, translated():
        connection.execute("CREATE TABLE t (a)")
    connection.close()
    assert caught.value.trouble is Trouble.CLOSED_TO_US


def test_a_place_that_is_no_folder_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(StorageError) as caught:
        Database(tmp_path / "file" / "queue.db", tmp_path / "file" / "queue.lock")
    assert caught.value.trouble is Trouble.OUT_OF_REACH
