"""What is no older database is refused with one clear line, and nothing is changed."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.queue.support import database_in
from tests.unit.transfer.support import bring, old_file, queue_in, scripted, start
from trayapp.queue.legacy import columns_of
from trayapp.transfer.old_file import ImportRefusedError, copied, open_copy

NOBODY = 65534


def _folder(folder: Path) -> Path:
    return folder


def _missing(folder: Path) -> Path:
    return folder / "nowhere.db"


def _empty(folder: Path) -> Path:
    path = folder / "empty.db"
    path.touch()
    return path


def _text(folder: Path) -> Path:
    path = folder / "list.txt"
    path.write_text("a list of groceries\n" * 100, encoding="utf-8")
    return path


def _pipe(folder: Path) -> Path:
    path = folder / "pipe"
    os.mkfifo(path)
    return path


def _stranger(folder: Path) -> Path:
    return scripted(folder, "CREATE TABLE sync_queue (id INTEGER PRIMARY KEY, what TEXT)")


def _no_queue(folder: Path) -> Path:
    return scripted(folder, "CREATE TABLE notes (id INTEGER PRIMARY KEY)")


def _header_only(folder: Path) -> Path:
    path = folder / "header.db"
    path.write_bytes(b"SQLite format 3\0" + b"\0" * 84)
    return path


def _all_ones(folder: Path) -> Path:
    path = folder / "ones.db"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 8000)
    return path


def _ours(folder: Path) -> Path:
    return database_in(folder / "ours")


def _wrong_name(folder: Path) -> Path:
    return folder / "a\0b"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(_folder, "is a folder", id="folder"),
        pytest.param(_missing, "No such file", id="missing"),
        pytest.param(_empty, "is empty", id="empty"),
        pytest.param(_text, "is not a database", id="text"),
        pytest.param(_pipe, "is not a file", id="pipe"),
        pytest.param(_stranger, "no tasks of the older app", id="another program's"),
        pytest.param(_no_queue, "no tasks of the older app", id="no queue"),
        pytest.param(_header_only, "no tasks of the older app", id="only a header"),
        pytest.param(_all_ones, "no tasks of the older app", id="nothing but a name"),
        pytest.param(_ours, "opened in place, not imported", id="our own"),
        pytest.param(_wrong_name, "cannot be read", id="no name of a file"),
    ],
)
def test_it_is_refused_in_one_line(
    tmp_path: Path, make: Callable[[Path], Path], words: str
) -> None:
    with queue_in(tmp_path) as queue:
        with pytest.raises(ImportRefusedError, match=words) as refused:
            bring(queue, make(tmp_path))
        assert "\n" not in str(refused.value)
        assert queue.sql("SELECT COUNT(*) FROM sync_queue") == [(0,)]
        assert len(queue.reader.accounts()) == 1


_OPEN = """
import os
import sys
from pathlib import Path
from trayapp.transfer.old_file import ImportRefusedError, open_copy
if os.getuid() == 0:  # who may read everything
    os.setuid(int(sys.argv[2]))
try:
    with open_copy(Path(sys.argv[1])):
        print("opened")
except ImportRefusedError as error:
    print(error)
"""


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="permissions of another kind")
def test_what_may_not_be_read_is_refused(runtime: Path) -> None:
    path = old_file(runtime, start())
    path.chmod(0)
    runtime.chmod(0o755)
    root = Path(__file__).parents[3]
    ran = subprocess.run(  # noqa: S603  # ourselves
        [sys.executable, "-c", _OPEN, path, str(NOBODY)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Permission denied" in ran.stdout, ran.stderr


def test_a_file_that_changes_all_the_time_is_not_read_half(tmp_path: Path) -> None:
    path = old_file(tmp_path, start())
    tries: list[int] = []

    def copy(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes())
        tries.append(len(tries))
        os.utime(path, ns=(len(tries), len(tries)))

    with pytest.raises(ImportRefusedError, match="being written to"):
        copied(path, tmp_path, copy=copy)
    assert tries == [0, 1, 2]


def test_a_file_that_changed_once_is_read_anew(tmp_path: Path) -> None:
    path = old_file(tmp_path, start())
    tries: list[bytes] = []

    def copy(source: Path, target: Path) -> None:
        if not tries:
            old_file(tmp_path, start(), start(1))
        tries.append(source.read_bytes())
        target.write_bytes(tries[-1])

    assert copied(path, tmp_path, copy=copy).read_bytes() == path.read_bytes()
    assert len(tries) == 2


def test_a_pipe_where_a_journal_should_be_blocks_nothing(tmp_path: Path) -> None:
    path = old_file(tmp_path, start())
    os.mkfifo(path.with_name(path.name + "-journal"))
    with open_copy(path) as connection:
        assert len(columns_of(connection)) == 8


def test_a_link_is_followed_to_the_wal_of_its_file(tmp_path: Path) -> None:
    path = old_file(tmp_path)
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "INSERT INTO sync_queue VALUES (1, 'time_entry_stop', '{}', 'failed', 5, 0, 0, '')"
        )
        with open_copy(link) as copy:
            assert copy.execute("SELECT COUNT(*) FROM sync_queue").fetchone() == (1,)
