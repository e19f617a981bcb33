"""Certificates: whom the app trusts, whom it does not, and what it says then."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme

from tests.fakes import FakeClock
from tests.hubnity_server import FEB, FakeHubnity
from tests.security.raw_server import raw_server, take_request
from trayapp.__main__ import main
from trayapp.accounts.tokens import MemoryTokenStore
from trayapp.app import surroundings
from trayapp.clock import SystemClock
from trayapp.config import ConfigError, Paths, Settings
from trayapp.demo.loopback import HOST, Loopback
from trayapp.servers.http import HttpClient
from trayapp.servers.http_answer import Answer
from trayapp.servers.trust import trust_also
from trayapp.sync.kind import Credentials, SignedIn
from trayapp.sync.outcome import Delivered, Outcome, Untrusted

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LONG_AGO, AGO = datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC)
DISTRUST = "Network error: certificate not trusted: "


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(made)
    return made


@pytest.fixture
def good(ca: trustme.CA) -> ssl.SSLContext:
    return context_of(ca.issue_cert(HOST))


def answer_of(context: ssl.SSLContext, seen: list[bytes] | None = None) -> Answer | Outcome:
    """What comes of sending a secret to a server with this certificate."""

    def serve(peer: socket.socket) -> None:
        request = take_request(peer)
        if seen is not None:
            seen.append(request)
        peer.sendall(HELLO)

    with raw_server(serve, context) as address:
        client = HttpClient(f"https://{address}")
        try:
            return client.send("POST", "/x", {"token": "canary"})
        finally:
            client.close()


def test_a_certificate_of_an_unknown_ca_is_untrusted_and_nothing_is_sent(
    good: ssl.SSLContext,
) -> None:
    seen: list[bytes] = []
    outcome = answer_of(good, seen)
    assert outcome == Untrusted(DISTRUST + "unable to get local issuer certificate")
    assert not any(seen)


@pytest.mark.parametrize("is_trusted", [False, True])
def test_an_expired_certificate_is_untrusted_whoever_signed_it(
    ca: trustme.CA, ca_file: Path, *, is_trusted: bool
) -> None:
    trust_also(str(ca_file) if is_trusted else "")
    expired = ca.issue_cert(HOST, not_before=LONG_AGO, not_after=AGO)
    outcome = answer_of(context_of(expired))
    assert isinstance(outcome, Untrusted)
    assert ("certificate has expired" in outcome.reason) is is_trusted


def test_a_certificate_for_another_host_is_untrusted(ca: trustme.CA, ca_file: Path) -> None:
    trust_also(str(ca_file))
    outcome = answer_of(context_of(ca.issue_cert("hours.example.org")))
    assert isinstance(outcome, Untrusted)
    assert outcome.reason.startswith(DISTRUST + "ip address mismatch")


def test_a_ca_named_in_the_settings_is_trusted_and_so_is_the_file_after_it_was_moved(
    good: ssl.SSLContext, ca_file: Path
) -> None:
    trust_also(str(ca_file))
    ca_file.unlink()
    assert isinstance(answer_of(good), Answer)


def test_without_the_file_only_the_others_are_trusted(
    good: ssl.SSLContext, ca_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trust_also(str(ca_file))
    ca_file.unlink()
    trust_also(str(ca_file))
    assert isinstance(answer_of(good), Untrusted)
    assert f"{ca_file}, named as ca_file, is not there" in caplog.text


def test_it_is_trusted_besides_the_others(ca_file: Path) -> None:
    other = trustme.CA()
    trust_also(str(ca_file))
    assert isinstance(answer_of(context_of(other.issue_cert(HOST))), Untrusted)


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_bundle_named_by_the_environment_is_trusted(
    good: ssl.SSLContext, ca_file: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(ca_file))
    assert isinstance(answer_of(good), Answer)


def test_beside_the_environments_bundle_the_setting_counts_too(
    good: ssl.SSLContext, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert isinstance(answer_of(good), Untrusted)
    trust_also(str(ca_file))
    assert isinstance(answer_of(good), Answer)


def test_the_environments_bundle_replaces_the_systems(
    good: ssl.SSLContext, ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("SSL_CERT_FILE", str(ca_file))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    assert isinstance(answer_of(good), Untrusted)


def test_a_ca_bundle_may_have_remarks_in_any_language(good: ssl.SSLContext, ca_file: Path) -> None:
    ca_file.write_bytes("# Наша фирма — Ночь\n".encode() + ca_file.read_bytes())
    trust_also(str(ca_file))
    assert isinstance(answer_of(good), Answer)


@pytest.mark.parametrize("url", ["https://hours.invalid", "http://hours.invalid"])
def test_a_proxys_own_certificate_is_checked_and_trusted_alike(
    good: ssl.SSLContext, ca_file: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []

    def serve(peer: socket.socket) -> None:
        seen.append(take_request(peer))
        peer.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with raw_server(serve, good) as address:
        for name in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"https://{address}")
        client = HttpClient(url)
        assert isinstance(client.send("POST", "/x", {"token": "canary"}), Untrusted)
        assert seen == []
        client.close()
        trust_also(str(ca_file))
        assert not isinstance(client.send("POST", "/x", {"token": "canary"}), Untrusted)
        client.close()
    assert [one.split()[0] for one in seen] == [b"CONNECT" if "https" in url else b"POST"]


class _Behind:
    """A handler's first step: the handshake."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context

    def of(self, plain: type[BaseHTTPRequestHandler]) -> type[BaseHTTPRequestHandler]:
        context = self.context

        def setup(self: BaseHTTPRequestHandler) -> None:
            self.request = context.wrap_socket(self.request.dup(), server_side=True)
            plain.setup(self)

        def finish(self: BaseHTTPRequestHandler) -> None:
            plain.finish(self)
            self.request.close()

        return type("_SecureHandler", (plain,), {"setup": setup, "finish": finish})


class SecureLoopback(Loopback):
    """A WSGI app at an address of this machine, over TLS."""

    def __init__(self, app: FakeHubnity, context: ssl.SSLContext) -> None:
        super().__init__(app)
        plain = self._make_handler
        self._make_handler = lambda: _Behind(context).of(plain())

    @property
    def url(self) -> str:
        return super().url.replace("http:", "https:")


def test_every_way_to_a_server_of_the_company_is_open_by_the_setting(
    good: ssl.SSLContext, ca_file: Path, tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(f'ca_file = "{ca_file}"\n')
    where = surroundings(Paths.under(tmp_path), Settings.read(settings), SystemClock())
    app = FakeHubnity(FakeClock(), FEB)
    with SecureLoopback(app, good) as secure:
        url, kind = secure.url + app.prefix, where.kinds["hubnity"]
        assert kind.recognise(url) == Delivered()
        signed = kind.sign_in(url, Credentials(user="me@example.com", password="correct horse"))
        assert isinstance(signed, SignedIn)
        server = kind.connect(url, MemoryTokenStore(signed.tokens))
        assert server.check() == Delivered()
        server.close()
        assert kind.sign_out(url, signed.tokens) == Delivered()
        # The other kind gets as far as the server's answer, too.
        assert not isinstance(where.kinds["timetagger"].recognise(url), Untrusted)
        trust_also("")
        for one in where.kinds.values():
            assert isinstance(one.recognise(url), Untrusted)


BAD_FILES = {
    "directory": "Is a directory",
    "empty": "it holds no certificate in PEM form",
    "words": "it holds no certificate in PEM form",
    "key": "it holds no certificate in PEM form",
    "broken": "it holds no certificate in PEM form",
    "binary": "it holds no certificate in PEM form",
}


@pytest.fixture(params=BAD_FILES)
def bad(request: pytest.FixtureRequest, tmp_path: Path, ca: trustme.CA) -> tuple[Path, str]:
    """A file that is no CA's, and what is wrong with it."""
    pem = ca.cert_pem.bytes()
    contents = {
        "empty": b"",
        "words": b"hello",
        "key": ca.private_key_pem.bytes(),
        "broken": pem[: len(pem) // 2] + b"\n-----END CERTIFICATE-----\n",
        "binary": ssl.PEM_cert_to_DER_cert(pem.decode()),
    }
    path = tmp_path / "ca.pem"
    if request.param == "directory":
        path.mkdir()
    elif request.param in contents:
        path.write_bytes(contents[request.param])
    return path, BAD_FILES[request.param]


def test_a_file_that_is_no_certificate_is_told_in_one_line(
    bad: tuple[Path, str], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, why = bad
    settings = Paths.of_user().settings
    settings.parent.mkdir(parents=True)
    settings.write_text(f'ca_file = "{path}"\n')
    assert main(["status"]) == 1
    told = capsys.readouterr().err
    assert f"ca_file = '{path}': {why}" in told
    assert told.count("\n") == 1
    assert not list(home.rglob("*.db"))


def test_a_path_that_depends_on_where_one_stands_is_refused(tmp_path: Path) -> None:
    settings = tmp_path / "settings.toml"
    for name in ("ca.pem", "~nobody-of-that-name/ca.pem", "/a\\u0000b"):
        settings.write_text(f'ca_file = "{name}"\n')
        with pytest.raises(ConfigError, match="ca_file"):
            Settings.read(settings)


def test_a_tilde_is_the_home(
    ca_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(ca_file.parent))
    settings = tmp_path / "settings.toml"
    settings.write_text(f'ca_file = "~/{ca_file.name}"\n')
    assert Settings.read(settings).ca_file == f"~/{ca_file.name}"
    trust_also(f"~/{ca_file.name}")


def test_no_setting_switches_the_check_off(good: ssl.SSLContext, tmp_path: Path) -> None:
    for name in ("verify", "verify_tls", "insecure"):
        settings = tmp_path / "settings.toml"
        settings.write_text(f"{name} = false\n")
        with pytest.raises(ConfigError, match="unknown setting"):
            Settings.read(settings)
    assert isinstance(answer_of(good), Untrusted)
