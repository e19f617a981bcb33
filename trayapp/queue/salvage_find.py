"""Finding: every row of ours in a damaged file, into tables `found_*` and `named_*`.

A page of a table needs no way to it from the root. What an index names, but no table has, is
lost; the indexes are read by their trees, since nothing else tells one from another.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from trayapp.light import dataclass
from trayapp.queue import schema
from trayapp.queue.pages import (
    INDEX_INNER,
    INDEX_LEAF,
    TABLE_INNER,
    TABLE_LEAF,
    Cell,
    Page,
    Pages,
    Tree,
)
from trayapp.queue.records import Value
from trayapp.queue.salvage_rows import Shape, is_name, shapes

_KEYS = {
    "account": "id",
    "event": "seq, id",
    "sync_queue": "id, COALESCE(event, '')",
    "attempt": "id",
    "segment": "id",
    "project": "account, remote_id",
    "imported": "fingerprint",
    "meta": "key",
}
_SEARCHED = (
    "found_event (id)",
    "found_event (seq)",
    "found_event (entry, seq)",
    "found_sync_queue (id)",
    "found_sync_queue (event)",
    "found_sync_queue (entry)",
    "found_attempt (task)",
    "found_imported (task)",
)
_NAMED = (
    "CREATE TEMP TABLE named_event (seq INTEGER PRIMARY KEY, id TEXT)",
    "CREATE TEMP TABLE named_task (id INTEGER PRIMARY KEY, event TEXT)",
    "CREATE TEMP TABLE named_sequence (last INTEGER)",
)
_APPLICATION_ID = slice(68, 72)
_TOLERANCE = 1000
_HELD = {"index", "table"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found beside the rows.

    `newest_seq`: of the newest click that anything names; none can have one above `most_clicks`.
    `is_ours`: whether a Trayapp made the file, as far as anybody can tell.
    """

    is_ours: bool
    tasks_are_whole: bool
    names_are_whole: bool
    newest_seq: int
    most_clicks: int


class Finder:
    """Fills the tables of one connection, for one damaged database."""

    def __init__(
        self, connection: sqlite3.Connection, database: Path, tables: Sequence[Shape]
    ) -> None:
        self._connection = connection
        self._run = connection.execute
        _journal, self._wal, _shm = schema.beside(database)
        self._database = database
        self._shapes = tables
        self._roots: dict[str, int] = {}
        self._is_legacy = False
        self._is_hidden = False

    def find(self) -> Found:
        """Read all of it."""
        for statement in (*_NAMED, *map(_copy_of, self._shapes)):
            self._run(statement)
        for table, key in _KEYS.items():
            self._run(f"CREATE UNIQUE INDEX temp.one_{table} ON found_{table} ({key})")
        with Pages(self._database, self._wal) as pages:
            self._read(pages)
            found = self._conclude(pages)
        for number, columns in enumerate(_SEARCHED):
            self._run(f"CREATE INDEX temp.searched_{number} ON {columns}")
        for table in ("event", "sync_queue"):
            self._run(f"DROP INDEX temp.one_{table}")  # mending gives them other places
        return found

    # -- rows ------------------------------------------------------------------------------

    def _read(self, pages: Pages) -> None:
        older: list[Page] = []
        is_sound = True
        for number in pages.numbers():
            newest, *before = pages.images(number)
            is_sound = is_sound and newest.is_sound and not _was_more(newest, before)
            older += before
            self._keep((newest,))
            self._note_roots(newest)
        clicks = self._count()
        # Tasks do leave theirs. But a copy may have taken the WAL long before the database: what
        # seems to have been delivered since the older pages is looked for once more.
        for table in ("event", "sync_queue"):
            self._keep(older, only=table)
        # Clicks never leave their table: where older pages have more, the newer ones are not it.
        self._is_hidden = self._count() > clicks
        if not is_sound or self._is_hidden:
            self._keep(older)

    def _count(self) -> int:
        return int(self._run("SELECT COUNT(*) FROM found_event").fetchone()[0])

    def _keep(self, pages: Iterable[Page], *, only: str = "") -> None:
        for shape in self._shapes:
            if only in {"", shape.table}:
                marks = ", ".join("?" for _column in shape.columns)
                rows = (shape.row(cell) for page in pages for cell in page.cells)
                self._connection.executemany(
                    f"INSERT OR IGNORE INTO found_{shape.table} VALUES ({marks})",  # noqa: S608  # ours
                    (row for row in rows if row is not None),
                )

    def _note_roots(self, page: Page) -> None:
        for cell in page.cells:
            match cell.values:
                case (str() as kind, str() as name, str(), int() as root, text) if kind in _HELD:
                    self._roots.setdefault(name, root)
                    is_old = name == "sync_queue" and " event " not in str(text)
                    self._is_legacy = self._is_legacy or is_old
                case ("sync_queue", int() as last) if cell.rowid is not None:
                    self._run("INSERT INTO named_sequence VALUES (?)", (last,))
                case _:
                    pass

    # -- names -----------------------------------------------------------------------------

    def _conclude(self, pages: Pages) -> Found:
        tasks = self._tree(pages, "sync_queue")
        names = self._tree(pages, "sqlite_autoindex_sync_queue_1")
        for event, task in _pairs(names):
            self._name("named_task", task, event)
        for event, seq in _pairs(self._tree(pages, "sqlite_autoindex_event_1")):
            self._name("named_event", seq, event)
        for _entry, seq in _pairs(self._tree(pages, "event_entry")):
            self._name("named_event", seq, "")
        self._find_accounts(self._tree(pages, "sqlite_autoindex_account_1"))
        self._run("DELETE FROM named_event WHERE seq > ?", (self._most_clicks(),))
        newest = self._run("SELECT COALESCE(MAX(seq), 0) FROM named_event").fetchone()[0]
        return Found(
            is_ours=self._is_ours(pages),
            tasks_are_whole=tasks.is_whole and not self._is_hidden and self._are_all_found(tasks),
            names_are_whole=names.is_whole and not self._is_hidden,
            newest_seq=max(0, int(newest)),
            most_clicks=self._most_clicks(),
        )

    def _most_clicks(self) -> int:
        """The clicks are numbered one by one: a number far beyond their count is damage."""
        return _TOLERANCE + 2 * int(
            self._run(
                "SELECT COUNT(*) FROM (SELECT seq FROM named_event UNION"
                " SELECT seq FROM found_event)"
            ).fetchone()[0]
        )

    def _tree(self, pages: Pages, name: str) -> Tree:
        root = self._roots.get(name)
        return Tree((), is_whole=False) if root is None else pages.tree(root)

    def _name(self, table: str, number: int, name: str) -> None:
        self._run(f"INSERT OR IGNORE INTO {table} VALUES (?, ?)", (number, name))  # noqa: S608  # ours

    def _are_all_found(self, tree: Tree) -> bool:
        (shape,) = (shape for shape in self._shapes if shape.table == "sync_queue")
        leaves = (page for page in tree.pages if page.kind == TABLE_LEAF)
        inner = all(page.kind in {TABLE_LEAF, TABLE_INNER} for page in tree.pages)
        return inner and all(shape.row(cell) is not None for page in leaves for cell in page.cells)

    def _find_accounts(self, tree: Tree) -> None:
        for page in tree.pages:
            for cell in page.cells:
                match cell.values:
                    case (str() as kind, str() as url, str() as user, int() as number):
                        self._run(
                            "INSERT OR IGNORE INTO found_account (id, kind, url, user)"
                            " VALUES (?, ?, ?, ?)",
                            (number, kind, url, user),
                        )

    def _is_ours(self, pages: Pages) -> bool:
        """By its header, by its rows, or, when it has no header at all, by its place."""
        (erases,) = self._run("SELECT COUNT(*) FROM found_meta WHERE key = 'scrub'").fetchone()
        is_old = self._is_legacy and "event" not in self._roots and not self._count()
        if is_old or erases:
            return False
        mark = int.from_bytes(pages.header[_APPLICATION_ID])
        return not pages.has_header or mark == schema.APPLICATION_ID or self._count() > 0


def hides_clicks(
    connection: sqlite3.Connection, database: Path, wal: Path, *, everywhere: bool
) -> bool:
    """Whether the WAL, which is not empty, puts other pages over clicks.

    Those never leave their table. `everywhere`: also look at the pages that it leaves alone.
    """
    shape = next(shape for shape in shapes(connection) if shape.table == "event")
    # What a crash or a copy cut off in the middle was told to nobody.
    with Pages(database, wal, only_finished=True) as pages:
        everywhere = everywhere or pages.is_cut_short
        numbers = pages.numbers() if everywhere else pages.in_wal()
        images = (page for number in numbers for page in pages.images(number))
        rows = (shape.row(cell) for page in images for cell in page.cells)
        clicks = {row[1] for row in rows if row is not None}
    shown = connection.execute("SELECT id FROM event") if everywhere else _known(connection, clicks)
    return not clicks <= {row[0] for row in shown}


def _known(connection: sqlite3.Connection, clicks: Iterable[Value]) -> Iterator[tuple[Value]]:
    for click in clicks:
        yield from connection.execute("SELECT id FROM event WHERE id = ?", (click,))


def _copy_of(shape: Shape) -> str:
    return f"CREATE TEMP TABLE found_{shape.table} AS SELECT * FROM {shape.table} WHERE 0"  # noqa: S608  # ours


def _was_more(newest: Page, before: Sequence[Page]) -> bool:
    """Whether a page of rows has become none: freed since, or damaged since."""
    return newest.kind == 0 and any(page.kind for page in before)


def _pairs(tree: Tree) -> list[tuple[str, int]]:
    """A text and a number, as an index of a column has them, or of a column and the number."""
    leaves = (page for page in tree.pages if page.kind in {INDEX_LEAF, INDEX_INNER})
    cells: Iterable[Cell] = (cell for page in leaves for cell in page.cells)
    return [pair for cell in cells if (pair := _pair(cell.values))]


def _pair(values: tuple[Value, ...]) -> tuple[str, int] | None:
    match values:
        case (str() as text, int() as number, *_) if is_name(text):
            return text, number
    return None
