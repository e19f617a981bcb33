"""The app: builds every object, starts and stops them in order, and lives on the main thread.

Everything that happens comes as a job into one inbox; only `App.run` takes them out. Other
threads post and go on.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from trayapp import commands
from trayapp.clock import Clock
from trayapp.config import Paths, Settings
from trayapp.control.channel import ControlServer
from trayapp.control.connection import Responder
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.core import Core, Listener, Surroundings
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action
from trayapp.i18n import _
from trayapp.queue.errors import QueueError
from trayapp.queue.task import Account
from trayapp.servers.embedded import inside
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.policy import Waits
from trayapp.sync.server import TimeServer
from trayapp.sync.settlement import Rules
from trayapp.sync.snapshot import Extras
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import Stamp, TrackerState, to_ms
from trayapp.watch import GapWatch

logger = logging.getLogger(__name__)

_MINUTE = timedelta(minutes=1)
_STOP_SECONDS = 4.0
_MOMENT = timedelta(milliseconds=50)


def surroundings(paths: Paths, settings: Settings, clock: Clock) -> Surroundings:
    """What the real program is put into."""
    spread = random.Random()  # noqa: S311  # spreads waits, guards nothing

    def jitter(wait: timedelta) -> timedelta:
        return wait * spread.uniform(0.9, 1.1)

    def server_for(account: Account) -> TimeServer:
        if account.kind != "embedded":
            msg = f"no server of the kind {account.kind!r} is built in"
            raise ValueError(msg)
        store = EmbeddedStore(paths.embedded_database)
        return inside(EmbeddedApp(store), closed=store.close)

    waits = Waits(between_looks=timedelta(seconds=settings.look_seconds))
    rules = Rules(jitter=jitter, max_attempts=settings.max_attempts, waits=waits)
    return Surroundings(paths=paths, clock=clock, server_for=server_for, rules=rules)


class App:
    """The running program. `run` blocks until `quit`; `post` and `quit` may come from anywhere."""

    def __init__(self, where: Surroundings, *, faces: Faces) -> None:
        """Raises QueueError when the queue cannot be opened."""
        self._clock = where.clock
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._quitting = False
        self._publish_is_due = threading.Event()
        self._removed = 0
        self.core = Core(
            where,
            Listener(
                changed=self._publish_soon,
                rested=self._on_rest,
                removed=lambda _entry: self.post(self._count_removed),
            ),
        )
        self._retries = commands.Retries(
            self.core.retrier, self.core.reader, wake=self.core.worker.wake
        )
        self._watch = GapWatch(where.paths.last_seen, where.clock)
        self._control = ControlServer(where.paths.channel_dir, self._on_request)
        self._faces = faces
        self._log_path = where.paths.log
        self._status: SyncStatus | None = None

    # -- life ------------------------------------------------------------------------------

    def run(self) -> bool:
        """Live until told to quit; False when the worker had to be left in a hanging request."""
        try:
            self._control.start()
        except ChannelError as error:
            logger.warning("The command line cannot talk to the app: %s", error)
        self._tick()
        self._faces.start(self._refreshed(), post=self._on_action, host=self._on_host)
        self.core.worker.start()
        logger.info("Trayapp runs")
        while not self._quitting:
            try:
                job = self._inbox.get(timeout=self._until_next_minute())
            except queue.Empty:
                job = self._tick
            self._do(job)
        return self._stop()

    def quit(self) -> None:
        """End soon. Any thread, and signal handlers."""
        self.post(self._quit)

    def post(self, job: Callable[[], None]) -> None:
        """Have this done on the main thread; never blocks."""
        self._inbox.put(job)

    def _quit(self) -> None:
        self._quitting = True

    def _do(self, job: Callable[[], None]) -> None:
        try:
            job()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
        except Exception:
            logger.exception("Unexpected; going on")

    def _stop(self) -> bool:
        deadline = self._clock.boot() + timedelta(seconds=_STOP_SECONDS)
        self.core.worker.stop(0)  # takes no more work while the others end
        self._control.stop()
        self._faces.stop()
        left = (deadline - self._clock.boot()).total_seconds()
        ended = self.core.worker.stop(max(0.0, left))
        if ended:
            self.core.close()
        logger.info("Trayapp has ended" if ended else "Trayapp ends in the middle of a request")
        return ended

    # -- time passing ----------------------------------------------------------------------

    def _until_next_minute(self) -> float | None:
        """Seconds until the shown time changes; None: nothing changes by itself."""
        status = self._status
        if status is None or status.entry is None or status.tracker is not TrackerState.RUNNING:
            return None
        worked = status.entry.worked + (self._clock.now() - status.as_of)
        return (_MINUTE - worked % _MINUTE + _MOMENT).total_seconds()

    def _tick(self) -> None:
        self._observe()
        self._publish()

    def _observe(self) -> None:
        events = self.core.reader.newest_entry()
        runs = bool(events) and events[-1].kind.opens
        self._watch.seen(running_since=events[-1].at if runs else None)

    # -- status ----------------------------------------------------------------------------

    def _publish_soon(self) -> None:
        if not self._publish_is_due.is_set():
            self._publish_is_due.set()
            self.post(self._publish)

    def _publish(self) -> None:
        # Cleared before the queue is read, so that no change is missed.
        self._publish_is_due.clear()
        self._faces.show(self._refreshed())

    def _refreshed(self) -> SyncStatus:
        extras = Extras(
            gap_since=self._watch.gap_since,
            removed=self._removed,
            retrying=self.core.retrier.is_running,
            retry=self._retries.result,
        )
        self._status = self.core.status(extras)
        return self._status

    def _count_removed(self) -> None:
        self._removed += 1
        self._publish()

    def _on_rest(self) -> None:
        """Runs on the sync thread."""
        number = self._retries.number
        self.post(lambda: self._rested(number))

    def _rested(self, number: int) -> None:
        if self._retries.rested(number):
            self._publish()

    # -- what is asked ---------------------------------------------------------------------

    def _on_action(self, action: Action) -> None:
        """A click in the menu: stamped and posted, nothing else. Runs on the tray's thread."""
        stamp = self._clock.stamp()
        self.post(lambda: self._act(action, stamp))

    def _on_request(self, request: Request, responder: Responder) -> None:
        """Runs on the control thread."""
        now = self._clock.stamp()
        self.post(lambda: self._answer(request, responder, now))

    def _on_host(self, present: bool) -> None:  # noqa: FBT001  # the tray's one question
        self.post(lambda: self._faces.host_changed(present=present))

    def _act(self, action: Action, stamp: Stamp) -> None:
        match action:
            case Action.QUIT:
                self._quit()
            case Action.RETRY_ALL:
                self._retry_tasks(None)
            case Action.KEEP_RUNNING:
                self._watch.answered()
                self._publish()
            case Action.FAILED_TASKS:
                self._faces.tell_failed(self._refreshed())
            case Action.OPEN_LOG:
                self._faces.open_file(self._log_path)
            case _:
                self._click(_request_of(action, stamp, self._watch.gap_since), stamp)

    def _click(self, request: Request, now: Stamp) -> Reply:
        reply = commands.click(self.core.timer, request, now=now)
        if reply.changed:
            self._watch.answered()
            self._observe()
            self._publish()
        elif not reply.ok:
            self._faces.tell(_("Not recorded"), reply.message)
        return reply

    def _answer(self, request: Request, responder: Responder, now: Stamp) -> None:
        match request.name:
            case name if name in commands.CLICKS:
                self._answer_click(request, responder, now)
            case "retry":
                self._answer_retry(request, responder)
            case "wake":  # a command recorded a click while we were starting
                self.core.worker.wake()
                responder.reply(Reply(ok=True))
                self._tick()
            case "hello":
                responder.reply(Reply(ok=True, message=_("Trayapp is running already.")))
            case "quit":
                responder.reply(Reply(ok=True, changed=True, message=_("Trayapp ends.")))
                self._quit()
            case _:
                responder.reply(Reply(ok=False, message=_("This Trayapp does not know that.")))

    def _answer_click(self, request: Request, responder: Responder, now: Stamp) -> None:
        if not responder.is_open:  # gave up waiting, and records it itself
            return
        reply = commands.click(self.core.timer, request, now=now)
        if reply.ok:
            self._watch.answered()
        responder.reply(reply)
        self._tick()

    def _answer_retry(self, request: Request, responder: Responder) -> None:
        ids = request.arguments.get("ids")
        chosen = [one for one in ids if isinstance(one, int)] if isinstance(ids, tuple) else None
        try:
            count = self._retry_tasks(chosen)
        except QueueError as error:
            responder.reply(Reply(ok=False, message=commands.not_recorded(error)))
            return
        if request.arguments.get("wait"):
            self._retries.wait(responder)
        else:
            responder.reply(commands.retry_begun(count))

    def _retry_tasks(self, ids: list[int] | None) -> int:
        count = self._retries.begin(self._clock.now(), ids)
        self._retry_chunk()
        return count

    def _retry_chunk(self) -> None:
        # Clicks posted meanwhile come between two chunks.
        if self._retries.next_chunk():
            self.post(self._retry_chunk)
        self._publish()


def _request_of(action: Action, stamp: Stamp, gap_since: datetime | None) -> Request:
    if action is Action.STOP_AT_GAP and gap_since is not None:
        # The last click may lie in the very millisecond the entry was last seen.
        return commands.click_request(
            "stop", stamp, given_at_ms=to_ms(gap_since + timedelta(milliseconds=1))
        )
    return commands.click_request(action.value, stamp)
