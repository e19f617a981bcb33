from __future__ import annotations

from datetime import timedelta

import pytest

from tests.fakes import FakeClock
from trayapp.sync import sign_in
from trayapp.sync.outcome import (
    Doubtful,
    Offline,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.sign_in import BadAddress, Problem, address_of

NOW = FakeClock().now()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("time.example", "https://time.example"),
        ("  https://Time.Example/  ", "https://time.example"),
        ("https://time.example/API/v1///", "https://time.example/API/v1"),
        ("HTTP://time.example:8080/x", "http://time.example:8080/x"),
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1"),
        ("[::1]:80/api", "http://[::1]:80/api"),
        ("https://time.example/api?token=x#y", "https://time.example/api"),
    ],
)
def test_an_address_is_completed_as_it_was_meant(typed: str, meant: str) -> None:
    assert address_of(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "ftp://time.example",
        "https://",
        "https://time.example:port",
        "https://time.example:99999",
        "https://time .example",
        "https://[::1",
        "https://time.example/\x00",
    ],
)
def test_what_is_no_address_is_refused_with_what_to_type(typed: str) -> None:
    with pytest.raises(BadAddress, match="Type one like"):
        address_of(typed)


@pytest.mark.parametrize("typed", ["https://me:secret@time.example", "https://me@time.example"])
def test_a_name_or_password_in_the_address_is_refused_and_not_repeated(typed: str) -> None:
    with pytest.raises(BadAddress, match="Leave name and password out") as caught:
        address_of(typed)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "needed"),
    [
        ("https://time.example", False),
        ("http://time.example", True),
        ("http://10.0.0.7:8080/api", True),
        ("http://localhost", False),
        ("http://web.localhost:80", False),
        ("http://127.3.2.1", False),
        ("http://[::1]:8080", False),
        ("http://localhost.example", True),
    ],
)
def test_only_what_leaves_this_machine_unencrypted_needs_consent(url: str, *, needed: bool) -> None:
    assert sign_in.needs_consent(url) is needed


def test_the_api_is_looked_for_below_what_was_typed_and_below_the_host() -> None:
    assert sign_in.candidates("https://x.example/sub", ("/api/v1", "/api")) == (
        "https://x.example/sub/api/v1",
        "https://x.example/api/v1",
        "https://x.example/sub/api",
        "https://x.example/api",
    )
    assert sign_in.candidates("https://x.example/api", ("/api",)) == ("https://x.example/api/api",)


@pytest.mark.parametrize(
    ("outcome", "problem", "words"),
    [
        (Offline("Network error: host name not found"), "host_unknown", "No host named x.example"),
        (Offline("Network error: connection refused"), "unreachable", "connection refused"),
        (Untrusted("Network error: certificate not trusted"), "certificate", "nothing was sent"),
        (Untrusted("Network error: certificate not trusted"), "certificate", "(ca_file)."),
        (WrongAddress("HTTP 404: Not Found"), "not_this_api", "is not Example"),
        (Refused("HTTP 401: Invalid credentials"), "wrong_credentials", "Invalid credentials"),
        (SignedOut("HTTP 401: Unauthorized"), "wrong_credentials", "name and password"),
        (ServerTrouble("HTTP 500: oops"), "server_trouble", "HTTP 500: oops"),
        (Doubtful("HTTP 502: bad"), "server_trouble", "HTTP 502: bad"),
        (Throttled("HTTP 429: slow"), "throttled", "in a minute"),
        (Throttled("429", retry_after=timedelta(seconds=60)), "throttled", "60 seconds"),
        (Throttled("429", retry_after=NOW + timedelta(seconds=1)), "throttled", "1 second."),
    ],
)
def test_each_outcome_says_what_is_wrong_and_what_to_do(
    outcome: Outcome, problem: str, words: str
) -> None:
    assert sign_in.problem_of(outcome) == problem
    text = sign_in.words_of(
        outcome, label="Example", url="https://x.example/api", by_token=False, now=NOW
    )
    assert words in text


def test_a_token_that_is_not_taken_is_told_as_a_token() -> None:
    text = sign_in.words_of(
        Refused("HTTP 401: no"), label="Example", url="https://x.example", by_token=True, now=NOW
    )
    assert "token" in text
    assert sign_in.problem_of(Refused("HTTP 401: no")) is Problem.WRONG_CREDENTIALS


def test_a_typed_path_is_told_from_a_bare_host() -> None:
    assert sign_in.has_path("https://x.example/api")
    assert not sign_in.has_path("https://x.example")
