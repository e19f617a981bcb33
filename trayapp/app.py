"""The app: builds every object, starts and stops them in order, and lives on the main thread.

Everything that happens comes as a job into one inbox; only `App.run` takes them out. Other
threads post and go on.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from trayapp.accounts.keyring_port import NotKept, explanation
from trayapp.accounts.vault import KeyringVault
from trayapp.clock import Clock
from trayapp.config import Paths, Settings
from trayapp.core import Core, Listener, News, Surroundings
from trayapp.desktop.faces import MOMENT, Faces, seconds_shown
from trayapp.i18n import _, use_language
from trayapp.inbox import Inbox
from trayapp.retries import Retries
from trayapp.servers.kinds import KINDS
from trayapp.servers.trust import trust_also
from trayapp.sync.rules import Rules
from trayapp.sync.snapshot import Extras
from trayapp.sync.status import RetryResult, SyncStatus
from trayapp.sync.waiting import Waits
from trayapp.tracking.tracker import Running, state_of
from trayapp.watch import GapWatch

if TYPE_CHECKING:
    from trayapp.answers import Answers
    from trayapp.control.channel import ControlServer
    from trayapp.control.connection import Responder
    from trayapp.control.messages import Request
    from trayapp.desktop.menu import Click
    from trayapp.queue.salvaged import Salvage
    from trayapp.queue.task import Account
    from trayapp.sync.server import TimeServer

logger = logging.getLogger(__name__)

_STOP_SECONDS = 2.5
"""For a request that hangs: then it is in doubt, and the session that ends waits no longer."""


def surroundings(paths: Paths, settings: Settings, clock: Clock) -> Surroundings:
    """What the real program is put into. Raises OSError when `ca_file` cannot be read."""
    trust_also(settings.ca_file)
    spread = random.SystemRandom()

    def jitter(wait: timedelta) -> timedelta:
        return wait * spread.uniform(0.9, 1.1)

    kinds = {kind.name: kind for kind in KINDS}
    vault = KeyringVault()
    news = News()

    def server_for(account: Account) -> TimeServer:
        if account.kind == "embedded":
            return _inside(paths, news)
        tokens = vault.tokens_of(account.kind, account.url, account.user)
        return kinds[account.kind].connect(account.url, tokens)

    waits = Waits(between_looks=timedelta(seconds=settings.look_seconds))
    rules = Rules(jitter=jitter, max_attempts=settings.max_attempts, waits=waits)
    return Surroundings(
        paths=paths,
        clock=clock,
        server_for=server_for,
        rules=rules,
        kinds=kinds,
        vault=vault,
        news=news,
    )


def _inside(paths: Paths, news: News) -> TimeServer:
    """The server inside; loaded with the first delivery, as all servers are."""
    from trayapp.servers.embedded_app import EmbeddedApp  # noqa: PLC0415
    from trayapp.servers.embedded_inside import (  # noqa: PLC0415
        inside,
        past_of,
        rebuilt_text,
        rebuilt_title,
    )
    from trayapp.servers.embedded_store import EmbeddedStore  # noqa: PLC0415

    store = EmbeddedStore(
        paths.embedded_database,
        past=lambda: past_of(paths.database),
        tell=lambda done: news.tell(rebuilt_title(), rebuilt_text(done)),
    )
    return inside(EmbeddedApp(store), closed=store.close)


class App:
    """The running program. `run` blocks until `quit`; `post` and `quit` may come from anywhere."""

    def __init__(self, where: Surroundings, *, faces: Faces) -> None:
        """Raises QueueError when the queue cannot be opened."""
        self._where = where
        self._clock = where.clock
        self._rules = where.rules
        self._inbox = Inbox()
        self._publish_is_due = threading.Event()
        self._removed = self._shown = 0
        self.core = Core(
            where,
            Listener(
                changed=self._publish_soon,
                rested=self._on_rest,
                removed=lambda _entry: self._inbox.post(self._count_removed),
                closed_foreign=lambda words: self._inbox.post(lambda: faces.tell_closed(words)),
                salvaged=self._tell_of_salvage,
            ),
        )
        self._retries = Retries(self.core, post=self._inbox.post)
        self._watch = GapWatch(where.paths.last_seen, where.clock)
        self._faces = faces
        self._status: SyncStatus | None = None
        where.news.listen(faces.tell)
        where.vault.listen(
            opened=self.core.credentials_can_be_read, kept_for_session=self._on_not_kept
        )

    # -- what the first screen does not need: loaded when it is there, or asked for --------

    @cached_property
    def _control(self) -> ControlServer:
        from trayapp.control.channel import ControlServer  # noqa: PLC0415  # see above

        return ControlServer(self._where.paths.channel_dir, self._on_request)

    @cached_property
    def _answers(self) -> Answers:
        from trayapp.answers import Answers, House  # noqa: PLC0415  # see above
        from trayapp.preferences import Preferences  # noqa: PLC0415
        from trayapp.reception import Desk, Reception  # noqa: PLC0415
        from trayapp.signing import Signing  # noqa: PLC0415

        core, where = self.core, self._where
        signing = Signing(core, where.kinds, where.vault)
        desk = Desk(post=self._inbox.post, send_all=self._send_all)
        house = House(
            core=core,
            retries=self._retries,
            reception=Reception(core, signing, where.kinds, desk),
            preferences=Preferences(where.paths, follow=self._follow),
            watch=self._watch,
            faces=self._faces,
            log=where.paths.log,
            data_dir=where.paths.data_dir,
            tick=self._tick,
            status=self._refreshed,
            end=self._inbox.end,
        )
        return Answers(house)

    # -- life ------------------------------------------------------------------------------

    def run(self) -> bool:
        """Live until told to quit; False when the worker had to be left in a hanging request."""
        self._observe()
        self._faces.heed_jumps(lambda: self._inbox.post(self._tick))
        self._faces.start(self._refreshed(), post=self._on_action, host=self._on_host)
        self._open()
        self._inbox.run(idle=self._tick, idle_after=self._until_next_minute)
        return self._stop()

    def _open(self) -> None:
        from trayapp.control.endpoint import ChannelError  # noqa: PLC0415  # see `_control`

        self._publish()
        try:
            self._control.start()
        except ChannelError as error:
            logger.warning("The command line cannot talk to the app: %s", error)
        self.core.worker.start()
        logger.info("Trayapp runs")

    def post(self, job: Callable[[], None]) -> None:
        """Have this done on the main thread; never blocks."""
        self._inbox.post(job)

    def quit(self) -> None:
        """End soon. Any thread, and signal handlers."""
        self._inbox.post(self._inbox.end)

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
        """Seconds until there is something to do or to show; None: nothing changes by itself."""
        now = self._clock.now()
        quiet_until = self._faces.quiet_until(now)
        waits = [None if self._status is None else seconds_shown(self._status, now)]
        if quiet_until is not None:
            waits.append((quiet_until - now + MOMENT).total_seconds())
        return min((wait for wait in waits if wait is not None), default=None)

    def _tick(self) -> None:
        self._observe()
        self._publish()

    def _observe(self) -> None:
        events = self.core.reader.newest_entry()
        runs = isinstance(state_of(events), Running)
        self._watch.seen(running_since=events[-1].at if runs else None)

    # -- status ----------------------------------------------------------------------------

    def _publish_soon(self) -> None:
        if not self._publish_is_due.is_set():
            self._publish_is_due.set()
            self._inbox.post(self._publish)

    def _publish(self) -> None:
        # Cleared before the queue is read, so that no change is missed.
        self._publish_is_due.clear()
        status = self._refreshed()
        self._shown += 1
        self._faces.show(status)
        if "_answers" in vars(self):  # else nobody has asked for anything yet
            self._answers.onlookers.show(status, self._shown)

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
        self._inbox.post(lambda: self._rested(number))

    def _rested(self, number: int) -> None:
        if self._retries.rested(number):
            self._publish()

    # -- what is asked ---------------------------------------------------------------------

    def _on_action(self, click: Click) -> None:
        """A click in the menu: stamped and posted, nothing else. Runs on the tray's thread."""
        stamp = self._clock.stamp()
        self._inbox.post(lambda: self._answers.act(click, stamp))

    def _on_request(self, request: Request, responder: Responder) -> None:
        """Runs on the control thread."""
        now = self._clock.stamp()
        self._inbox.post(lambda: self._answers.answer(request, responder, now))

    def _follow(self, settings: Settings) -> None:
        """Settings were changed: from now on it is so."""
        use_language(settings.language or None)
        trust_also(settings.ca_file)
        self.core.worker.follow(replace(self._rules, max_attempts=settings.max_attempts))
        self.core.worker.reconnect()
        self._faces.follow(settings)
        self._publish()

    def _tell_of_salvage(self, done: Salvage) -> None:
        from trayapp.queue import salvage_words  # noqa: PLC0415  # seldom needed

        self._faces.tell(salvage_words.title(done), salvage_words.text(done))

    def _on_not_kept(self, why: NotKept) -> None:
        """Runs on any thread."""
        self._faces.tell(_("This sign-in is not kept"), explanation(why))

    def _on_host(self, present: bool) -> None:  # noqa: FBT001  # the tray's one question
        self._inbox.post(lambda: self._faces.host_changed(present=present))

    def _send_all(self, ended: Callable[[RetryResult], None]) -> None:
        self._retries.start()
        self._retries.wait(ended)
