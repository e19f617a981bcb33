"""Where the rows of a long list lie, with one of them unfolded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trayapp.desktop.windows.failed_places import Places

LISTS = st.builds(
    Places,
    row_height=st.integers(1, 200),
    top=st.integers(0, 5000),
    count=st.integers(1, 20_000),
    unfolded=st.integers(-1, 20),
    below=st.just(0),
)


@given(LISTS, st.integers(0, 900), st.integers(0, 19_999))
def test_every_row_is_hit_where_it_is_drawn(places: Places, below: int, index: int) -> None:
    if 0 <= places.unfolded < places.count:
        places.below = below
    else:
        places.unfolded = -1
    index = places.nearest(index)
    top = places.y(index)
    assert places.hit(top) == index
    assert places.hit(top + places.row_height - 1) == index
    assert places.y(index + 1) == top + places.row_height + (
        places.below if index == places.unfolded else 0
    )


def test_what_is_unfolded_belongs_to_its_row_but_is_none() -> None:
    places = Places(10, top=100, count=5, unfolded=2, below=300)
    assert places.index(places.y(2) + 50) == 2
    assert places.hit(places.y(2) + 50) == -1
    assert places.hit(places.y(3)) == 3


def test_above_and_below_the_list_there_is_no_row() -> None:
    places = Places(10, top=100, count=5)
    assert places.hit(99) == -1
    assert places.hit(places.y(5)) == -1
    assert places.nearest(99) == 4
    assert Places(10).nearest(3) == 0
