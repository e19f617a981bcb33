"""The story of the incident, and of how it ends now: told, photographed and checked.

Runs on a thread of its own beside the app; it clicks, waits for the status to say what it should,
and never waits longer than a deadline.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from typing import Protocol

from trayapp.demo.proxy import SAY_404, SAY_500, DropAfter, MisbehavingProxy
from trayapp.i18n import _
from trayapp.sync import sentences
from trayapp.sync.status import Link, SyncStatus
from trayapp.tracking.entry import TrackerState

DEADLINE_SECONDS = 30.0
_POLL_SECONDS = 0.05


class Stage(Protocol):
    """What the story is played on: a running app, and a server behind a proxy that misbehaves."""

    @property
    def proxy(self) -> MisbehavingProxy:
        """What stands between the app and its server."""
        ...

    def click(self, name: str, *, project: str | None = None, note: str | None = None) -> None:
        """Start, pause, resume or stop; raises StoryError when the app says no."""
        ...

    def retry_all(self) -> str:
        """Retry all, as the menu does; what the app says of it in the end."""
        ...

    def expire_tokens(self, *, refresh_too: bool) -> None:
        """The server forgets the access token, and the refresh token with it if so wished."""
        ...

    def sign_in(self) -> None:
        """Sign in again with new tokens."""
        ...

    def status(self) -> SyncStatus:
        """What icon, title and menu show now."""
        ...

    def photograph(self, name: str) -> None:
        """A picture of the screen with the menu open, where there is a screen."""
        ...

    def complaint(self) -> str:
        """What differs between the clicks and the server's ledger; empty when nothing does."""
        ...


class StoryError(Exception):
    """The app did not do what the story expects of it."""


class Story:
    """Plays the scenes in order. `tell` gets one line at a time."""

    def __init__(self, stage: Stage, tell: Callable[[str], None]) -> None:
        self._stage = stage
        self._tell = tell
        self._pictures = itertools.count(1)

    def play(self) -> bool:
        """All scenes, then the check; whether everything arrived as it was clicked."""
        scenes = (
            self._track,
            self._server_goes_away,
            self._answer_is_lost,
            self._token_expires,
            self._session_ends,
            self._address_is_wrong,
            self._server_breaks,
            self._retry_all,
        )
        try:
            for scene in scenes:
                scene()
        except StoryError as error:
            self._tell(_("FAILED: {what}").format(what=error))
            self._picture("failed")
            return False
        complaint = self._stage.complaint()
        if complaint:
            self._tell(_("FAILED: {what}").format(what=complaint))
        else:
            self._tell(_("The server's ledger equals the clicks: each once, in order, on time."))
        return not complaint

    # -- scenes ----------------------------------------------------------------------------

    def _track(self) -> None:
        self._tell(_("1. Start an entry. It is on the server at once."))
        self._stage.click("start", project="Website", note="Landing page")
        self._wait_for(lambda s: s.all_sent and s.tracker is TrackerState.RUNNING)
        self._picture("all-sent")

    def _server_goes_away(self) -> None:
        self._tell(_("2. The server goes away. Clicks are recorded, nothing fails."))
        self._stage.proxy.stop()
        self._stage.click("pause")
        self._stage.click("resume")
        self._wait_for(lambda s: s.pending == 2 and s.link is Link.OFFLINE)  # noqa: PLR2004
        self._picture("offline")
        self._stage.proxy.start()
        self._wait_for(lambda s: s.all_sent)
        self._tell(_("   It is back: both are sent, without a click."))

    def _answer_is_lost(self) -> None:
        self._tell(_("3. The server gets a click, its answer is lost. It looks before it repeats."))
        self._stage.proxy.play([DropAfter()])
        self._stage.click("pause")
        self._wait_for(lambda s: s.all_sent and s.tracker is TrackerState.PAUSED)

    def _token_expires(self) -> None:
        self._tell(_("4. The access token expires. It is renewed, nobody notices."))
        self._stage.expire_tokens(refresh_too=False)
        self._stage.click("resume")
        self._wait_for(lambda s: s.all_sent and s.tracker is TrackerState.RUNNING)

    def _session_ends(self) -> None:
        self._tell(_("5. The session ends for good. One task fails and says why, the rest waits."))
        self._stage.expire_tokens(refresh_too=True)
        self._stage.click("stop")
        self._stage.click("start", project="Support", note="Ticket 4711")
        self._stage.click("pause")
        self._wait_for(lambda s: (s.failed, s.pending, s.link) == (1, 2, Link.SIGNED_OUT))
        self._picture("signed-out")
        self._stage.sign_in()
        self._wait_for(lambda s: s.all_sent)
        self._tell(_("   Signed in again: everything is sent, the failed one too."))

    def _address_is_wrong(self) -> None:
        self._tell(_("6. A portal answers in the server's place. Nothing fails, it tries later."))
        self._stage.proxy.play(itertools.repeat(SAY_404))
        self._stage.click("resume")
        self._wait_for(lambda s: s.link is Link.WRONG_ADDRESS)
        self._picture("wrong-address")
        self._stage.proxy.play([])
        self._wait_for(lambda s: s.all_sent)

    def _server_breaks(self) -> None:
        self._tell(_("7. The server breaks. After five attempts one task fails, the rest waits."))
        self._stage.proxy.play(itertools.repeat(SAY_500))
        self._stage.click("stop")
        self._stage.click("start", project="Website", note="Review")
        self._stage.click("pause")
        self._stage.click("resume")
        self._wait_for(lambda s: s.failed == 1 and s.link is Link.SERVER_TROUBLE)
        self._picture("server-trouble")

    def _retry_all(self) -> None:
        self._tell(_("8. The server is mended. “Retry all”."))
        self._stage.proxy.play([])
        said = self._stage.retry_all()
        self._wait_for(lambda s: s.all_sent)
        self._tell("   " + said)
        self._stage.click("stop")
        self._wait_for(lambda s: s.all_sent and s.tracker is TrackerState.STOPPED)
        self._picture("all-sent-again")

    # -- waiting and showing ---------------------------------------------------------------

    def _wait_for(self, so: Callable[[SyncStatus], bool]) -> None:
        deadline = time.monotonic() + DEADLINE_SECONDS
        pause = threading.Event()
        while not so(status := self._stage.status()):
            if time.monotonic() > deadline:
                raise StoryError(sentences.title(status) + " · " + sentences.sync_line(status))
            pause.wait(_POLL_SECONDS)
        self._tell(f"   {sentences.title(status)}")

    def _picture(self, name: str) -> None:
        self._stage.photograph(f"{next(self._pictures):02}-{name}")
