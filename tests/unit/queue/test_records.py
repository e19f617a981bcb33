"""Records and pages, compared with what SQLite itself reads."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from trayapp.queue.pages import Pages
from trayapp.queue.records import Value, decoded, varint

VALUES: tuple[Value, ...] = (
    None, 0, 1, 2, -1, 127, -128, 32_767, -32_768, 8_388_607, -8_388_608, 2**31 - 1, -(2**31),
    2**47 - 1, -(2**47), 2**63 - 1, -(2**63), 1.5, -1e300, "", "text", "Ж𝄞", b"", b"\0\xff",
)  # fmt: skip


def made(path: Path, rows: Sequence[tuple[Value, ...]], *, page_size: int = 4096) -> Path:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA page_size = {page_size}")
        connection.execute("CREATE TABLE t (a, b)")
        connection.execute("CREATE INDEX i ON t (b)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", rows)
        connection.commit()
    return path


def tree_of(path: Path, name: str) -> list[tuple[Value, ...]]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
        (root,) = connection.execute(sql, (name,)).fetchone()
    with Pages(path, path.with_name("none")) as pages:
        tree = pages.tree(root)
        assert tree.is_whole
        return [cell.values for page in tree.pages for cell in page.cells]


@pytest.mark.parametrize("page_size", [512, 4096, 65536])
def test_every_value_is_read_as_sqlite_reads_it(tmp_path: Path, page_size: int) -> None:
    dice = random.Random(page_size)  # noqa: S311
    long: list[Value] = ["x" * 300, "ж" * 5000, dice.randbytes(70_000)]
    rows = [(one, other) for one in (*VALUES, *long) for other in (*VALUES, *long)]
    path = made(tmp_path / "t.db", rows, page_size=page_size)
    assert sorted(tree_of(path, "t"), key=repr) == sorted(rows, key=repr)
    indexed = sorted((values[0] for values in tree_of(path, "i")), key=repr)
    assert indexed == sorted((row[1] for row in rows), key=repr)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"\x00", 0),
        (b"\x7f", 127),
        (b"\x81\x00", 128),
        (b"\xff" * 8 + b"\xff", -1),
        (b"\x80" * 8 + b"\x07", 7),
    ],
)
def test_a_varint_has_up_to_nine_bytes(raw: bytes, value: int) -> None:
    assert varint(raw, 0) == (value, len(raw))


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x09\x01", id="a header longer than the row"),
        pytest.param(b"\x00", id="no header"),
        pytest.param(b"\x02\x0a", id="a type that does not exist"),
        pytest.param(b"\x02\x81\x00", id="a header that ends in a number"),
        pytest.param(bytes((110, *[1] * 109)) + bytes(110), id="too many columns"),
    ],
)
def test_what_is_no_record_is_refused(payload: bytes) -> None:
    with pytest.raises((ValueError, IndexError)):
        decoded(payload)


def test_what_was_cut_off_is_missing_or_shorter() -> None:
    assert decoded(b"\x04\x01\x1d\x06\x07abc") == (7, "abc", None)


@pytest.mark.timeout(60)
def test_random_bytes_never_do_more_than_give_nothing(tmp_path: Path) -> None:
    for seed in range(300):
        dice = random.Random(seed)  # noqa: S311
        raw = bytearray(dice.randbytes(4096 * 3))
        raw[4096] = dice.choice((2, 5, 10, 13))
        path, wal = tmp_path / "t.db", tmp_path / "t.db-wal"
        path.write_bytes(raw)
        wal.write_bytes(dice.randbytes(dice.randrange(9000)))
        with Pages(path, wal) as pages:
            for number in pages.numbers():
                assert all(len(page.cells) <= 4096 for page in pages.images(number))
            pages.tree(2)
            pages.tree(99)


def test_a_tree_that_bites_its_own_tail_ends(tmp_path: Path) -> None:
    path = tmp_path / "t.db"
    page = bytearray(4096)
    page[0:12] = bytes((5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2))
    path.write_bytes(bytes(4096) + bytes(page))
    with Pages(path, tmp_path / "none") as pages:
        tree = pages.tree(2)
    assert ([page.number for page in tree.pages], tree.is_whole) == ([2], False)
