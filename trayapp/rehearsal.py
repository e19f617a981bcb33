"""The demo, put together: the real app, the embedded server on loopback, a proxy, a camera.

Everything lives below a temporary directory; neither the user's queue nor keyring is touched.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from trayapp import commands
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.app import App
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.control.client import ControlClient
from trayapp.control.messages import Request
from trayapp.core import Surroundings
from trayapp.demo.loopback import Loopback
from trayapp.demo.proxy import MisbehavingProxy
from trayapp.demo.story import Story, StoryError
from trayapp.i18n import _
from trayapp.launch import run_app
from trayapp.queue.reader import QueueReader
from trayapp.servers.embedded import over_http
from trayapp.servers.embedded_app import LOOPBACK_HOSTS, EmbeddedApp
from trayapp.servers.embedded_auth import Authenticator
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.explanations import retry_result
from trayapp.sync.rules import Rules
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import AccountView, RetryResult, SyncStatus
from trayapp.sync.waiting import Waits
from trayapp.tracking.entry import to_ms

if TYPE_CHECKING:
    from trayapp.desktop.camera import Camera

logger = logging.getLogger(__name__)

_ASK_SECONDS = 30.0
_USER = "demo"
# The waits of a real day, shortened to the patience of somebody who watches.
_WAITS = Waits(
    offline_first=timedelta(seconds=0.5),
    offline_longest=timedelta(seconds=1),
    trouble_first=timedelta(seconds=0.3),
    trouble_longest=timedelta(seconds=60),
    address_first=timedelta(seconds=4),
    address_longest=timedelta(seconds=4),
    first_look=timedelta(seconds=0.2),
    between_looks=timedelta(seconds=0.5),
)


def play_demo(
    screenshots: Path | None, *, make_store: Callable[[Path], EmbeddedStore] = EmbeddedStore
) -> int:
    """Play the story; 0 only when everything arrived as it was clicked."""
    with tempfile.TemporaryDirectory(prefix="trayapp-demo-") as root:
        return _Rehearsal(Paths.under(Path(root)), _camera(screenshots), make_store).run()


def _camera(screenshots: Path | None) -> Camera | None:
    if screenshots is None or not os.environ.get("DISPLAY"):
        return None
    from trayapp.desktop.camera import Camera  # noqa: PLC0415  # Pillow only where it is used

    return Camera(screenshots)


class _Rehearsal:
    """The stage of the story. Its methods run on the story's thread."""

    def __init__(
        self, paths: Paths, camera: Camera | None, make_store: Callable[[Path], EmbeddedStore]
    ) -> None:
        paths.make()
        self._paths = paths
        self._camera = camera
        self._clock = SystemClock()
        self._authenticator = Authenticator(self._clock)
        self._store = make_store(paths.embedded_database)
        self._tokens = MemoryTokenStore()
        app = EmbeddedApp(
            self._store, user=_USER, authenticator=self._authenticator, hosts=LOOPBACK_HOSTS
        )
        self._server = Loopback(app)
        self._client = ControlClient(paths.channel_dir)
        self._app: App | None = None
        self._arrived = False

    def run(self) -> int:
        """Start everything, play, and take it down."""
        self._server.start()
        self.proxy = MisbehavingProxy(self._server.url).start()
        self._issue_tokens()
        spread = random.SystemRandom()
        where = Surroundings(
            paths=self._paths,
            clock=self._clock,
            server_for=lambda _account: over_http(self.proxy.url, self._tokens),
            rules=Rules(jitter=lambda wait: wait * spread.uniform(0.9, 1.1), waits=_WAITS),
        )
        thread = threading.Thread(target=self._play, name="story", daemon=True)

        def ready(app: App) -> None:
            self._app = app
            app.post(thread.start)

        account = AccountView(kind="embedded", url=self.proxy.url, user=_USER)
        try:
            status = run_app(where, Settings(), tray=True, account=account, ready=ready)
        finally:
            self.proxy.stop()
            self._server.stop()
            self._store.close()
        return status if self._arrived else 1

    def _play(self) -> None:
        try:
            self._arrived = Story(self, _tell).play()
        except Exception:
            logger.exception("The story broke off")
            _tell(_("FAILED: {what}").format(what="see the log above"))
        finally:
            self._client.ask(Request("quit"), _ASK_SECONDS)

    # -- Stage -----------------------------------------------------------------------------

    def click(self, name: str, *, project: str | None = None, note: str | None = None) -> None:
        request = commands.click_request(name, self._clock.stamp(), project=project, note=note)
        reply = self._client.ask(request, _ASK_SECONDS)
        if not reply.ok or not reply.changed:
            raise StoryError(reply.message)

    def retry_all(self) -> str:
        reply = self._client.ask(Request("retry", {"wait": True}), _ASK_SECONDS)
        value = reply.value
        return retry_result(
            RetryResult(
                number=1,
                sent=int(str(value["sent"])),
                failed=int(str(value["failed"])),
                waiting=int(str(value["waiting"])),
                reason=str(value["reason"]),
            )
        )

    def expire_tokens(self, *, refresh_too: bool) -> None:
        if refresh_too:
            self._authenticator.revoke()
        else:
            self._authenticator.expire_access()

    def sign_in(self) -> None:
        self._issue_tokens()
        if self._app is not None:
            self._app.post(self._app.core.sign_in_again)

    def status(self) -> SyncStatus:
        reader = QueueReader(self._paths.database)
        try:
            return read_status(reader, self._clock.now())
        finally:
            reader.close()

    def photograph(self, name: str) -> None:
        path = self._camera.photograph(name) if self._camera else None
        if path is not None:
            _tell(_("   Picture: {path}").format(path=path))

    def complaint(self) -> str:
        reader = QueueReader(self._paths.database)
        try:
            clicked = [
                (event.id, event.kind.value, to_ms(event.at), event.project, event.note)
                for recent in reversed(reader.recent(100))
                for event in reader.events(recent.entry.id)
            ]
        finally:
            reader.close()
        day = timedelta(days=1)
        span = (to_ms(self._clock.now() - day), to_ms(self._clock.now() + day))
        arrived = [
            (event.id, event.kind, event.at_ms, event.project, event.note)
            for entry_id in self._store.entries_begun(*span)
            for event in self._store.events(entry_id)
        ]
        if arrived == clicked:
            return ""
        text = _("{clicked} clicks were made, the server has {arrived} events, and they differ.")
        return text.format(clicked=len(clicked), arrived=len(arrived))

    def _issue_tokens(self) -> None:
        pair = self._authenticator.issue()
        self._tokens.save(Tokens(access=pair.access, refresh=pair.refresh))


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
