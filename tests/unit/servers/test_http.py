"""HttpClient against real sockets of this machine, and against functions where faults need it."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.unit.servers.recorder import Recorder, inside
from trayapp.demo.loopback import HOST, Loopback, hang_up
from trayapp.servers.http import MAX_ANSWER_BYTES, HttpClient
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.sync.outcome import (
    Doubtful,
    Offline,
    Untrusted,
    WrongAddress,
)

DEADLINE_SECONDS = 10
# Made for this test: signed by nobody, and good for nothing else.
CERTIFICATE = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcY4C2YeOsmHo8y3p
UFb3QMAg+5TZM9wVFJiigU9QYXShRANCAASd7Fm4gRu5f5jpah1/1vw2XRzOM2mj
6h3Ihj8a1eY6q4Dw+qlw/hi4RD3ua6sm0ldfd+9HtxDl+z3wj8HptPCK
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIUHhIzyUyhyfU6kgztLAzdg/YEkhMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJMTI3LjAuMC4xMB4XDTI2MTEyMzA5MTA1M1oXDTM2MTEyMDA5
MTA1M1owFDESMBAGA1UEAwwJMTI3LjAuMC4xMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEnexZuIEbuX+Y6Wodf9b8Nl0czjNpo+odyIY/GtXmOquA8PqpcP4YuEQ9
7murJtJXX3fvR7cQ5fs98I/B6bTwiqNTMFEwHQYDVR0OBBYEFP3QJzmUpvK1lEZ9
/d5VNpjwAgWGMB8GA1UdIwQYMBaAFP3QJzmUpvK1lEZ9/d5VNpjwAgWGMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgMN9MLJdYdzzSwDFZYueeyhDG
BshidmIECLVeYG4TDh8CIBTJ1v5Etb3smmZ9YqY3es9Lqd4Kv6gaI2pM2gvsCczJ
-----END CERTIFICATE-----
"""


@pytest.fixture
def app() -> Recorder:
    return Recorder()


@pytest.fixture
def url(app: Recorder) -> Iterator[str]:
    with Loopback(app) as loopback:
        yield loopback.url


@pytest.fixture
def client(url: str) -> Iterator[HttpClient]:
    client = HttpClient(url + "/prefix/")
    yield client
    client.close()


def test_nothing_heavy_is_loaded_before_the_first_request() -> None:
    code = (
        "import sys, trayapp.servers.http, trayapp.servers.embedded, trayapp.servers.embedded_app\n"
        "trayapp.servers.http.HttpClient('http://127.0.0.1:1')\n"
        "assert not {'requests', 'urllib3'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603  # our own words


def test_a_request_goes_below_the_prefix_with_json_and_our_name(
    client: HttpClient, app: Recorder
) -> None:
    answer = client.send("PUT", "/x", {"note": "Ночь"})
    assert answer == Answer(status=200, json={}, is_json=True)
    (seen,) = app.seen
    assert seen["PATH_INFO"] == "/prefix/x"
    assert json.loads(app.bodies[0]) == {"note": "Ночь"}
    assert seen["HTTP_CONTENT_TYPE"] == "application/json"
    assert seen["HTTP_USER_AGENT"].startswith("Trayapp/")
    assert seen["HTTP_ACCEPT_ENCODING"] == "identity"
    assert "HTTP_TRANSFER_ENCODING" not in seen


def test_a_query_is_encoded(client: HttpClient, app: Recorder) -> None:
    client.get("/x", query={"from": "a b", "to": "ü"})
    assert app.seen[0]["QUERY_STRING"] == "from=a+b&to=%C3%BC"


def test_a_connection_is_kept(client: HttpClient, app: Recorder) -> None:
    for _ in range(3):
        client.send("PUT", "/x", {})
        client.get("/x")
    assert len({seen["REMOTE_PORT"] for seen in app.seen}) == 1


def test_no_redirect_is_followed(client: HttpClient, app: Recorder) -> None:
    elsewhere = Recorder()
    with Loopback(elsewhere) as other:
        app.status, app.headers = 307, {"Location": other.url + "/"}
        answer = client.send("POST", "/x", {})
        assert isinstance(answer, Answer)
        outcome = outcome_of_status(answer, repeatable=False)
        assert outcome == WrongAddress("HTTP 307: Temporary Redirect")
        app.headers = {"Location": "http://[broken"}
        assert isinstance(client.get("/x"), Answer)
    assert elsewhere.seen == []


def test_no_netrc_is_read(
    client: HttpClient, app: Recorder, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = home / "netrc"
    netrc.write_text(f"machine {HOST} login me password canary\n")
    monkeypatch.setenv("NETRC", str(netrc))
    client.get("/x")
    assert "HTTP_AUTHORIZATION" not in app.seen[0]


def test_no_cookie_comes_back(client: HttpClient, app: Recorder) -> None:
    app.headers = {"Set-Cookie": "a=b; Path=/"}
    client.get("/x")
    client.get("/x")
    assert "HTTP_COOKIE" not in app.seen[1]


def test_the_environments_proxy_is_used(
    url: str, app: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", url)
    client = HttpClient("http://server.invalid")
    assert client.get("/x") == Answer(status=200, json={}, is_json=True)
    assert app.seen[0]["PATH_INFO"] == "http://server.invalid/x"
    client.close()


class CountingSession(requests.Session):
    """A session that counts how often it looks at the environment."""

    merges = 0

    def merge_environment_settings(self, *args: object, **more: object) -> dict[str, object]:  # type: ignore[override]  # passed on
        self.merges += 1
        return dict(super().merge_environment_settings(*args, **more))  # type: ignore[arg-type]  # passed on


def test_the_environment_is_looked_at_once_and_again_after_an_error(app: Recorder) -> None:
    session = CountingSession()
    with Loopback(app) as loopback:
        client = HttpClient(loopback.url, make_session=lambda: session)
        for _ in range(3):
            client.get("/x")
        assert session.merges == 1
    assert isinstance(client.get("/x"), Offline)
    client.get("/x")
    assert session.merges == 2
    client.close()


def test_an_answer_without_end_is_cut(client: HttpClient, app: Recorder) -> None:
    app.content = b'"' + b"x" * MAX_ANSWER_BYTES + b'"'
    assert client.get("/x") == Answer(status=200)
    app.content = b"{}"
    assert client.get("/x") == Answer(status=200, json={}, is_json=True)


@pytest.mark.parametrize(
    ("content", "kind", "wanted"),
    [
        pytest.param(b"<p>hi", "text/html", Answer(status=200, is_html=True), id="html"),
        pytest.param(b"\n<!DOCTYPE html>", "", Answer(status=200, is_html=True), id="doctype"),
        pytest.param(b"\xff", "application/json", Answer(status=200), id="no-text"),
        pytest.param(b"", "", Answer(status=200), id="empty"),
        pytest.param(b"[" * 100_000, "", Answer(status=200), id="too-deep"),
        pytest.param(b"[1]", "text/html", Answer(status=200, json=[1], is_json=True), id="json"),
    ],
)
def test_an_answer_is_what_it_is(content: bytes, kind: str, wanted: Answer) -> None:
    assert inside(Recorder(content=content, content_type=kind)).get("/x") == wanted


@pytest.mark.parametrize(
    ("address", "wanted"),
    [
        pytest.param("server.example", "not valid", id="no-scheme"),
        pytest.param("ftp://server.example", "not valid", id="other-scheme"),
        pytest.param("http://", "not valid", id="no-host"),
        pytest.param("http://a..b", "not valid", id="bad-host"),
    ],
)
def test_an_address_that_is_none_is_wrong(address: str, wanted: str) -> None:
    outcome = HttpClient(address).get("/x")
    assert outcome == WrongAddress(f"Network error: the server's address is {wanted}")


@contextmanager
def raw_server(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """One connection on a port of this machine, handed to `serve`."""
    with socket.create_server((HOST, 0)) as listener:

        def run() -> None:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(DEADLINE_SECONDS)
        assert not thread.is_alive()


def take_and_hang_up(connection: socket.socket) -> None:
    connection.recv(65536)


def test_a_connection_cut_after_the_request_is_a_doubt_for_a_write_only() -> None:
    for method, kind in (("POST", Doubtful), ("DELETE", Doubtful), ("GET", Offline)):
        with raw_server(take_and_hang_up) as port:
            client = HttpClient(f"http://{HOST}:{port}")
            body: object = {} if method == "POST" else None
            outcome = client.get("/x") if method == "GET" else client.send(method, "/x", body)
            client.close()
        assert type(outcome) is kind
        assert outcome.reason.startswith("Network error: connection ")


def test_a_tls_handshake_that_is_cut_sent_nothing() -> None:
    with raw_server(take_and_hang_up) as port:
        client = HttpClient(f"https://{HOST}:{port}")
        outcome = client.send("POST", "/x", {})
        client.close()
    assert isinstance(outcome, Offline)


def test_a_certificate_nobody_signed_is_untrusted_and_nothing_is_sent(tmp_path: Path) -> None:
    pem = tmp_path / "certificate.pem"
    pem.write_text(CERTIFICATE)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem)
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        try:
            with context.wrap_socket(connection, server_side=True) as secured:
                received.append(secured.recv(1))
        except OSError:
            hang_up(connection)

    with raw_server(serve) as port:
        client = HttpClient(f"https://{HOST}:{port}")
        outcome = client.send("POST", "/x", {"token": "canary"})
        client.close()
    assert isinstance(outcome, Untrusted)
    assert outcome.reason.startswith("Network error: certificate not trusted: ")
    assert not any(received)
