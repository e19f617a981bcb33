"""Pages: an SQLite file and its WAL read as bytes, where SQLite itself gives up.

The format is the one of sqlite.org/fileformat2. Only reads; what makes no sense is left out,
never raised. Memory is bounded by a page, time by the size of the files.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from trayapp.light import dataclass
from trayapp.queue.records import Value, decoded, varint

MAGIC = b"SQLite format 3\0"
HEADER = 100
TABLE_LEAF, TABLE_INNER, INDEX_LEAF, INDEX_INNER = 0x0D, 0x05, 0x0A, 0x02
_KINDS = (TABLE_LEAF, TABLE_INNER, INDEX_LEAF, INDEX_INNER)
_WAL_HEADER, _FRAME_HEADER = 32, 24
_WAL_MAGIC = (0x377F0682, 0x377F0683)
_OUR_PAGE_SIZE = 4096
_LARGEST_PAYLOAD = 1 << 24


@dataclass(frozen=True, slots=True)
class Cell:
    """One row as a page holds it; `rowid` is None in an index and a table without row ids."""

    rowid: int | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What could be read of one page. `is_sound`: all of it; `kind` 0: no page of a b-tree."""

    number: int
    kind: int
    cells: tuple[Cell, ...]
    children: tuple[int, ...]
    is_sound: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """The pages of one b-tree, as far as they can be reached. `is_whole`: nothing is missing."""

    pages: tuple[Page, ...]
    is_whole: bool


class Pages:
    """The pages of a database: as the file has them, and as the WAL has them since."""

    def __init__(self, database: Path, wal: Path, *, only_finished: bool = False) -> None:
        """`only_finished`: without the WAL's last transaction where its end was not written."""
        self._only_finished = only_finished
        self._file = _opened(database)
        self._wal = _opened(wal)
        self.header = _read(self._file, 0, HEADER)
        self.page_size = self._page_size()
        self.count = -(-_size(self._file) // self.page_size)
        self._frames = self._read_frames()
        self._spendable = 4 * _size(self._file) + 4 * _size(self._wal) + _LARGEST_PAYLOAD

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._wal.close()

    @property
    def has_header(self) -> bool:
        """Whether the file begins as every database does."""
        return self.header.startswith(MAGIC)

    def numbers(self) -> list[int]:
        """The numbers of all pages."""
        return sorted({*range(1, self.count + 1), *self._frames})

    @property
    def is_cut_short(self) -> bool:
        """Whether the file has pages that it has not by the WAL."""
        return self.count > self._said

    def in_wal(self) -> list[int]:
        """The numbers of the pages that the WAL has."""
        return sorted(self._frames)

    def images(self, number: int) -> Iterator[Page]:
        """A page as it is, and then as it was before, back to what the file has."""
        for position in reversed(self._frames.get(number, ())):
            yield self._page(number, _read(self._wal, position, self.page_size))
        if number <= self.count:
            yield self._page(number, self._in_file(number))

    def newest(self, number: int) -> Page:
        """A page as it is."""
        return self._page(number, self._raw(number))

    def tree(self, root: int) -> Tree:
        """All pages below this one, and it."""
        found: dict[int, Page] = {}
        waiting, is_whole = [root], True
        while waiting:
            number = waiting.pop()
            if number in found or not self._exists(number):
                is_whole = False
                continue
            page = self.newest(number)
            is_whole = is_whole and page.is_sound and page.kind in _KINDS
            found[number] = page
            waiting += page.children
        return Tree(tuple(found.values()), is_whole)

    # -- files -----------------------------------------------------------------------------

    def _page_size(self) -> int:
        said = int.from_bytes(self.header[16:18])
        sizes = [65536 if said == 1 else said] if self.has_header else []
        head = _read(self._wal, 0, _WAL_HEADER)
        if int.from_bytes(head[:4]) in _WAL_MAGIC:
            sizes.append(int.from_bytes(head[8:12]))
        fits = (size for size in sizes if 512 <= size <= 65536 and size & (size - 1) == 0)  # noqa: PLR2004  # what the format allows
        return next(fits, _OUR_PAGE_SIZE)

    def _read_frames(self) -> dict[int, list[int]]:
        """Where in the WAL the images of each page are, oldest first, up to the last commit."""
        step = _FRAME_HEADER + self.page_size
        starts = range(_WAL_HEADER, _size(self._wal) - step + 1, step)
        heads = [(start, _read(self._wal, start, _FRAME_HEADER)) for start in starts]
        salts = {head[8:16] for _start, head in heads}
        salt = _read(self._wal, 16, 8)
        if salt not in salts and heads:
            salt = heads[0][1][8:16]  # the header is damaged; the newest frames come first
        # All that lies before one of this generation is of it, whatever became of its own salt.
        ends = [n for n, (_, head) in enumerate(heads) if head[8:16] == salt and any(head[4:8])]
        if self._only_finished and ends and not self._is_written(heads, ends[-1]):
            ends.pop()
        self._said = int.from_bytes(heads[ends[-1]][1][4:8]) if ends else self.count
        found: dict[int, list[int]] = {}
        for start, head in heads[: max(ends, default=-1) + 1]:
            number = int.from_bytes(head[:4]) or 1
            found.setdefault(number, []).append(start + _FRAME_HEADER)
        return found

    def _is_written(self, heads: Sequence[tuple[int, bytes]], number: int) -> bool:
        """Whether a frame has the page that its head was made for."""
        start, head = heads[number]
        first = _read(self._wal, 0, _WAL_HEADER)
        before = heads[number - 1][1][16:24] if number else first[24:32]
        page = _read(self._wal, start + _FRAME_HEADER, self.page_size)
        order = ">" if int.from_bytes(first[:4]) & 1 else "<"
        return _checksum(before, head[:8] + page, order) == head[16:24]

    def _exists(self, number: int) -> bool:
        return 1 <= number <= self.count or number in self._frames

    def _in_file(self, number: int) -> bytes:
        return _read(self._file, (number - 1) * self.page_size, self.page_size)

    def _raw(self, number: int) -> bytes:
        positions = self._frames.get(number)
        if positions:
            return _read(self._wal, positions[-1], self.page_size)
        return self._in_file(number)

    # -- one page --------------------------------------------------------------------------

    def _page(self, number: int, raw: bytes) -> Page:
        start = HEADER if number == 1 else 0
        is_whole = len(raw) == self.page_size
        raw = raw.ljust(self.page_size, b"\0")
        kind = raw[start]
        if kind in _KINDS:
            return self._parsed(number, raw, kind, is_whole=is_whole)
        # Its first byte may be what is damaged: it is read as either kind of leaf.
        either = (self._parsed(number, raw, one, is_whole=False) for one in _KINDS[::2])
        cells = tuple(cell for page in either for cell in page.cells)
        return Page(number=number, kind=0, cells=cells, children=(), is_sound=is_whole)

    def _parsed(self, number: int, raw: bytes, kind: int, *, is_whole: bool) -> Page:
        start = HEADER if number == 1 else 0
        is_inner = kind in {TABLE_INNER, INDEX_INNER}
        array = start + (12 if is_inner else 8)
        count = int.from_bytes(raw[start + 3 : start + 5])
        most = (self.page_size - array) // 2
        cells: list[Cell] = []
        children: list[int] = []
        failed = count > most
        for place in range(array, array + 2 * min(count, most), 2):
            at = int.from_bytes(raw[place : place + 2])
            try:
                if is_inner:
                    children.append(int.from_bytes(raw[at : at + 4]))
                    at += 4
                if kind != TABLE_INNER:
                    cells.append(self._cell(raw, at, has_rowid=kind == TABLE_LEAF))
            except (ValueError, IndexError):
                failed = True
        if is_inner:
            children.append(int.from_bytes(raw[start + 8 : start + 12]))
        return Page(
            number=number,
            kind=kind,
            cells=tuple(cells),
            children=tuple(children),
            is_sound=is_whole and not failed,
        )

    def _cell(self, raw: bytes, at: int, *, has_rowid: bool) -> Cell:
        size, at = varint(raw, at)
        rowid: int | None = None
        if has_rowid:
            rowid, at = varint(raw, at)
        if not 0 <= size <= _LARGEST_PAYLOAD:
            msg = "a size that nothing of ours has"
            raise ValueError(msg)
        local = self._local(size, is_table=has_rowid)
        if at + local > len(raw):
            msg = "a cell that is not on its page"
            raise ValueError(msg)
        payload = raw[at : at + local]
        if local < size:
            payload += self._overflow(int.from_bytes(raw[at + local :][:4]), size - local)
        return Cell(rowid, decoded(payload))

    def _local(self, size: int, *, is_table: bool) -> int:
        """How much of a payload lies on the page itself."""
        usable = self.page_size
        most = usable - 35 if is_table else (usable - 12) * 64 // 255 - 23
        if size <= most:
            return size
        least = (usable - 12) * 32 // 255 - 23
        fits = least + (size - least) % (usable - 4)
        return fits if fits <= most else least

    def _overflow(self, number: int, size: int) -> bytes:
        """The rest of a payload, as much of it as is there."""
        parts: list[bytes] = []
        while size > 0 and self._exists(number) and self._spendable > 0:
            raw = self._raw(number)
            part = raw[4 : 4 + size]
            parts.append(part)
            size -= len(part)
            self._spendable -= self.page_size
            number = int.from_bytes(raw[:4])
        return b"".join(parts)


def _checksum(before: bytes, content: bytes, order: str) -> bytes:
    """The WAL's, which goes on from frame to frame."""
    one, two = struct.unpack(">2I", before)
    for even, odd in struct.iter_unpack(f"{order}2I", content):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return struct.pack(">2I", one, two)


def _opened(path: Path) -> io.BufferedIOBase:
    return path.open("rb") if path.is_file() else io.BytesIO()


def _size(file: io.BufferedIOBase) -> int:
    return file.seek(0, io.SEEK_END)


def _read(file: io.BufferedIOBase, position: int, size: int) -> bytes:
    file.seek(position)
    return file.read(size)
