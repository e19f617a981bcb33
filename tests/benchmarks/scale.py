"""What is asked often must cost the same in a short queue and in a very long one."""

from __future__ import annotations

import contextlib
import functools
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

from tests.benchmarks.contenders import Ours
from tests.benchmarks.figures import Ratio, block, median, ms
from tests.benchmarks.frame import Goal, Setting, Size, Table
from trayapp.desktop.menu import tray_view
from trayapp.queue import schema

SIZES = (100, 10_000, 100_000, 1_000_000)
_MOST = 1.3
_PAGE = 50
_HELD_SIZES = 3
_TIMES = 5
_LATER = timedelta(days=365 * 3)
_EVENTS = """
WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < ?1 - 1)
INSERT INTO event (seq, id, account, entry, kind, at_ms, offset_minutes, zone, boot_id, boot_ms,
 project, note)
SELECT n + 1, printf('%08x-0000-4000-8000-000000000000', (n * 2654435761) % 4294967296), 1,
 printf('%08x-0000-4000-9000-000000000000', ((n / 4) * 2654435761) % 4294967296),
 CASE n % 4 WHEN 0 THEN 'time_entry_start' WHEN 1 THEN 'time_entry_pause'
  WHEN 2 THEN 'time_entry_resume' ELSE 'time_entry_stop' END,
 1767862740000 - (?1 - n) * 1200000, 300, 'Asia/Yekaterinburg',
 '22222222-2222-2222-2222-222222222222', n * 1200000, 'Website', 'Front page' FROM number
"""
"""A click each twenty minutes, the last of them a minute before the clock's time."""
_TASKS = """
INSERT INTO sync_queue (account, entity_type, payload, status, retry_count, created_at,
 last_retry_at, error_message, entry, event, cause)
SELECT 1, kind, '{"entry": "' || entry || '", "at_ms": ' || at_ms || ', "note": "Front page"}',
 CASE WHEN {failed} THEN 'failed' ELSE 'pending' END, {failed}, at_ms, at_ms,
 CASE WHEN {failed} THEN 'HTTP 422: the project is archived' ELSE '' END, entry, id,
 CASE WHEN {failed} THEN 'refused' ELSE '' END FROM event WHERE seq > ?1 ORDER BY seq
"""
HISTORY = 10_000
"""Clicks that are in the log in any case, so that only the queue differs."""
OLDER_HALF_FAILED = "(seq <= (?1 + (SELECT MAX(seq) FROM event)) / 2)"
STARTS_FAILED = "(seq % 4 = 1 AND seq < (SELECT MAX(seq) FROM event) - 4)"
"""All but the newest entry's tasks are held, each by a start that failed."""
ALL_FAILED = "1"


def fill(database: Path, tasks: int, failed: str) -> None:
    """So many clicks that wait, those for which `failed` holds failed; past our own code."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'sync_queue'"
        ).fetchall()
        connection.execute("BEGIN")
        for name, _sql in triggers:  # they would look and count one by one
            connection.execute(f"DROP TRIGGER {name}")
        events = max(tasks, HISTORY)
        connection.execute(_EVENTS, (events,))
        connection.execute(_TASKS.replace("{failed}", failed), (events - tasks,))
        connection.execute(
            "INSERT INTO tally SELECT account, status, cause, COUNT(*) FROM sync_queue GROUP BY"
            " account, status, cause"
        )
        connection.execute(schema.HOLD)
        for _name, sql in triggers:
            connection.execute(sql)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with database.open("rb") as written:
        os.fsync(written.fileno())  # else the first flush that is measured writes all this


@contextmanager
def filled(folder: Path, tasks: int, failed: str) -> Iterator[Ours]:
    Ours(folder).close()
    ours = Ours(folder)
    paths = ours.paths
    ours.close()
    fill(paths.database, tasks, failed)
    ours = Ours(folder)
    try:
        yield ours
    finally:
        ours.close()


def _claimed(ours: Ours) -> object:
    """As the worker looks for what to send next."""
    with ours.core._queue.lock() as guard:
        account = guard.value.accounts.active()
        task = guard.value.tasks.next_task(account.id, ours.clock.now() + _LATER)
        assert task is not None
        return task


def _page(ours: Ours) -> object:
    page = ours.core.reader.failed(limit=_PAGE)
    assert len(page) == _PAGE
    return page


QUESTIONS: dict[str, Callable[[Ours], object]] = {
    "counts": lambda ours: ours.core.reader.tallies(),
    "status": lambda ours: ours.core.status(),
    "oldest due task": _claimed,
    "page of failed tasks": _page,
}


def questions(setting: Setting) -> Table:
    sizes = SIZES[: setting.pick(tiny=2, small=2, full=4)]
    if setting.size is Size.TINY:
        sizes = (100, 400)
    rounds = setting.pick(tiny=2, small=20, full=60)
    with _queues(setting, sizes, OLDER_HALF_FAILED) as queues:
        found = {name: _asked(ask, queues, rounds) for name, ask in QUESTIONS.items()}
        statements = [_statements_of_menu(ours) for ours in queues]
    with _queues(setting, sizes[:_HELD_SIZES], STARTS_FAILED) as queues:
        found["oldest due task, behind held ones"] = _asked(_claimed, queues, rounds // 10 + 1)
    lines = tuple(_line(name, took, len(sizes)) for name, took in found.items())
    return Table(
        columns=("ms", *(f"{size:,}" for size in sizes), "largest / smallest"),
        lines=lines,
        goals=(*_goals(found, sizes), _menu_goal(statements)),
        notes=(
            f"The older half of the tasks failed; {HISTORY:,} clicks or more are in the log.",
            "Held: the start of each entry failed; only the newest entry's can be sent.",
        ),
    )


@contextmanager
def _queues(setting: Setting, sizes: Sequence[int], failed: str) -> Iterator[list[Ours]]:
    with setting.room() as room, ExitStack() as stack:
        yield [stack.enter_context(filled(room / str(size), size, failed)) for size in sizes]


def _line(name: str, took: Sequence[Sequence[float]], columns: int) -> tuple[str, ...]:
    cells = [ms(median(each)) for each in took]
    return (name, *cells, *("-" for _ in range(columns - len(cells))), str(_growth(took)))


def _asked(ask: Callable[[Ours], object], queues: Sequence[Ours], rounds: int) -> list[list[float]]:
    """Seconds by queue, the queues in turn."""
    found: list[list[float]] = [[] for _ in queues]
    for number in range(rounds + 1):
        for took, ours in zip(found, queues, strict=True):
            each = block(functools.partial(ask, ours), _TIMES)
            if number:  # the first round warms up
                took.extend(each)
    return found


def _growth(took: Sequence[Sequence[float]]) -> Ratio:
    """Largest against smallest, round by round."""
    pairs = zip(_blocks(took[-1]), _blocks(took[0]), strict=True)
    return Ratio.of([median(large) / median(small) for large, small in pairs])


def _blocks(values: Sequence[float]) -> list[Sequence[float]]:
    return [values[start : start + _TIMES] for start in range(0, len(values), _TIMES)]


def _goals(found: dict[str, list[list[float]]], sizes: Sequence[int]) -> Iterator[Goal]:
    for name, took in found.items():
        growth = _growth(took)
        yield Goal(
            wanted=f"{name}: {sizes[len(took) - 1]:,} tasks at most {_MOST} × {sizes[0]:,}",
            reached=f"{growth}, {ms(median(took[-1]))} ms",
            is_met=growth.mid <= _MOST,
        )


def _statements_of_menu(ours: Ours) -> int:
    """How many statements reach the database when the menu is made and drawn from a status."""
    status, seen = ours.core.status(), list[str]()
    with ours.core._queue.lock() as guard:
        connections = (guard.value._connection, ours.core.reader._connection)
    for connection in connections:
        connection.set_trace_callback(seen.append)
    ours.core.reader.tallies()
    assert len(seen) == 1, "the trace sees what is asked"
    seen.clear()
    tray_view(status)
    for connection in connections:
        connection.set_trace_callback(None)
    return len(seen)


def _menu_goal(statements: Sequence[int]) -> Goal:
    return Goal(
        wanted="no query when a menu is drawn",
        reached=f"{sum(statements)} statements",
        is_met=not any(statements),
    )
