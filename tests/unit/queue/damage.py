"""Damage: what disks, crashes and hands do to a database, the same for the same seed."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

from tests.unit.queue.support import Queue, a_queue, database_in
from trayapp.queue.pages import Pages
from trayapp.queue.salvage_rows import Shape, shapes
from trayapp.queue.salvaged import Salvage

PAGE = 4096
Hurt = Callable[[bytearray, random.Random], None]


def garbage_header(raw: bytearray, dice: random.Random) -> None:
    raw[:100] = dice.randbytes(100)


def zeroed_pages(raw: bytearray, dice: random.Random) -> None:
    count = len(raw) // PAGE
    for page in dice.sample(range(count), dice.randrange(1, count // 2)):
        overwrite(raw, page + 1, bytes(PAGE))


def foreign_pages(raw: bytearray, dice: random.Random) -> None:
    count = len(raw) // PAGE
    for page in dice.sample(range(count), dice.randrange(1, count // 2)):
        overwrite(raw, page + 1, dice.randbytes(PAGE))


def cut_short(raw: bytearray, dice: random.Random) -> None:
    del raw[dice.randrange(len(raw)) :]


def flipped_bits(raw: bytearray, dice: random.Random) -> None:
    for _ in range(dice.choice((1, 10, 100, 1000))):
        place = dice.randrange(len(raw))
        if not 60 <= place < 64:  # the schema's number: a newer one is refused by its word alone
            raw[place] ^= 1 << dice.randrange(8)


HURTS: tuple[Hurt, ...] = (garbage_header, zeroed_pages, foreign_pages, cut_short, flipped_bits)


def overwrite(raw: bytearray, page: int, content: bytes) -> None:
    raw[(page - 1) * PAGE : (page - 1) * PAGE + len(content)] = content


def used(queue: Queue, *, entries: int = 12) -> None:
    """Two accounts, what was delivered, what waits, what failed and what is not to be sent."""
    with queue.writing() as writer:
        writer.accounts.use("hubnity", "https://example.org", "ann")
    for number in range(entries):
        queue.click_many(f"entry-{number}", 4)
    with queue.writing() as writer:
        writer.run("DELETE FROM sync_queue WHERE id <= ?", (2 * entries,))
    for task in range(2 * entries + 1, 2 * entries + 5):
        queue.fail(task)
    with queue.writing() as writer:
        writer.run(
            "INSERT INTO attempt (task, at_ms, outcome, reason)"
            " SELECT id, created_at, 'Refused', 'no' FROM sync_queue WHERE status = 'failed'"
        )
        writer.run(
            "INSERT INTO segment (id, account, entry, began_ms, remote_id)"
            " SELECT id, account, entry, at_ms, 'remote-' || seq FROM event"
            " WHERE kind = 'time_entry_start'"
        )
        writer.run("INSERT INTO project VALUES (2, 'p1', 'Website')")
        writer.run("UPDATE sync_queue SET status = 'discarded', discarded_ms = 1 WHERE id > 44")


def a_used_file(folder: Path) -> bytes:
    folder.mkdir()
    with a_queue(folder) as queue:
        used(queue)
    return database_in(folder).read_bytes()


def table(path: Path, sql: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.text_factory = lambda raw: raw.decode(errors="replace")
        return [tuple(row) for row in connection.execute(sql).fetchall()]


def pages_of(path: Path, name: str) -> list[int]:
    """The numbers of the pages of a table or an index, the root first."""
    sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        root = int(connection.execute(sql, (name,)).fetchone()[0])
    with Pages(path, path.with_name("none")) as pages:
        return [page.number for page in pages.tree(root).pages]


def rows_by_page(path: Path, name: str) -> dict[int, list[tuple[object, ...]]]:
    """Where each row of a table lies."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        shape: Shape = next(one for one in shapes(connection) if one.table == name)
    with Pages(path, path.with_name("none")) as pages:
        return {
            number: [row for cell in pages.newest(number).cells if (row := shape.row(cell))]
            for number in pages_of(path, name)
        }


def lose(folder: Path, *names: str, first_leaf: bool = False) -> None:
    """Zero the pages of tables and indexes: all of them, or the first with rows on it."""
    path = database_in(folder)
    raw = bytearray(path.read_bytes())
    for name in names:
        pages = pages_of(path, name)
        if first_leaf:
            found = rows_by_page(path, name)
            pages = [min(page for page in pages if found[page])]
        for page in pages:
            overwrite(raw, page, bytes(PAGE))
    path.write_bytes(raw)


def brought_back(folder: Path) -> Salvage:
    with a_queue(folder) as queue:
        assert queue.sql("PRAGMA integrity_check") == [("ok",)]
        assert queue.sql("PRAGMA foreign_key_check") == []
        done = queue.reader.salvaged()
        assert done is not None
        with queue.writing() as writer:
            assert writer.salvaged() == done
    return done


def sql(folder: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(database_in(folder))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def without_triggers(folder: Path, *statements: str) -> None:
    """As damage does it: past what guards the tables."""
    sql(
        folder,
        "DROP TRIGGER event_kept",
        "DROP TRIGGER event_unchanged",
        "PRAGMA ignore_check_constraints = ON",
        *statements,
    )
