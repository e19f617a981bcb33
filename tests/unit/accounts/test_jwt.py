from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from trayapp.accounts.jwt import claims, expires_at


def token(said: object) -> str:
    """A token that says this, unsigned; what is text goes in as it is."""
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"eyJ9.{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}.signature"


def test_what_a_token_says_is_read_without_its_key() -> None:
    said = {"exp": 1767862800, "sub": "анна", "n": [1, None]}
    assert claims(token(said)) == said
    assert expires_at(token(said)) == datetime(2026, 1, 8, 9, 0, tzinfo=UTC)


def test_base64_of_addresses_and_all_lengths_are_read() -> None:
    for size in range(8):
        said = {"s": "?>ю" + "x" * size}
        assert claims(token(said)) == said


@pytest.mark.parametrize(
    "given",
    [
        pytest.param("", id="empty"),
        pytest.param("opaque-token", id="opaque"),
        pytest.param("a.b", id="two-parts"),
        pytest.param("a.b.c.d", id="four-parts"),
        pytest.param("a.!!!.c", id="not-base64"),
        pytest.param("a.юю.c", id="not-ascii"),
        pytest.param("a.AAAAA.c", id="wrong-length"),
        pytest.param("a.gICA.c", id="not-utf8"),
        pytest.param(token("{"), id="not-json"),
        pytest.param(token([1]), id="no-object"),
        pytest.param(token('{"sub": "\\ud800"}'), id="half-a-character"),
        pytest.param(token("1" * 5000), id="number-too-long"),
        pytest.param(token("[" * 20_000), id="too-deep"),
        pytest.param(token({"x": "y" * 70_000}), id="too-long"),
    ],
)
def test_whatever_is_no_such_token_says_nothing(given: str) -> None:
    assert claims(given) == {}
    assert expires_at(given) is None


@pytest.mark.parametrize(
    "exp",
    ['"1767862800"', "null", "true", "{}", "NaN", "Infinity", "-Infinity", "1e300", "9" * 400],
)
def test_an_end_that_is_no_time_is_no_end(exp: str) -> None:
    assert expires_at(token(f'{{"exp": {exp}}}')) is None


def test_an_end_may_have_a_fraction_or_be_long_ago() -> None:
    assert expires_at(token('{"exp": 0.5}')) == datetime(1970, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
