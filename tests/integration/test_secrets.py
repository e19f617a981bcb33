"""Tokens stay where they belong: their bytes are looked for everywhere, after every trouble."""

from __future__ import annotations

import base64
import itertools
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.integration.core_support import Bench, Wire, bench_over_http
from tests.integration.program_support import running, served, wait_until
from tests.integration.recorded_app import Order
from trayapp.accounts.tokens import Tokens
from trayapp.demo.proxy import SAY_401, SAY_500, DropAfter, Fault, MisbehavingProxy, Say
from trayapp.desktop.menu import Item, tray_view
from trayapp.log import start_logging, stop_logging
from trayapp.sync.outcome import Outcome
from trayapp.sync.sentences import explain_failed
from trayapp.sync.server import Capabilities, Nothing, TimeServer, Unit, Write
from trayapp.sync.status import Link
from trayapp.tracking.catalog import Catalog
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

CANARY = "Canary9Token"
TAIL = "letters0123456789"


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
        for number in range(20):
            bench.clicks(Start(f"Project {number}"))
            bench.live(timedelta(minutes=20))
            bench.retry_all()
        assert not bench.status.all_sent

    return play


def _echoes(wire: Wire, status: int) -> Iterator[Fault]:
    forms: tuple[Callable[[str], str], ...] = (
        lambda token: f"bad token {token}",
        lambda token: f"see http://127.0.0.1/session/{quote(token, safe='')}/",
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


_STATUSES = (200, 400, 401, 403, 404, 409, 410, 422, 429, 500, 503)
_PATHS = [
    pytest.param(_all_is_well, id="all is well"),
    pytest.param(_refreshed, id="refreshed"),
    pytest.param(_refresh_refused, id="refresh refused"),
    pytest.param(_always_401, id="401"),
    pytest.param(_no_answer, id="no answer"),
    *(pytest.param(_echoed(status), id=f"echoed in a {status}") for status in _STATUSES),
]


@pytest.mark.parametrize("play", _PATHS)
def test_no_byte_of_a_token_is_on_disk_or_in_any_text(tmp_path: Path, play: Play) -> None:
    with _logging_everything(tmp_path), bench_over_http(tmp_path, make_token=_canaries()) as both:
        bench, wire = both
        bench.clicks(Start("Website"), Pause(), Resume(), Stop())
        play(bench, wire)
        assert _found_in(*_texts(bench)) == []
        assert _found_on_disk(tmp_path) == []  # with the write-ahead log as it is now
    assert _found_on_disk(tmp_path) == []
    assert (tmp_path / "log").stat().st_size > 0


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    token = _canaries()()
    hidden = {
        "plain": token.encode(),
        "quoted": f"x={quote(token, safe='')}".encode(),
        "base64": base64.b64encode(token.encode()),
        "utf-16": token.encode("utf-16-le"),
        "in a page": b"\0" * 4000 + token.encode() + b"\0" * 4000,
    }
    for name, content in hidden.items():
        (tmp_path / name).write_bytes(content)
    assert _found_on_disk(tmp_path) == sorted(hidden)
    assert _found_in(token) == [token]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_carries_no_token_to_another_host(tmp_path: Path, status: int) -> None:
    with (
        MisbehavingProxy("http://127.0.0.1:9") as elsewhere,
        bench_over_http(tmp_path, make_token=_canaries()) as (bench, wire),
    ):
        away = Say(status=status, headers={"Location": f"{elsewhere.url}/token/refresh"})
        wire.proxy.play(itertools.repeat(away))
        bench.clicks(Start("Website"))
        bench.live(timedelta(days=1))
        refreshes = lambda _method, path: path == "/token/refresh"  # noqa: E731  # one line says it
        wire.proxy.play(itertools.repeat(away), only=refreshes)
        wire.auth.expire_access()
        bench.retry_all()
        bench.live(timedelta(days=1))
        asked = {seen.path for seen in wire.proxy.ledger}
        assert "/token/refresh" in asked
        assert not bench.status.all_sent
        assert elsewhere.ledger == ()


def test_a_traceback_in_the_log_shows_no_token(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with (
        _logging_everything(tmp_path),
        bench_over_http(tmp_path, make_token=_canaries()) as (bench, wire),
    ):
        tokens, serve = wire.tokens.load(), bench.serve
        assert tokens is not None
        known = tokens
        bench.serve = lambda: Exploding(serve(), known)
        bench.clicks(Start("Website"))
        bench.core.worker.start()
        wait_until(lambda: "Traceback" in log.read_text(encoding="utf-8"))
        assert bench.core.worker.stop(10)
    written = log.read_text(encoding="utf-8")
    assert "RuntimeError" in written
    assert "what was sent" in written
    assert _found_on_disk(tmp_path) == []


def test_no_process_shows_a_token_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = tmp_path / "shown"
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text(f"#!/bin/sh\ncat /proc/$$/environ /proc/$$/cmdline > {shown}\n")
    opener.chmod(0o700)
    monkeypatch.setenv("PATH", f"{opener.parent}:{os.environ['PATH']}")
    with served(tmp_path, make_token=_canaries()) as (proxy, auth):
        pair = auth.issue()
        order = Order(
            root="",
            record="",
            url=proxy.url,
            access=pair.access,
            refresh=pair.refresh,
            opens_log=True,
        )
        with running(tmp_path, order=order) as app:
            app.click("start", project="Website")
            app.wait_until_all_sent()
            auth.expire_access()
            app.click("pause")
            app.wait_until_all_sent()
            wait_until(lambda: shown.exists() and str(app.paths.log).encode() in shown.read_bytes())
            process = Path(f"/proc/{app.process.pid}")
            for name in ("cmdline", "environ"):
                assert _found_in((process / name).read_bytes().decode(errors="replace")) == []
        assert any(seen.path == "/token/refresh" for seen in proxy.ledger)
    assert _found_in(app.output) == []
    # The statements SQLite ran are among the files, with their values.
    assert "INSERT INTO event" in (tmp_path / "record.json").read_text(encoding="utf-8")
    assert _found_on_disk(tmp_path) == []


class Exploding:
    """A server's client with a defect: it breaks with everything it knows in its words."""

    def __init__(self, real: TimeServer, tokens: Tokens) -> None:
        self._real = real
        self._tokens = tokens

    @property
    def capabilities(self) -> Capabilities:
        return self._real.capabilities

    def plan(self, unit: Unit) -> Write | Nothing:
        return self._real.plan(unit)

    def send(self, write: Write) -> Outcome:
        self._real.send(write)  # from now on the program knows these tokens
        cause = ValueError(self._tokens.access, {"refresh_token": self._tokens.refresh})
        msg = f"what was sent: {self._tokens.access!r} {self._tokens}"
        raise RuntimeError(msg) from cause

    def look(self, unit: Unit, write: Write) -> Outcome:
        return self._real.look(unit, write)

    def twins(self, unit: Unit, segment_id: str) -> tuple[str, ...] | Outcome:
        return self._real.twins(unit, segment_id)

    def check(self) -> Outcome:
        return self._real.check()

    def catalog(self) -> Catalog | Outcome:
        return self._real.catalog()

    def close(self) -> None:
        self._real.close()


def _canaries() -> Callable[[], str]:
    """Tokens that can be found again, each of them once."""
    numbers = itertools.count()
    return lambda: f"{CANARY}-{next(numbers):04}+with/others_of.64~{TAIL}"


def _texts(bench: Bench) -> list[str]:
    """Everything that is shown anywhere."""
    status = bench.status
    rows = [row.label for row in tray_view(status).rows if isinstance(row, Item)]
    told = [explain_failed(found, status) for found in status.failed_causes]
    tasks = bench.rows("SELECT * FROM sync_queue") + bench.rows("SELECT * FROM attempt")
    gates = bench.rows("SELECT * FROM account")
    return [
        tray_view(status).title,
        *rows,
        *(f"{words.title} {words.text}" for words in told),
        *(repr(one) for one in (status, bench.failed, tasks, gates)),
    ]


_FORMS = tuple(
    form.encode(encoding)
    for form in (CANARY, TAIL, base64.b64encode(CANARY.encode()[:9]).decode())
    for encoding in ("utf-8", "utf-16-le")
)


def _found_in(*texts: str) -> list[str]:
    return [text for text in texts if any(form in text.encode() for form in _FORMS)]


def _found_on_disk(root: Path) -> list[str]:
    """The files that hold a part of any token; all of a database's pages are in its files."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    found = [path for path in files if any(form in path.read_bytes() for form in _FORMS)]
    return [str(path.relative_to(root)) for path in found]


@contextmanager
def _logging_everything(root: Path) -> Iterator[None]:
    start_logging(root / "log", level=logging.DEBUG)
    try:
        yield
    finally:
        stop_logging()
