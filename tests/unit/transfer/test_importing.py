"""What an import brings, what it leaves, and that it does so once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.queue.support import Queue
from tests.unit.transfer.support import (
    DUMPS,
    V1,
    V2,
    V5,
    Row,
    bring,
    cause_of,
    dumped,
    old_file,
    queue_in,
    start,
    step,
)
from trayapp.queue.task import Doubt, TaskStatus
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
