"""Many numbers of tasks: as a sequence, and little in memory."""

from __future__ import annotations

import sys

import pytest

from trayapp.sync.ids import Ids, joined_ids


def test_they_are_a_sequence_like_any_other() -> None:
    ids = Ids([2, 5, 9])
    assert (len(ids), list(ids), ids[1], ids[-1], ids[:2]) == (3, [2, 5, 9], 5, 9, (2, 5))
    assert ids == Ids((2, 5, 9))
    assert ids == (2, 5, 9)
    assert ids == (2, 5, 9)
    assert ids != Ids([2, 5])
    assert ids != (2, 5)
    assert hash(ids) == hash(Ids([2, 5, 9]))
    assert repr(ids) == "Ids([2, 5, 9])"
    assert not Ids()


@pytest.mark.parametrize(
    ("number", "place"), [(1, -1), (2, 0), (3, -1), (5, 1), (9, 2), (10, -1), (2**62, -1)]
)
def test_the_place_of_a_number_is_found(number: int, place: int) -> None:
    ids = Ids([2, 5, 9])
    assert ids.place(number) == place
    assert (number in ids) is (place >= 0)


def test_what_is_no_number_is_not_among_them() -> None:
    text: object = "2"
    assert text not in Ids([2])


def test_the_numbers_of_several_are_in_order() -> None:
    assert joined_ids([(1, 4), (2, 9), (3,)]) == (1, 2, 3, 4, 9)
    assert joined_ids([]) == ()


def test_the_numbers_of_one_are_not_kept_twice() -> None:
    only = Ids([1, 2])
    assert joined_ids([only]) is only


def test_each_takes_eight_bytes() -> None:
    numbers = range(2**40, 2**40 + 10_000)
    ids = Ids(numbers)
    assert sys.getsizeof(ids._numbers) < 9 * len(numbers)
