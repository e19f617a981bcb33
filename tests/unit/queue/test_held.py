"""An open task is held by any older open one of its entry, whatever is done to the rows."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Iterator

import pytest

from trayapp.queue import schema

STEPS = 600
ENTRIES = ("a", "b", "")
STATUSES = ("pending", "failed", "discarded")
INSERT = (
    "INSERT OR IGNORE INTO sync_queue"
    " (id, entry, status, account, entity_type, payload, created_at)"
    " VALUES (?, ?, ?, 1, 'time_entry_stop', '{}', 5)"
)


@pytest.fixture
def queue() -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        schema.create(connection)
        connection.execute("PRAGMA recursive_triggers = ON")
        yield connection


def held_in(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    return connection.execute(
        "SELECT id, held FROM sync_queue WHERE status <> 'discarded' ORDER BY id"
    ).fetchall()


def to_be_held_in(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    begun: set[str] = set()
    found: list[tuple[int, int]] = []
    for task, entry in connection.execute(
        "SELECT id, entry FROM sync_queue WHERE status <> 'discarded' ORDER BY id"
    ):
        found.append((task, int(entry in begun)))
        begun.add(entry)
    return found


def do_something(connection: sqlite3.Connection, dice: random.Random) -> None:
    task, entry = dice.randint(1, 12), dice.choice(ENTRIES)
    match dice.randrange(5):
        case 0 | 1:  # in any order, as a salvage and an import put them
            connection.execute(INSERT, (task, entry, dice.choice(STATUSES)))
        case 2:
            connection.execute(
                "UPDATE sync_queue SET status = ? WHERE id = ?", (dice.choice(STATUSES), task)
            )
        case 3:
            connection.execute("UPDATE sync_queue SET entry = ? WHERE id = ?", (entry, task))
        case _:
            connection.execute("DELETE FROM sync_queue WHERE id = ?", (task,))


@pytest.mark.parametrize("seed", range(3))
def test_a_task_is_held_exactly_while_something_older_of_its_entry_is_open(
    queue: sqlite3.Connection, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  # no secret
    seen: set[int] = set()
    for _step in range(STEPS):
        do_something(queue, dice)
        assert held_in(queue) == to_be_held_in(queue)
        seen.update(held for _task, held in held_in(queue))
    assert seen == {0, 1}


@pytest.mark.parametrize("wrong", [-1, 0, 1, 7])
def test_what_damage_made_of_it_is_found_out_anew(queue: sqlite3.Connection, wrong: int) -> None:
    for task, entry in enumerate("abab", 1):
        queue.execute(INSERT, (task, entry, "pending"))
    queue.execute("UPDATE sync_queue SET held = ?", (wrong,))
    queue.execute(schema.HOLD)
    assert held_in(queue) == [(1, 0), (2, 0), (3, 1), (4, 1)]


def test_a_retry_and_a_failure_change_nothing_about_it(queue: sqlite3.Connection) -> None:
    for task, entry in enumerate("aab", 1):
        queue.execute(INSERT, (task, entry, "failed"))
    before = held_in(queue)
    queue.execute("UPDATE sync_queue SET status = 'pending'")
    assert held_in(queue) == before == [(1, 0), (2, 1), (3, 0)]
