"""What a fuzzer may say, and how long it goes on: a little in CI, far longer under a soak."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st

from tests.soak import Soak

TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["", "\0", "\ud800", "\x1b[2J", "\u202e", "<b>&amp;", "../..", "\n\r", "'; --", "x" * 9000]
    ),
)
INTEGERS = st.one_of(
    st.integers(-10, 10),
    st.integers(),
    st.sampled_from([2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**15, 10**30, 10**400]),
)
FLOATS = st.one_of(st.floats(), st.sampled_from([1e308, -0.0, 1e15, 0.5]))
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, FLOATS, TEXTS)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def names(*known: str) -> st.SearchStrategy[str]:
    """Mostly names that mean something."""
    return st.one_of(st.sampled_from(known), TEXTS)


def fuzzed(soak: Soak, proof: Callable[[], None], *, what: str, full: int) -> None:
    """Run a hypothesis test, in rounds of their own seeds."""
    for number in soak.rounds(what, ci=1, full=full):
        seed(number)(proof)()


def patient(examples: int) -> settings:
    """For a test whose examples share what its fixtures made."""
    return settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )
