"""The program as a user has it: real processes, in the test's own home."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.patience import stopwatch
from trayapp.accounts.tokens import Tokens
from trayapp.clock import SystemClock
from trayapp.config import Paths
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import JSON, Request
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore, StoredEvent

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60.0
_POLL_SECONDS = 0.02
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Mapping[str, JSON]:
        found: Mapping[str, JSON] = json.loads(self.out)
        return found


def trayapp(
    *typed: str | bytes, env: Mapping[str, str] | None = None, stdin: str | None = None
) -> Ran:
    """One command, run to its end."""
    with command(*typed, env=env, has_stdin=stdin is not None) as process:
        out, err = process.communicate(stdin, timeout=PATIENCE_SECONDS)
    return Ran(process.returncode, out, err)


def command(
    *typed: str | bytes, env: Mapping[str, str] | None = None, has_stdin: bool = False
) -> subprocess.Popen[str]:
    """One command, begun."""
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "trayapp", *typed],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.PIPE if has_stdin else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that happens in another process."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"in vain: {what}"
        pause.wait(_POLL_SECONDS)


def app_answers() -> bool:
    try:
        return ControlClient(Paths.of_user().channel_dir).ask(Request("hello"), 5).ok
    except ChannelError:
        return False


@contextmanager
def living(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    """An app from when it answers; ended as a session ends it, so that coverage is kept."""
    try:
        until(lambda: process.poll() is not None or app_answers(), "the app answers")
        assert process.poll() is None, process.communicate()
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
            process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)


@contextmanager
def running_app(*typed: str) -> Iterator[subprocess.Popen[str]]:
    """The real app, with its server inside."""
    with living(command("--no-tray", *typed)) as process:
        yield process


def end(process: subprocess.Popen[str], number: int = signal.SIGTERM) -> float:
    """Send a signal; the seconds until the process ended, which it must do with status 0."""
    with stopwatch() as taken:
        process.send_signal(number)
        assert process.wait(PATIENCE_SECONDS) == 0
    return taken.seconds


# -- an app that sends to a server of the test's -------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A server on loopback behind a proxy that can be told to misbehave."""

    store: EmbeddedStore
    proxy: MisbehavingProxy
    tokens: Tokens

    @property
    def arrived(self) -> list[StoredEvent]:
        found = self.store.entries_begun(0, 1_000_000 * _DAY_MS)
        return [event for entry_id in found for event in self.store.events(entry_id)]


@contextmanager
def server_line(root: Path) -> Iterator[Line]:
    auth = Authenticator(SystemClock())
    store = EmbeddedStore(root / "remote.db")
    pair = auth.issue()
    served = EmbeddedApp(store, authenticator=auth, hosts=LOOPBACK_HOSTS)
    try:
        with Loopback(served) as loopback, MisbehavingProxy(loopback.url) as proxy:
            tokens = Tokens(access=pair.access, refresh=pair.refresh)
            yield Line(store=store, proxy=proxy, tokens=tokens)
    finally:
        store.close()


@contextmanager
def app_at(line: Line, *, tokens: Tokens | None = None) -> Iterator[subprocess.Popen[str]]:
    """The app, sending to that server; see app_host."""
    given = tokens or line.tokens
    process = subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.integration.app_host", line.proxy.url],
        cwd=ROOT,
        env={**os.environ, "ACCESS": given.access, "REFRESH": given.refresh},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with living(process):
        yield process


# -- the database, past our own code -------------------------------------------------------


def rows(sql: str) -> list[tuple[object, ...]]:
    database = Paths.of_user().database
    with contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as found:
        return found.execute(sql).fetchall()


def kinds() -> list[object]:
    """What was clicked, in order."""
    return [kind for (kind,) in rows("SELECT kind FROM event ORDER BY seq")]


def fail(task_id: int, cause: str, reason: str, *, attempts: int = 1) -> None:
    """Make a task failed, as the worker would have."""
    run_sql(
        "UPDATE sync_queue SET status = 'failed', cause = ?, error_message = ?,"
        " retry_count = ?, last_retry_at = created_at + 1000 WHERE id = ?",
        *(cause, reason, attempts, task_id),
    )


def run_sql(sql: str, *values: str | int) -> None:
    """Make something so that takes long in real life."""
    with contextlib.closing(sqlite3.connect(Paths.of_user().database)) as found, found:
        found.execute(sql, values)
