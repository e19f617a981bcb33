"""Passwords and tokens of a sign-in: looked for in every file, text and process there is."""

from __future__ import annotations

import base64
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.hubnity_server import FEB, FakeHubnity
from tests.integration.program import Ran, app_answers, command, running_app, trayapp, until
from trayapp.clock import SystemClock
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy, Say

PASSWORD = "Canary9Password-äß"  # noqa: S105  # what is looked for
ANNA = "anna@x.example"


@dataclass(slots=True, kw_only=True)
class Trap:
    """A server, a second host that nobody may be led to, and all that was ever printed."""

    app: FakeHubnity
    proxy: MisbehavingProxy
    other: MisbehavingProxy
    keyring: Path
    home: Path
    said: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)

    def login(self, password: str = PASSWORD, *more: str) -> Ran:
        url = self.proxy.url + self.app.prefix
        ran = self.run(
            *("login", "--server", "hubnity", "--url", url, "--user", ANNA, "--password-stdin"),
            *more,
            stdin=password,
        )
        self.learn()
        return ran

    def run(self, *typed: str, stdin: str | None = None) -> Ran:
        ran = trayapp(*typed, stdin=stdin)
        self.said += [ran.out, ran.err]
        return ran

    def learn(self) -> None:
        """Note every token that was ever given out."""
        if self.keyring.exists():
            for item in json.loads(self.keyring.read_text()).values():
                self.tokens |= {token for token in json.loads(item).values() if token}

    def finds(self) -> list[str]:
        """Where a secret is, in whatever form."""
        secrets = {PASSWORD, *self.tokens}
        forms = {form for secret in secrets for form in _forms(secret)}
        places = {str(path): path.read_bytes() for path in self.files()}
        places["what was printed"] = "\n".join(self.said).encode()
        places["the processes"] = _processes()
        return [
            where for where, content in places.items() for form in forms if form.encode() in content
        ]

    def files(self) -> list[Path]:
        found = (path for path in self.home.rglob("*") if path.is_file())
        return [path for path in found if path != self.keyring]


def _forms(secret: str) -> tuple[str, ...]:
    return (
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(secret.encode()).decode(),
    )


def _processes() -> bytes:
    found = b""
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                found += (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
            except OSError:
                continue
    return found


@pytest.fixture
def trap(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trap]:
    keyring = home / "keyring.json"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "tests.file_keyring.FileKeyring")
    monkeypatch.setenv("FILE_KEYRING", str(keyring))
    app = FakeHubnity(SystemClock(), FEB)
    app.add_user(ANNA).password = PASSWORD
    with (
        Loopback(app) as loopback,
        MisbehavingProxy(loopback.url) as proxy,
        MisbehavingProxy(loopback.url) as other,
    ):
        yield Trap(app=app, proxy=proxy, other=other, keyring=keyring, home=home)


def test_after_signing_in_sending_and_signing_out(trap: Trap) -> None:
    with running_app():
        assert trap.login().status == 0
        trap.run("start", "Website")
        trap.run("stop")
        until(lambda: trayapp("status", "--json").json["pending"] == 0, "all is sent")
        for typed in (("status", "--json"), ("failed", "--json"), ("recent", "--json")):
            trap.run(*typed)
        assert trap.finds() == []
        trap.run("logout")
    assert trap.tokens
    assert trap.finds() == []


def test_after_a_refused_password_and_a_server_that_repeats_it(trap: Trap) -> None:
    words = json.dumps({"message": f"no {PASSWORD} here", "error": PASSWORD, "statusCode": 401})
    for status in (400, 401, 403, 422, 429, 500):
        trap.proxy.play(
            [Say(status=status, body=words)] * 3, only=lambda _verb, path: path.endswith("/login")
        )
        assert trap.login().status != 0
        trap.proxy.play([])
    assert trap.finds() == []


def test_after_the_server_repeats_a_token_and_sends_it_elsewhere(trap: Trap) -> None:
    trap.login()
    (access, *_rest) = sorted(trap.tokens, key=len, reverse=True)
    for status in (302, 307, 401, 404, 422, 500):
        body = json.dumps({"message": f"bad token {access} in {quote(access)}"})
        headers = {"Location": f"{trap.other.url}/?token={access}"}
        trap.proxy.play([Say(status=status, body=body, headers=headers)] * 50)
        trap.run("start", "Website", "--note", str(status))
        trap.run("retry", "--wait")
        trap.run("failed", "--json")
        trap.run("status", "--json")
    assert not trap.other.ledger
    assert trap.finds() == []


def test_after_a_refresh_that_is_refused(trap: Trap) -> None:
    trap.login()
    trap.app.tokens.revoke()
    trap.run("start", "Website")
    trap.run("retry", "--wait")
    assert "401" in trap.run("failed", "--json").out
    assert trap.finds() == []


def test_after_a_crash(trap: Trap) -> None:
    with command("--no-tray") as process:
        until(app_answers, "the app answers")
        trap.login()
        trap.run("start", "Website")
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert trap.finds() == []


def test_an_argument_cannot_carry_a_secret(trap: Trap) -> None:
    assert trap.run("login", "--help").status == 0
    for option in ("--password", "--token"):
        assert trap.run("login", option, "x").status == 2


def test_the_search_finds_what_is_there(trap: Trap) -> None:
    trap.login()
    (trap.home / "copy").write_bytes(b"\0" + trap.keyring.read_bytes())
    trap.said.append(f"the password is {PASSWORD}")
    assert set(trap.finds()) == {str(trap.home / "copy"), "what was printed"}
