"""Tokens stay where they belong: their bytes are looked for everywhere after every kind of trouble."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.core_support import Bench, Wire, bench_over_http
from tests.integration.program_support import running, wait_until
from tests.integration.recorded_app import Order
from trayapp.accounts.tokens import Tokens
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import SAY_401, SAY_500, DropAfter, Fault, MisbehavingProxy, Say
from trayapp.desktop.menu import Item, tray_view
from trayapp.desktop.notices import failed_notice
from trayapp.log import start_logging, stop_logging
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.outcome import Outcome
from trayapp.sync.server import Capabilities, Nothing, TimeServer, Unit, Write
from trayapp.sync.status import Link
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

CANARY = "Canary9Token"


class Canaries:
    """Tokens that can be found again, each of them once."""

    def __init__(self) -> None:
        self.made: list[str] = []

    def make(self) -> str:
        self.made.append(f"{CANARY}-{len(self.made):04}-with+some/more_letters.0123456789")
        return self.made[-1]


Play = Callable[[Bench, Wire], None]


def _all_is_well(bench: Bench, _wire: Wire) -> None:
    bench.live(timedelta(hours=1))
    assert bench.status.all_sent


def _refreshed(bench: Bench, wire: Wire) -> None:
    wire.auth.expire_access()
    bench.live(timedelta(hours=1))
    assert bench.status.all_sent
    assert any(seen.path == "/token/refresh" for seen in wire.proxy.ledger)


def _refresh_refused(bench: Bench, wire: Wire) -> None:
    wire.auth.revoke()
    bench.live(timedelta(hours=1))
    assert bench.status.link is Link.SIGNED_OUT


def _always_401(bench: Bench, wire: Wire) -> None:
    wire.proxy.play(itertools.repeat(SAY_401))
    bench.live(timedelta(hours=1))
    assert bench.status.link is Link.SIGNED_OUT


def _no_answer(bench: Bench, wire: Wire) -> None:
    wire.proxy.play([DropAfter(), SAY_500, DropAfter()])
    bench.live(timedelta(hours=1))
    wire.proxy.stop()
    bench.clicks(Start("Offline"))
    bench.live(timedelta(hours=1))
    assert bench.status.link is Link.OFFLINE


def _echoed(status: int) -> Play:
    """The server quotes what it got: in words, in a URL, in another field, encoded."""

    def play(bench: Bench, wire: Wire) -> None:
        wire.proxy.play(_echoes(wire, status))
        for number in range(8):
            bench.clicks(Start(f"Project {number}"))
            bench.live(timedelta(minutes=20))
            bench.retry_all()
        assert not bench.status.all_sent

    return play


def _echoes(wire: Wire, status: int) -> Iterator[Fault]:
    forms: tuple[Callable[[str], str], ...] = (
        lambda token: f"bad token {token}",
        lambda token: f"{token} is not good",
        lambda token: f"see http://127.0.0.1/?access_token={quote(token, safe='')}&x=1",
        lambda token: f"Authorization: Bearer {token}",
        lambda token: repr({"refresh_token": token}),
        lambda token: "x" * 180 + token,  # where the words are cut
        lambda token: base64.b64encode(token.encode()).decode(),
    )
    for form in itertools.cycle(forms):
        tokens = wire.tokens.load()
        assert tokens is not None
        for token in (tokens.access, tokens.refresh):
            words = form(token)
            body = json.dumps({"error": words, "message": words, "token": token})
            header = {"Retry-After": token, "X-Token": token}
            yield Say(status=status, body=body, headers=header)


_PATHS: list[object] = [
    pytest.param(_all_is_well, id="all is well"),
    pytest.param(_refreshed, id="refreshed"),
    pytest.param(_refresh_refused, id="refresh refused"),
    pytest.param(_always_401, id="401"),
    pytest.param(_no_answer, id="no answer"),
    *(pytest.param(_echoed(status), id=f"echoed in a {status}") for status in _STATUSES)
    if (_STATUSES := (200, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503))
    else (),
]
