"""Ids: the numbers of tasks, many of them; each takes eight bytes. Does not change."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from typing import overload


class Ids(Sequence[int]):
    """Numbers in ascending order, each once; equal to any sequence of the same numbers."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        """Of an array, which is not copied, nobody may change anything any more."""
        self._numbers = numbers if isinstance(numbers, array) else array("q", numbers)

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, place: int) -> int: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[int, ...]: ...

    def __getitem__(self, place: int | slice) -> int | tuple[int, ...]:
        found = self._numbers[place]
        return found if isinstance(found, int) else tuple(found)

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.place(number) >= 0

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Ids):
            return self._numbers == other._numbers
        return tuple(self._numbers) == other

    def __hash__(self) -> int:
        return hash(tuple(self._numbers))

    def __repr__(self) -> str:
        return f"Ids({self._numbers.tolist()})"

    def place(self, number: int) -> int:
        """Where it stands; -1 where it does not."""
        found = bisect_left(self._numbers, number)
        is_there = found < len(self._numbers) and self._numbers[found] == number
        return found if is_there else -1


def joined_ids(parts: Sequence[Sequence[int]]) -> Sequence[int]:
    """The numbers of all of these; of one alone itself: a long queue often has one reason."""
    return parts[0] if len(parts) == 1 else Ids(merge(*parts))
