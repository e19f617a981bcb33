"""The two total tables: every status, and every exception class of requests."""

from __future__ import annotations

import errno
import http.client
import inspect
import socket
import ssl
from datetime import timedelta
from http import HTTPStatus

import pytest
import urllib3.exceptions as below
from requests import exceptions as of_requests

from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_exception, outcome_of_status
from trayapp.sync.outcome import (
    Doubtful,
    Offline,
    Ours,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    Untrusted,
    WrongAddress,
)

CANARY = "canary-3f9a1c77d2"
STATUSES = range(100, 600)


def kind_of(status: int) -> type[Outcome]:
    """Section 4 of the specification, written down a second time."""
    by_number: dict[int, type[Outcome]] = {
        401: SignedOut,
        404: WrongAddress,
        407: Offline,
        408: ServerTrouble,
        425: ServerTrouble,
        429: Throttled,
        511: Offline,
    }
    by_hundreds = {1: WrongAddress, 3: WrongAddress, 4: Refused, 5: ServerTrouble}
    return by_number.get(status, by_hundreds[status // 100])


@pytest.mark.parametrize("status", [s for s in STATUSES if s // 100 != 2])
def test_every_status_but_success_has_its_class_and_its_reason(status: int) -> None:
    answer = Answer(status=status, json={}, is_json=True)
    outcome = outcome_of_status(answer, repeatable=True)
    assert type(outcome) is kind_of(status)
    if status in {407, 511}:
        assert outcome.reason.startswith("Network error: ")
        return
    known = status in [entry.value for entry in HTTPStatus]
    phrase = HTTPStatus(status).phrase if known else "Unknown Status"
    assert outcome.reason == f"HTTP {status}: {phrase}"


@pytest.mark.parametrize("status", [s for s in STATUSES if s // 100 != 2])
def test_a_request_that_may_not_be_repeated_is_in_doubt_after_server_trouble(status: int) -> None:
    answer = Answer(status=status, json={}, is_json=True)
    outcome = outcome_of_status(answer, repeatable=False)
    assert outcome is not None
    if kind_of(status) is ServerTrouble:
        phrase = outcome.reason.partition(": ")[2]
        assert outcome == Doubtful(f"HTTP {status}: {phrase}", answered=True)
    else:
        assert type(outcome) is kind_of(status)


@pytest.mark.parametrize("status", range(200, 300))
@pytest.mark.parametrize("repeatable", [True, False])
def test_every_success_is_read_if_it_can_be(status: int, *, repeatable: bool) -> None:
    readable = Answer(status=status, json={}, is_json=True)
    assert outcome_of_status(readable, repeatable=repeatable) is None
    page = Answer(status=status, is_html=True)
    broken = Answer(status=status)
    web = f"HTTP {status}: a web page where the server's answer belongs"
    unreadable = f"HTTP {status}: unreadable answer"
    if repeatable:
        assert outcome_of_status(page, repeatable=True) == WrongAddress(web)
        assert outcome_of_status(broken, repeatable=True) == ServerTrouble(unreadable)
    else:
        assert outcome_of_status(page, repeatable=False) == Doubtful(web, answered=True)
        assert outcome_of_status(broken, repeatable=False) == Doubtful(unreadable, answered=True)


@pytest.mark.parametrize("status", [0, 99, 600, 999])
def test_what_is_no_status_is_no_server_of_ours(status: int) -> None:
    outcome = outcome_of_status(Answer(status=status), repeatable=True)
    assert outcome == WrongAddress(f"HTTP {status}: Unknown Status")


def test_a_missing_entity_is_refused_where_a_missing_route_is_a_wrong_address() -> None:
    answer = Answer(status=404, json={"message": "no such project"}, is_json=True)
    assert outcome_of_status(answer, repeatable=True) == WrongAddress("HTTP 404: Not Found")
    entity = outcome_of_status(answer, repeatable=True, entity_missing=True)
    assert entity == Refused("HTTP 404: no such project")


@pytest.mark.parametrize(("status", "kind"), [(429, Throttled), (503, ServerTrouble)])
def test_the_pause_a_server_asks_for_is_kept(
    status: int, kind: type[Throttled | ServerTrouble]
) -> None:
    pause = timedelta(seconds=7)
    outcome = outcome_of_status(Answer(status=status, retry_after=pause), repeatable=True)
    assert isinstance(outcome, kind)
    assert outcome.retry_after == pause


ALL = {
    name: found
    for name, found in vars(of_requests).items()
    if inspect.isclass(found) and issubclass(found, Exception)
}
BEFORE: dict[str, type[Outcome]] = {
    "BaseHTTPError": Offline,
    "ChunkedEncodingError": Offline,
    "CompatJSONDecodeError": Ours,
    "ConnectTimeout": Offline,
    "ConnectionError": Offline,
    "ContentDecodingError": Offline,
    "FileModeWarning": Ours,
    "HTTPError": Ours,
    "InvalidHeader": Ours,
    "InvalidJSONError": Ours,
    "InvalidProxyURL": Offline,
    "InvalidSchema": WrongAddress,
    "InvalidURL": WrongAddress,
    "JSONDecodeError": Offline,
    "MissingSchema": WrongAddress,
    "ProxyError": Offline,
    "ReadTimeout": Offline,
    "RequestException": Offline,
    "RequestsDependencyWarning": Ours,
    "RequestsWarning": Ours,
    "RetryError": Ours,
    "SSLError": Offline,
    "StreamConsumedError": Ours,
    "Timeout": Offline,
    "TooManyRedirects": WrongAddress,
    "URLRequired": WrongAddress,
    "UnrewindableBodyError": Ours,
}


EVERY = pytest.mark.parametrize("name", sorted(ALL))


def made(name: str) -> Exception:
    """One of these, with a secret in every text it carries."""
    if "JSONDecodeError" in name:
        return ALL[name](CANARY, CANARY, 0)
    return ALL[name](f"https://me:{CANARY}@server.example/?token={CANARY}")


@EVERY
def test_every_exception_of_requests_has_its_class(name: str) -> None:
    # A class that requests adds some day fails here until somebody decides.
    assert type(outcome_of_exception(made(name), request_left=False)) is BEFORE[name]
    assert type(outcome_of_exception(made(name), request_left=True)) is Doubtful


@EVERY
@pytest.mark.parametrize("left", [True, False])
def test_no_reason_carries_what_an_exception_says(name: str, *, left: bool) -> None:
    reason = outcome_of_exception(made(name), request_left=left).reason
    assert CANARY not in reason
    assert "example" not in reason
    assert reason.startswith(("Network error: ", "Internal error: "))


def wrapped(inner: BaseException) -> of_requests.ConnectionError:
    """As requests hands on what urllib3 raised because of `inner`."""
    outer = below.NewConnectionError(None, "could not connect")  # type: ignore[arg-type]  # unused
    outer.__cause__ = inner
    return of_requests.ConnectionError(
        below.MaxRetryError(None, "/", outer)  # type: ignore[arg-type]  # the pool is not looked at
    )


def aborted(inner: BaseException) -> of_requests.ConnectionError:
    return of_requests.ConnectionError(below.ProtocolError("Connection aborted.", inner))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        pytest.param(wrapped(ConnectionRefusedError()), "connection refused", id="refused"),
        pytest.param(wrapped(socket.gaierror(-2, "x")), "host name not found", id="dns"),
        pytest.param(wrapped(OSError(errno.ENETUNREACH, "x")), "network unreachable", id="net"),
        pytest.param(wrapped(OSError(errno.EHOSTUNREACH, "x")), "host unreachable", id="host"),
        pytest.param(wrapped(OSError(errno.EIO, "x")), "no answer in time", id="other"),
        pytest.param(aborted(ConnectionResetError()), "connection reset", id="reset"),
        pytest.param(
            aborted(http.client.RemoteDisconnected("")),
            "connection closed without an answer",
            id="closed",
        ),
        pytest.param(aborted(http.client.IncompleteRead(b"")), "answer cut short", id="short"),
        pytest.param(of_requests.ConnectTimeout(), "no connection in time", id="connect-timeout"),
        pytest.param(of_requests.ReadTimeout(), "no answer in time", id="read-timeout"),
        pytest.param(TimeoutError(), "no answer in time", id="timeout"),
        pytest.param(of_requests.ChunkedEncodingError(), "answer cut short", id="chunked"),
        pytest.param(of_requests.ContentDecodingError(), "unreadable answer", id="encoding"),
        pytest.param(
            of_requests.SSLError(ssl.SSLEOFError()), "TLS connection failed", id="handshake-cut"
        ),
        pytest.param(
            of_requests.ProxyError(ConnectionRefusedError()),
            "proxy: connection refused",
            id="proxy",
        ),
        pytest.param(of_requests.ConnectionError(), "connection failed", id="nothing-known"),
    ],
)
def test_what_never_left_is_offline_in_a_few_words(error: Exception, words: str) -> None:
    assert outcome_of_exception(error, request_left=False) == Offline(f"Network error: {words}")


def test_a_timeout_after_it_left_may_still_be_at_work() -> None:
    for error in (of_requests.ReadTimeout(), TimeoutError(), below.ReadTimeoutError):
        raised = error if isinstance(error, Exception) else error(None, "/", "")  # type: ignore[arg-type]  # unused
        outcome = outcome_of_exception(raised, request_left=True)
        assert outcome == Doubtful("Network error: no answer in time", timed_out=True)
    reset = outcome_of_exception(aborted(ConnectionResetError()), request_left=True)
    assert reset == Doubtful("Network error: connection reset")


def test_a_certificate_that_does_not_verify_is_untrusted() -> None:
    inner = ssl.SSLCertVerificationError(1, "x")
    inner.verify_message = f"Hostname mismatch, certificate is not valid for '{CANARY}'."
    outcome = outcome_of_exception(of_requests.SSLError(inner), request_left=False)
    assert outcome == Untrusted("Network error: certificate not trusted: hostname mismatch")
    bare = of_requests.SSLError(ssl.SSLCertVerificationError(1, "x"))
    wanted = Untrusted("Network error: certificate not trusted")
    assert outcome_of_exception(bare, request_left=False) == wanted


def test_a_chain_that_bites_its_tail_ends() -> None:
    error = of_requests.ConnectionError()
    inner = OSError()
    error.__cause__, inner.__context__ = inner, error
    outcome = outcome_of_exception(error, request_left=False)
    assert outcome == Offline("Network error: connection failed")


def test_what_is_no_trouble_of_the_network_is_ours() -> None:
    wanted = Ours("Internal error: UnicodeEncodeError")
    error = UnicodeEncodeError("latin-1", CANARY, 0, 1, CANARY)
    assert outcome_of_exception(error, request_left=False) == wanted
