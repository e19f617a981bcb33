"""Server and keyring: every outcome has its words, nothing is opened, only one server is asked."""

# ruff: noqa: ARG002  # the fakes refuse what they are given

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.fakes import START
from trayapp.accounts.keyring_port import KeyringFailed, NotKept
from trayapp.accounts.tokens import Tokens, TokensLocked, TokenStore
from trayapp.doctor.check import Finding, State
from trayapp.doctor.server import look_at_keyring, look_at_server
from trayapp.doctor.storage import Known
from trayapp.sync.kind import Credentials, SignedIn
from trayapp.sync.outcome import (
    Delivered,
    Offline,
    Outcome,
    ServerTrouble,
    Throttled,
    Untrusted,
    WrongAddress,
)
from trayapp.sync.server import TimeServer
from trayapp.sync.skew import tell
from trayapp.sync.status import AccountView, SyncStatus

URL = "https://time.example:8443/api"


@dataclass
class FakeKind:
    """A kind of server that answers a look, and nothing else."""

    outcome: Outcome
    skew: timedelta | None = None
    asked: list[str] = field(default_factory=list)
    name = "fake"
    label = "Fake"
    takes_password = True
    takes_token = True
    prefixes: tuple[str, ...] = ()

    def recognise(self, url: str) -> Outcome:
        self.asked.append(url)
        if self.skew is not None:
            tell(self.skew)
        return self.outcome

    def sign_in(self, url: str, credentials: Credentials) -> SignedIn | Outcome:
        raise AssertionError

    def sign_out(self, url: str, tokens: Tokens) -> Outcome:
        raise AssertionError

    def connect(self, url: str, tokens: TokenStore) -> TimeServer:
        raise AssertionError


@dataclass
class FakeKeyring:
    """A keyring that may only be asked whether it is locked."""

    locked: bool | Exception | None

    def get(self, account: str) -> str | None:
        raise AssertionError

    def set(self, account: str, text: str) -> None:
        raise AssertionError

    def delete(self, account: str) -> None:
        raise AssertionError

    def is_locked(self) -> bool | None:
        if isinstance(self.locked, Exception):
            raise self.locked
        return self.locked


def known(kind: str = "fake", *, skew: timedelta | None = None) -> Known:
    account = AccountView(kind=kind, url=URL, user="anna")
    signed_in = kind != "embedded"
    return Known(
        status=SyncStatus(as_of=START, account=account, signed_in=signed_in, clock_skew=skew)
    )


def server(kind: FakeKind, of: Known | None = None) -> Finding:
    return look_at_server(of or known(), {"fake": kind})["server"]


# -- server --------------------------------------------------------------------------------


def test_a_server_that_answers_is_ok_and_is_asked_once_at_its_own_address() -> None:
    kind = FakeKind(Delivered())
    assert server(kind) == Finding(State.OK, "Fake at time.example:8443 answers.")
    assert kind.asked == [URL]


@pytest.mark.parametrize(
    ("outcome", "words", "advice"),
    [
        pytest.param(
            Offline("Network error: {refused}"),
            "Fake at time.example:8443 cannot be reached (Network error: {refused}).",
            "Check the network, and the address by “trayapp login”.",
            id="offline",
        ),
        pytest.param(
            Untrusted("Network error: certificate expired"),
            "Fake at time.example:8443 cannot prove that it is who it says"
            " (Network error: certificate expired).",
            "Check the date of this computer, or ask the server's administrator; for a server of"
            " your company, name its CA in the settings (ca_file).",
            id="untrusted",
        ),
        pytest.param(
            WrongAddress("HTTP 404: Not Found"),
            f"What answers at {URL} is no such server (HTTP 404: Not Found).",
            "Check the network, and the address by “trayapp login”.",
            id="wrong address",
        ),
        pytest.param(
            Throttled("HTTP 429: Too Many Requests"),
            "Fake at time.example:8443 wants to be asked less often (HTTP 429: Too Many Requests).",
            "Nothing need be done: Trayapp waits as long as it is told.",
            id="throttled",
        ),
        pytest.param(
            ServerTrouble("HTTP 503: Service Unavailable"),
            "Fake at time.example:8443 cannot answer now (HTTP 503: Service Unavailable).",
            "Nothing need be done here. If it lasts, tell the server's administrator.",
            id="trouble",
        ),
    ],
)
def test_each_trouble_says_what_it_is_what_it_means_and_what_to_do(
    outcome: Outcome, words: str, advice: str
) -> None:
    found = server(FakeKind(outcome))
    assert found == Finding(State.WARNING, words + " Your hours are safe on this computer.", advice)


def test_without_an_account_nobody_is_asked() -> None:
    kind = FakeKind(Delivered())
    assert server(kind, known("embedded")).state is State.OK
    assert server(kind, Known()).state is State.UNKNOWN
    assert kind.asked == []


def test_the_clock_is_told_by_the_servers_answer_else_by_the_last_one() -> None:
    def clock(kind: FakeKind, of: Known) -> str:
        return look_at_server(of, {"fake": kind})["clock"].message

    ahead, behind = timedelta(hours=1), timedelta(hours=-2)
    kind = FakeKind(Delivered(), skew=ahead)
    assert "1:00 ahead" in clock(kind, known(skew=behind))
    # A portal that answers in JSON has no say.
    portal = FakeKind(WrongAddress("HTTP 200: …"), skew=ahead)
    assert "2:00 behind" in clock(portal, known(skew=behind))
    assert "no server's clock" in clock(portal, known())
    assert "1:00 ahead" not in clock(kind, known("embedded"))


# -- keyring -------------------------------------------------------------------------------


def keyring(locked: bool | Exception | None, of: Known) -> Finding:  # noqa: FBT001  # as it is asked
    return look_at_keyring(of, lambda: FakeKeyring(locked))["keyring"]


@pytest.mark.parametrize("locked", [False, None], ids=["open", "cannot tell"])
def test_an_open_keyring_is_ok(locked: bool | None) -> None:  # noqa: FBT001
    assert keyring(locked, known()).state is State.OK


@pytest.mark.parametrize("locked", [True, TokensLocked()], ids=["says so", "raises"])
def test_a_locked_keyring_needs_who_is_signed_in_and_nobody_else(
    locked: bool | Exception,  # noqa: FBT001
) -> None:
    found = keyring(locked, known())
    assert found.state is State.WARNING
    assert found.message.endswith("What you track is recorded, and sent when it is open.")
    assert found.advice == "Unlock it, or log in to the desktop anew."
    assert keyring(locked, known("embedded")).state is State.OK


def test_no_keyring_needs_who_is_signed_in_and_nobody_else() -> None:
    found = keyring(KeyringFailed(NotKept.ABSENT), known())
    assert found.state is State.WARNING
    assert "a sign-in lasts only until Trayapp quits" in found.message
    assert found.advice == "Install or start one, such as gnome-keyring."
    assert keyring(KeyringFailed(NotKept.REFUSED), known("embedded")).state is State.OK
