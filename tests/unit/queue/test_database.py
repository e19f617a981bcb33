"""The file: how it is made, what is refused, what a failure leaves behind."""

from __future__ import annotations

import contextlib
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.unit.queue.support import (
    SOON,
    OopsError,
    Queue,
    a_queue,
    database_in,
    open_writer,
)
from trayapp.mutex import Mutex, PoisonError
from trayapp.queue import schema
from trayapp.queue.errors import (
    QueueBusyError,
    QueueError,
    QueueUnreadableError,
    StorageError,
    translated,
)
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.queue.writer_lock import WriterLock
from trayapp.tracking.entry import EventKind

REPLACE = (
    "INSERT OR REPLACE INTO event SELECT seq, 'other', account, entry, kind, at_ms,"
    " offset_minutes, zone, boot_id, boot_ms, project, note, detail FROM event"
)


def pragma(queue: Queue, name: str) -> object:
    with queue.writing() as writer:
        return writer.rows(f"PRAGMA {name}")[0][0]


# -- a fresh database ----------------------------------------------------------------------------


def test_everything_in_the_folder_is_closed_to_others(queue: Queue) -> None:
    queue.click("e1")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in queue.folder.iterdir()}
    assert modes == dict.fromkeys(("queue.db", "queue.db-wal", "queue.db-shm", "queue.lock"), 0o600)


def test_a_file_that_was_open_to_others_is_closed_to_them(folder: Path) -> None:
    with a_queue(folder):
        pass
    database_in(folder).chmod(0o644)
    with a_queue(folder):
        assert stat.S_IMODE(database_in(folder).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("journal_mode", "wal", id="readers never wait"),
        pytest.param("synchronous", 2, id="each commit reaches the disk"),
        pytest.param("user_version", schema.SCHEMA_VERSION, id="schema"),
        pytest.param("application_id", schema.APPLICATION_ID, id="whose"),
        pytest.param("secure_delete", 1, id="nothing is left over"),
        pytest.param("foreign_keys", 1, id="no task without its event"),
        pytest.param("fullfsync", 1, id="also on macOS"),
    ],
)
def test_a_fresh_database_is_set_up(queue: Queue, name: str, value: object) -> None:
    assert pragma(queue, name) == value


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE event SET note = 'other'",
        "DELETE FROM event",
        REPLACE,
    ],
)
def test_events_cannot_be_changed_or_deleted(queue: Queue, sql: str) -> None:
    clicked = queue.click("e1")
    kept = pytest.raises(QueueError, match=r"events are (kept for ever|never changed)")
    with kept, queue.writing() as writer:
        writer.run(sql)
    assert queue.reader.newest_entry() == (clicked,)


def test_an_empty_file_becomes_a_queue(folder: Path) -> None:
    database_in(folder).touch()
    with a_queue(folder) as queue:
        assert queue.reader.tallies() == ()


def test_closing_and_opening_again_keeps_everything(folder: Path) -> None:
    with a_queue(folder) as queue:
        clicked = queue.click("e1", note="nul \x00 and 𝄞")
    with a_queue(folder) as queue:
        assert queue.reader.newest_entry() == (clicked,)


# -- transactions --------------------------------------------------------------------------------


def test_an_exception_inside_leaves_everything_as_it_was(queue: Queue) -> None:
    first = queue.click("e1")
    before = queue.sql("SELECT * FROM sync_queue"), queue.reader.tallies()
    pause = queue.event("e1", EventKind.PAUSE)

    def work(writer: QueueWriter) -> None:
        writer.record([pause], queue.now)
        writer.accounts.use("hubnity", "https://example.org", "ann")
        raise OopsError

    with pytest.raises(OopsError):
        queue.do(work)
    assert (queue.sql("SELECT * FROM sync_queue"), queue.reader.tallies()) == before
    assert queue.reader.newest_entry() == (first,)
    assert len(queue.reader.accounts()) == 1


def test_half_a_character_is_refused_and_nothing_is_changed(queue: Queue) -> None:
    whole, half = queue.event("e1"), queue.event("e2", note="\ud800")
    with pytest.raises(QueueError, match="half a character"), queue.writing() as writer:
        writer.record([whole, half], queue.now)
    assert queue.reader.newest_entry() == ()
    assert queue.reader.tallies() == ()


def test_a_full_disk_is_a_queue_error_and_nothing_is_half_done(queue: Queue) -> None:
    kept = queue.click("e1")
    with queue.writing() as writer:
        pages = writer.rows("PRAGMA page_count")[0][0]
        writer.run(f"PRAGMA max_page_count = {pages}")
    events = [queue.event("e2", note="x" * 500) for _ in range(100)]
    with pytest.raises(QueueError, match="full"), queue.writing() as writer:
        writer.record(events, queue.now)
    assert queue.reader.newest_entry() == (kept,)
    assert queue.sql("PRAGMA integrity_check") == [("ok",)]
    with queue.writing() as writer:
        writer.run("PRAGMA max_page_count = 100000")
    later = queue.click("e3")
    assert queue.reader.newest_entry() == (later,)


def test_a_click_recorded_twice_is_a_queue_error_and_not_a_damaged_file(queue: Queue) -> None:
    event = queue.click("e1")
    with pytest.raises(QueueError, match="UNIQUE") as caught, queue.writing() as writer:
        writer.record([event], queue.now)
    assert type(caught.value) is QueueError


def test_a_failed_rollback_poisons_and_opening_again_recovers(queue: Queue) -> None:
    kept = queue.click("e1")
    lost = queue.event("e2")

    def work(writer: QueueWriter) -> None:
        writer.record([lost], queue.now)
        writer._connection.close()

    with pytest.raises(PoisonError):
        queue.do(work)
    with pytest.raises(PoisonError), queue.writing():
        pass
    queue.mutex.recover(lambda writer: writer.reopen())
    assert queue.reader.newest_entry() == (kept,)
    again = queue.click("e3")
    assert queue.reader.newest_entry() == (again,)


def test_a_queue_that_cannot_be_opened_again_stays_poisoned(queue: Queue) -> None:
    queue.click("e1")
    path = database_in(queue.folder)
    with pytest.raises(PoisonError), queue.writing() as writer:
        writer._connection.close()
    away = path.rename(path.with_name("away"))
    path.mkdir()
    with pytest.raises(QueueError):
        queue.mutex.recover(lambda writer: writer.reopen())
    assert queue.mutex.is_poisoned
    path.rmdir()
    away.rename(path)
    queue.mutex.recover(lambda writer: writer.reopen())
    assert not queue.mutex.is_poisoned


def test_a_commit_that_cannot_be_made_is_rolled_back(queue: Queue) -> None:
    """A deferred constraint fails at COMMIT and leaves the transaction open."""
    event = queue.event("e1")

    def work(writer: QueueWriter) -> None:
        writer.run("PRAGMA defer_foreign_keys = ON")
        writer.tasks.add([event], 1, queue.now)

    with pytest.raises(QueueError, match="FOREIGN KEY"):
        queue.do(work)
    assert queue.reader.tallies() == ()
    queue.click("e2")


# -- others --------------------------------------------------------------------------------------


def test_a_writer_waits_for_the_lock_file_no_longer_than_it_may(folder: Path) -> None:
    with a_queue(folder) as queue:
        hasty = open_writer(folder, busy_seconds=SOON)
        mutex = Mutex(hasty)
        with queue.writing(), pytest.raises(QueueBusyError, match="another process"), mutex.lock():
            pass
        with mutex.lock():
            pass
        hasty.close()


def test_a_stranger_who_writes_without_the_lock_file_is_waited_for_too(folder: Path) -> None:
    with a_queue(folder):
        hasty = open_writer(folder, busy_seconds=SOON)
        mutex = Mutex(hasty)
        with contextlib.closing(
            sqlite3.connect(database_in(folder), isolation_level=None)
        ) as stranger:
            stranger.execute("BEGIN IMMEDIATE")
            with pytest.raises(QueueBusyError, match="locked"), mutex.lock():
                pass
            stranger.execute("ROLLBACK")
        with mutex.lock():
            pass
        hasty.close()


def test_opening_waits_for_the_lock_file_too(folder: Path) -> None:
    with a_queue(folder) as queue, queue.writing(), pytest.raises(QueueBusyError):
        open_writer(folder, busy_seconds=SOON)


def test_reading_never_waits_for_a_writer(queue: Queue) -> None:
    clicked = queue.click("e1")
    event = queue.event("e2")
    with queue.writing() as writer:
        writer.record([event], queue.now)
        assert queue.reader.newest_entry() == (clicked,)
    assert queue.reader.newest_entry() == (event,)


def test_a_reader_cannot_write(queue: Queue) -> None:
    with pytest.raises(QueueError, match="readonly"):
        queue.reader._rows("INSERT INTO meta VALUES ('key', 'value')")
    queue.reader._connection.execute("PRAGMA query_only = OFF")
    with pytest.raises(QueueError, match="readonly"):
        queue.reader._rows("INSERT INTO meta VALUES ('key', 'value')")


def test_a_reader_makes_no_file(folder: Path) -> None:
    with pytest.raises(QueueError):
        QueueReader(database_in(folder))
    assert list(folder.iterdir()) == []


def test_a_reader_opens_a_queue_that_nobody_has_open(folder: Path) -> None:
    with a_queue(folder) as queue:
        clicked = queue.click("e1")
    reader = QueueReader(database_in(folder))
    assert reader.newest_entry() == (clicked,)
    reader.close()


# -- errors --------------------------------------------------------------------------------------


def test_a_text_that_is_no_utf8_is_damage_and_is_not_shown(queue: Queue) -> None:
    queue.click("e1")
    queue.sql("UPDATE sync_queue SET payload = CAST(x'5345435245542d80' AS TEXT)")
    with pytest.raises(QueueUnreadableError) as caught:
        queue.reader.oldest_open(1)
    assert "SECRET" not in str(caught.value)


def test_a_place_that_cannot_be_looked_at_is_a_queue_error_as_long_as_it_lasts(
    queue: Queue, folder: Path
) -> None:
    clicked = queue.click("e1")
    database, aside = database_in(folder), folder / "aside"
    database.rename(aside)
    database.symlink_to(database)
    with pytest.raises(StorageError):
        queue.click("e1", EventKind.STOP)
    aside.rename(database)
    queue.click("e2")
    with queue.writing() as writer:
        assert writer.events.of_entry("e1") == (clicked,)


@pytest.mark.parametrize("trouble", ["moved", "damaged"])
def test_nobody_else_may_write_either_when_it_was_opened_anew_for_a_transaction(
    queue: Queue, folder: Path, trouble: str
) -> None:
    queue.click("e1")
    if trouble == "moved":
        database_in(folder).rename(folder / "aside")
    else:
        with queue.writing() as writer:
            writer._is_suspect = True
    other = WriterLock(folder / "queue.lock")
    with queue.writing() as writer:
        assert writer.openings == 2
        with pytest.raises(TimeoutError):
            other.acquire(timeout=0)
    other.acquire(timeout=0)
    other.close()


def test_a_closed_connection_is_a_queue_error_and_not_damage(folder: Path) -> None:
    writer = open_writer(folder)
    writer.close()
    with pytest.raises(QueueError, match="closed") as caught:
        writer.begin()
    assert type(caught.value) is QueueError


def test_errors_of_the_disk_are_queue_errors() -> None:
    with pytest.raises(QueueError, match="gone"), translated():
        raise OSError(5, "gone")
