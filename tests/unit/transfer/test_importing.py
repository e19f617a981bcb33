"""What an import brings, what it leaves, and that it does so once."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.queue.support import Queue
from tests.unit.transfer.support import (
    AT,
    DUMPS,
    ENTRY,
    OTHER_ENTRY,
    USER,
    V1,
    V2,
    V5,
    Row,
    all_bytes,
    bring,
    cause_of,
    dumped,
    old_file,
    queue_in,
    start,
    step,
)
from trayapp.queue.task import Doubt, TaskStatus
from trayapp.tracking.entry import TrackerState, from_ms
from trayapp.tracking.replay import replay
from trayapp.transfer.importing import UserNeededError, import_database
from trayapp.transfer.summary import Left

KINDS = ("time_entry_start", "time_entry_pause", "time_entry_resume", "time_entry_stop")
EVERYTHING = (
    "SELECT * FROM sync_queue ORDER BY id",
    "SELECT * FROM event ORDER BY seq",
    "SELECT * FROM segment ORDER BY id",
    "SELECT * FROM account ORDER BY id",
    "SELECT * FROM imported ORDER BY fingerprint",
    "SELECT * FROM attempt ORDER BY id",
)


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    with queue_in(tmp_path) as made:
        yield made


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def everything(queue: Queue) -> list[object]:
    return [queue.sql(sql) for sql in EVERYTHING]


# -- the three databases ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dump", "counts", "left", "duplicates"),
    [
        pytest.param(V1, (5, 60, 30, 5), {}, 29, id="without reasons"),
        pytest.param(V2, (5, 33, 17, 5), {}, 15, id="with reasons"),
        pytest.param(
            V5,
            (0, 2, 2, 1),
            {Left.SENT: 4, Left.CANCELLED: 1, Left.ENCRYPTED: 4, Left.SCREENSHOT: 3},
            0,
            id="later",
        ),
    ],
)
def test_every_row_is_brought_or_counted_and_duplicates_are_shown(
    queue: Queue,
    tmp_path: Path,
    dump: str,
    counts: tuple[int, ...],
    left: dict[Left, int],
    duplicates: int,
) -> None:
    summary = bring(queue, dumped(tmp_path, dump))
    wanted = {kind: n for kind, n in zip(KINDS, counts, strict=True) if n}
    assert summary.imported == wanted
    assert summary.left == left
    assert (summary.lost, summary.damaged, summary.undecided) == (0, False, 0)
    tasks = queue.reader.failed(limit=1000)
    assert {kind: [t.kind for t in tasks].count(kind) for kind in wanted} == wanted
    assert {(task.status, task.doubt) for task in tasks} == {(TaskStatus.FAILED, Doubt.UNKNOWN)}
    entries = {task.entry_id for task in tasks}
    replays = [replay(queue.reader.events(entry)) for entry in entries]
    failed = {task.event_id for task in tasks}
    assert sum(len(failed.intersection(one.redundant)) for one in replays) == duplicates


def test_reasons_are_kept_and_tell_the_cause(queue: Queue, tmp_path: Path) -> None:
    bring(queue, dumped(tmp_path, V2))
    tasks = queue.reader.failed(limit=100)
    assert {(task.reason, task.cause) for task in tasks} == {
        (reason, cause_of(reason))
        for reason in (
            "HTTP 401: Unauthorized",
            "HTTP 500: Internal Server Error",
            "Network error: connection refused",
            "Token refresh failed: 400 Bad Request",
        )
    }
    assert {task.retry_count for task in tasks} == {5}


@pytest.mark.parametrize("dump", [V1, V2, V5])
def test_importing_twice_adds_nothing_and_says_so(queue: Queue, tmp_path: Path, dump: str) -> None:
    path = dumped(tmp_path, dump)
    first = bring(queue, path)
    before = everything(queue)
    again = bring(queue, path)
    assert everything(queue) == before
    assert (again.changed, again.imported) == (False, {})
    assert again.already == sum(first.imported.values())
    assert again.lines()[0] == "Nothing new: everything in it was imported before."


def test_a_task_that_was_delivered_meanwhile_does_not_come_back(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    bring(queue, path)
    tasks = queue.reader.failed(limit=100)
    queue.do(lambda writer: writer.tasks.remove(tasks))
    assert bring(queue, path).changed is False
    assert queue.reader.failed(limit=100) == ()


@pytest.mark.parametrize("dump", [V1, V2])
def test_an_upgrade_in_place_and_an_import_end_alike(tmp_path: Path, dump: str) -> None:
    path = dumped(tmp_path, dump)
    upgraded = tmp_path / "upgraded"
    (upgraded / "ours").mkdir(parents=True)
    (upgraded / "ours" / "queue.db").write_bytes(path.read_bytes())
    with queue_in(upgraded) as one, queue_in(tmp_path) as other:
        import_database(path, other.mutex, cause_of=lambda _: "unknown")
        assert everything(one) == everything(other)
        assert bring(one, path).changed is False  # the copy made before an upgrade, say


# -- secrets and the file --------------------------------------------------------------------


@pytest.mark.parametrize("dump", [V1, V2, V5])
def test_the_file_is_only_read_and_no_byte_of_a_token_is_written(
    queue: Queue, tmp_path: Path, temporary: Path, dump: str
) -> None:
    path = dumped(tmp_path, dump)
    before = (path.read_bytes(), path.stat())
    bring(queue, path)
    after = path.stat()
    assert path.read_bytes() == before[0]
    assert (after.st_mtime_ns, after.st_ino) == (before[1].st_mtime_ns, before[1].st_ino)
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert b"CANARY" not in all_bytes(tmp_path / "ours")
    assert list(temporary.iterdir()) == []


def test_no_copy_lies_about_even_while_it_is_written_to_the_queue(
    tmp_path: Path, temporary: Path
) -> None:
    seen: list[bytes] = []
    path = dumped(tmp_path, V1)

    def look(_reason: str) -> str:
        seen.append(all_bytes(temporary))
        return "unknown"

    with queue_in(tmp_path) as queue:
        import_database(path, queue.mutex, cause_of=look)
    assert len(seen) == 100
    assert set(seen) == {b""}


def test_what_lies_in_a_wal_is_imported_and_the_wal_is_left_alone(
    queue: Queue, tmp_path: Path
) -> None:
    path = old_file(tmp_path, start(), step("stop", 60))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(
            "INSERT INTO sync_queue SELECT NULL, 'time_entry_pause', payload, status, 5,"
            " created_at - 30, NULL, NULL FROM sync_queue WHERE id = 2"
        )
        connection.commit()
        before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
        assert len(before) == 3
        summary = bring(queue, path)
        assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before
    assert sum(summary.imported.values()) == 3
    assert b"CANARY" not in all_bytes(tmp_path / "ours")


def test_a_write_that_a_crash_left_half_done_is_undone_in_the_copy_only(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    whole = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA cache_size = 1")
        connection.execute("BEGIN")
        connection.execute("UPDATE sync_queue SET status = 'sent', payload = payload || ' '")
        for one in path.parent.iterdir():
            (crashed / one.name).write_bytes(one.read_bytes())
    before = {one.name: one.read_bytes() for one in crashed.iterdir()}
    assert len(before) == 2
    assert before[path.name] != whole
    assert sum(bring(queue, crashed / path.name).imported.values()) == 100
    assert {one.name: one.read_bytes() for one in crashed.iterdir()} == before


# -- whose, when, which entry ----------------------------------------------------------------


def test_tasks_wait_for_their_user_and_are_not_what_is_tracked_now(
    queue: Queue, tmp_path: Path
) -> None:
    summary = bring(queue, old_file(tmp_path, start(), step("pause", 60)))
    active, theirs = queue.reader.accounts()
    assert (active.kind, theirs.kind, theirs.url, theirs.user) == ("embedded", "hubnity", "", USER)
    assert summary.users == (USER,)
    (recent,) = queue.reader.recent(10)
    assert (recent.entry.id, recent.entry.state) == (ENTRY, TrackerState.PAUSED)
    assert queue.reader.newest_entry() == ()
    event = queue.click("mine")
    assert queue.reader.newest_entry() == (event,)
    bring(queue, old_file(tmp_path, start(7200, note="x"), step("stop", 9000, entry=OTHER_ENTRY)))
    assert queue.reader.newest_entry() == (event,)
    assert [one.entry.id for one in queue.reader.recent(10)] == ["mine", OTHER_ENTRY, ENTRY]


@pytest.mark.parametrize("in_ms", [False, True], ids=["seconds", "milliseconds"])
def test_times_of_creation_become_event_times(queue: Queue, tmp_path: Path, in_ms: bool) -> None:  # noqa: FBT001
    bring(queue, old_file(tmp_path, start(), step("stop", 60), in_ms=in_ms))
    events = queue.reader.events(ENTRY)
    assert [event.at for event in events] == [from_ms(AT * 1000), from_ms((AT + 60) * 1000)]
    assert {(event.project, event.note) for event in events} == {("p-1", "Calls")}
    assert {event.stamp.boot_id for event in events} == {""}
    tasks = queue.reader.failed(limit=9)
    assert [task.created_at for task in tasks] == [event.at for event in events]
    assert [task.event_id for task in tasks] == [event.id for event in events]


def test_the_server_s_name_of_an_entry_is_kept_for_the_first_look(
    queue: Queue, tmp_path: Path
) -> None:
    bring(queue, old_file(tmp_path, start(), step("stop", 60)))
    first = queue.reader.events(ENTRY)[0]
    (known,) = queue.sql("SELECT id, entry, remote_id, remote_base FROM segment")
    assert known == (first.id, ENTRY, ENTRY, None)


def test_a_name_that_no_server_gave_is_none(queue: Queue, tmp_path: Path) -> None:
    bring(queue, old_file(tmp_path, start(), step("stop", 60, entry="temp-17")))
    assert queue.sql("SELECT * FROM segment") == []
    assert len(queue.reader.events("temp-17")) == 2


def test_several_users_get_what_is_theirs(queue: Queue, tmp_path: Path) -> None:
    rows = (
        start(0, user="a"),
        step("stop", 60),
        start(120, user="b"),
        step("stop", 180, entry=OTHER_ENTRY),
    )
    summary = bring(queue, old_file(tmp_path, *rows))
    assert summary.users == ("a", "b")
    users = {account.id: account.user for account in queue.reader.accounts()}
    tasks = queue.reader.failed(limit=9)
    assert [users[task.account_id] for task in tasks] == ["a", "a", "b", "b"]


def test_a_file_that_names_nobody_is_imported_only_for_somebody(
    queue: Queue, tmp_path: Path
) -> None:
    path = old_file(tmp_path, step("resume"), step("stop", 60))
    before = everything(queue)
    with pytest.raises(UserNeededError) as refused:
        bring(queue, path)
    assert refused.value.count == 2
    assert "whose tasks these 2 are" in str(refused.value)
    assert everything(queue) == before
    assert bring(queue, path, user="me").users == ("me",)


def test_the_user_the_file_keeps_for_itself_counts(queue: Queue, tmp_path: Path) -> None:
    path = dumped(tmp_path, V5, "UPDATE sync_queue SET status = 'sent' WHERE id < 5")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM sync_queue WHERE entity_type = 'time_entry_start'")
        connection.commit()
    assert bring(queue, path).users == ("5bc8fbbc-bde5-4099-8164-d8399f767c45",)


def test_clicks_that_arrived_complete_the_entry_and_are_not_sent(
    queue: Queue, tmp_path: Path
) -> None:
    rows = (start(0, status="sent"), step("pause", 60, status="sent"), step("stop", 90))
    summary = bring(queue, old_file(tmp_path, *rows))
    assert (summary.imported, summary.left) == ({"time_entry_stop": 1}, {Left.SENT: 2})
    assert len(queue.reader.failed(limit=9)) == 1
    (recent,) = queue.reader.recent(9)
    assert recent.entry.worked(queue.now).total_seconds() == 60


@pytest.mark.parametrize("status", ["pending", "sending", "whatever"])
def test_what_still_waited_waits_in_doubt(queue: Queue, tmp_path: Path, status: str) -> None:
    bring(queue, old_file(tmp_path, start(status=status), step("stop", 60, status=status)))
    assert queue.sql("SELECT DISTINCT status, doubt, cause FROM sync_queue") == [
        ("pending", "unknown", "")
    ]


# -- what the user decides -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "undecided", "why"),
    [
        pytest.param([start()], 1, "became of this start", id="a start without followers"),
        pytest.param([step("stop")], 1, "when this began", id="no beginning"),
        pytest.param(
            [start(), step("pause", 60), step("resume", 90), step("resume", 95)],
            2,
            "when this ended",
            id="left running",
        ),
        pytest.param([Row("time_entry_pause", 0, {})], 1, "which entry", id="no entry"),
    ],
)
def test_what_nobody_can_tell_is_the_user_s_decision(
    queue: Queue, tmp_path: Path, rows: list[Row], undecided: int, why: str
) -> None:
    summary = bring(queue, old_file(tmp_path, *rows), user="me")
    assert summary.undecided == undecided
    tasks = [task for task in queue.reader.failed(limit=9) if task.event_id is None]
    assert len(tasks) == undecided
    assert all(why in task.reason for task in tasks)
    assert {(task.cause, task.entry_id) for task in tasks} == {("unknown", "")}
    assert all(one.entry.state is not TrackerState.RUNNING for one in queue.reader.recent(9))


def test_the_reason_of_an_undecided_one_goes_to_its_history(queue: Queue, tmp_path: Path) -> None:
    row = Row("time_entry_pause", 0, {}, reason="HTTP 401: token=CANARY-9")
    bring(queue, old_file(tmp_path, row), user="me")
    assert queue.sql("SELECT task, outcome, reason FROM attempt") == [
        (1, "Imported", "HTTP 401: token=***")
    ]


def test_a_better_copy_completes_what_a_damaged_one_left_open(queue: Queue, tmp_path: Path) -> None:
    rows = (start(0), step("pause", 60), step("resume", 90), step("stop", 120))
    whole = [
        Row(r.kind, r.at, r.payload, r.status, "HTTP 401: no", n) for n, r in enumerate(rows, 1)
    ]
    assert bring(queue, old_file(tmp_path, whole[0])).undecided == 1
    summary = bring(queue, old_file(tmp_path, whole[0], whole[1], whole[3]))
    assert (summary.mended, summary.already) == (1, 0)
    assert sum(summary.imported.values()) == 2
    last = bring(queue, old_file(tmp_path, *whole))
    assert (last.imported, last.already) == ({"time_entry_resume": 1}, 3)
    events = queue.reader.events(ENTRY)
    assert [event.at for event in events] == sorted(event.at for event in events)
    (recent,) = queue.reader.recent(9)
    assert recent.entry.worked(queue.now).total_seconds() == 90
    start_task = queue.reader.failed(limit=1)[0]
    assert (start_task.reason, start_task.cause) == ("HTTP 401: no", "signed_out")


def test_a_start_found_later_begins_the_entry_anew(queue: Queue, tmp_path: Path) -> None:
    rows = (start(0), step("pause", 60), step("resume", 90), step("stop", 120))
    whole = [Row(r.kind, r.at, r.payload, r.status, None, n) for n, r in enumerate(rows, 1)]
    bring(queue, old_file(tmp_path, *whole[1:]), user=USER)
    ((old, remote),) = queue.sql("SELECT id, remote_id FROM segment")
    bring(queue, old_file(tmp_path, *whole))
    ((new, same),) = queue.sql("SELECT id, remote_id FROM segment")
    assert old != new
    assert remote == same == ENTRY
    summary = bring(queue, old_file(tmp_path, step("pause", 50)), user="x")
    assert sum(summary.imported.values()) == 1  # another row of the same entry
    assert "x" not in [account.user for account in queue.reader.accounts()]


def test_two_clicks_of_one_moment_have_each_a_place_in_the_log(
    queue: Queue, tmp_path: Path
) -> None:
    rows = (start(0), step("stop", 60), start(0, note="b"), step("stop", 60, entry=OTHER_ENTRY))
    twice = [Row(r.kind, r.at, r.payload, r.status, None, 1 + n % 2) for n, r in enumerate(rows)]
    bring(queue, old_file(tmp_path, *twice[:2]))
    bring(queue, old_file(tmp_path, *twice[2:]))  # another file, with the same ids and times
    assert len(queue.reader.failed(limit=9)) == 4
    assert {len(queue.reader.events(entry)) for entry in (ENTRY, OTHER_ENTRY)} == {2}


def test_a_start_keeps_the_entry_it_was_given_first(queue: Queue, tmp_path: Path) -> None:
    rows = (start(0), step("stop", 60, entry=OTHER_ENTRY), step("stop", 90))
    whole = [Row(r.kind, r.at, r.payload, r.status, None, n) for n, r in enumerate(rows, 1)]
    bring(queue, old_file(tmp_path, whole[0], whole[2]))
    summary = bring(queue, old_file(tmp_path, *whole))
    assert (summary.already, summary.mended) == (2, 0)
    assert len(queue.reader.events(ENTRY)) == 2
    assert queue.sql("PRAGMA foreign_key_check") == []


def test_what_was_handed_to_another_server_gets_no_name_of_the_old_one_again(
    queue: Queue, tmp_path: Path
) -> None:
    path = dumped(tmp_path, V1)
    bring(queue, path)
    theirs = queue.reader.accounts()[1].id
    queue.do(lambda writer: writer.handover.send_again(theirs, 1, queue.now))
    bring(queue, path)
    assert queue.sql("SELECT * FROM segment") == []


def test_mended_alone_is_told(queue: Queue, tmp_path: Path) -> None:
    first, last = start(0), step("stop", 60, status="sent")
    bring(queue, old_file(tmp_path, first))
    summary = bring(queue, old_file(tmp_path, first, last))
    assert (summary.imported, summary.mended, summary.changed) == ({}, 1, True)
    assert summary.lines()[0] == "1 task that was imported before is complete now."


# -- many ------------------------------------------------------------------------------------


def test_a_long_import_pauses_between_transactions(tmp_path: Path) -> None:
    rows: list[Row] = []
    for n in range(300):
        entry = f"00000000-0000-4000-8000-{n:012}"
        rows += [start(n * 60), step("stop", n * 60 + 30, entry=entry)]
    pauses: list[int] = []
    path = old_file(tmp_path, *rows)
    with queue_in(tmp_path) as queue:

        def pause() -> None:
            with queue.mutex.lock(0) as guard:  # a click gets through
                pauses.append(guard.value.rows("SELECT COUNT(*) FROM sync_queue")[0][0])

        summary = import_database(path, queue.mutex, cause_of=cause_of, pause=pause)
    assert sum(summary.imported.values()) == 600
    assert pauses == list(range(50, 600, 50))


def test_dumps_are_the_ones_the_incident_left() -> None:
    assert {path.name for path in DUMPS.glob("*.sql")} == {V1, V2, V5}
