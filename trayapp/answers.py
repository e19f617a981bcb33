"""Answers: what the running app does for a click in the menu and for a request of the channel.

Main thread only; nothing here waits for a server.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from trayapp import __version__, commands, discards, resolutions, typed
from trayapp.control.connection import Responder
from trayapp.control.messages import Reply, Request
from trayapp.core import Core
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action, Choice, Click, Undo
from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.preferences import REQUESTS as PREFERENCES
from trayapp.preferences import Preferences
from trayapp.queue.errors import QueueError
from trayapp.reception import REQUESTS, Reception
from trayapp.retries import Retries, retry_begun, retry_value
from trayapp.sync.status import SyncStatus
from trayapp.tracking.corrections import Edit
from trayapp.tracking.entry import Stamp, to_ms
from trayapp.watch import GapWatch

logger = logging.getLogger(__name__)

_WINDOWS = {
    Action.FAILED_TASKS: ("failed", "trayapp failed"),
    Action.SIGN_IN: ("sign-in", "trayapp login"),
    Action.SIGN_OUT: ("sign-out", "trayapp logout"),
    Action.START_OTHER: ("start", "trayapp start PROJECT --note TEXT"),
    Action.STARTED_AT: ("started-at", "trayapp edit --started TIME"),
    Action.STOPPED_AT: ("stopped-at", "trayapp edit --stopped TIME"),
    Action.SETTINGS: ("settings", "trayapp window settings"),
    Action.ABOUT: ("about", "trayapp --version"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the answers are given with: the parts of the app, and its doors.

    `tick` has time and status looked at anew, `status` is the newest one, `end` ends the app.
    """

    core: Core
    retries: Retries
    reception: Reception
    preferences: Preferences
    watch: GapWatch
    faces: Faces
    log: Path
    data_dir: Path
    tick: Callable[[], None]
    status: Callable[[], SyncStatus]
    end: Callable[[], None]


class Onlookers:
    """Windows that are told whenever the status changes, for as long as they are open."""

    def __init__(self) -> None:
        self._responders: list[Responder] = []

    def add(self, responder: Responder) -> None:
        """Tell this one, too."""
        self._responders.append(responder)

    def show(self, status: SyncStatus, version: int) -> None:
        """From now on this is so; `version` grows by one each time that something is shown."""
        self._responders = [one for one in self._responders if one.is_open]
        value = {
            "version": version,
            "failed": status.failed,
            "pending": status.pending,
            "retrying": status.retrying,
        }
        for responder in self._responders:
            responder.stream(Reply(ok=True, value=value))


class Answers:
    """One for each thing that can be asked."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.onlookers = Onlookers()
        self._ways: dict[str, Callable[[Request, Responder, Stamp], None]] = {
            **dict.fromkeys(commands.CLICKS, self._answer_click),
            **dict.fromkeys(commands.CORRECTIONS, self._answer_click),
            **dict.fromkeys(REQUESTS, self._answer_account),
            **dict.fromkeys(discards.REQUESTS, self._answer_discard),
            **dict.fromkeys(resolutions.REQUESTS, self._answer_conflict),
            **dict.fromkeys(typed.REQUESTS, self._answer_typed),
            **dict.fromkeys(PREFERENCES, self._answer_preferences),
            "open": self._answer_open,
            "retry": self._answer_retry,
            "cancel_retry": self._answer_cancel,
            "watch": self._answer_watch,
            "wake": self._answer_wake,
            "hello": self._answer_hello,
            "look": self._answer_look,
            "show": self._answer_show,
            "quit": self._answer_quit,
        }

    def act(self, click: Click, stamp: Stamp) -> None:
        """Do what a click in the menu asks for, made at `stamp`. Raises QueueError."""
        house = self._house
        if isinstance(click, Undo):
            self._undo(click, stamp)
            return
        action = click.action if isinstance(click, Choice) else click
        match action:
            case Action.QUIT:
                house.end()
            case Action.RETRY_ALL:
                self._retry_all()
            case Action.KEEP_RUNNING:
                house.watch.answered()
                house.tick()
            case Action.KEEP_TIMES:
                house.core.timer.keep_times(stamp)
            case Action.OPEN_LOG:
                house.faces.open_file(house.log)
            case Action() if action in _WINDOWS:
                self._open(action)
            case _:
                self._click(_request_of(click, stamp, house.watch.gap_since), stamp)

    def _undo(self, click: Undo, stamp: Stamp) -> None:
        last = self._house.status().last_command
        if last is not None and last.event_id == click.event_id:  # else it was clicked twice
            self._click(commands.edit_request("undo", stamp, Edit("")), stamp)

    def _retry_all(self) -> None:
        try:
            self._house.retries.start()
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
            self._house.faces.tell(_("Not tried again"), commands.not_done(error))

    def _open(self, action: Action) -> None:
        window, command = _WINDOWS[action]
        self._house.faces.open_window(window, instead=command)

    def _click(self, request: Request, now: Stamp) -> None:
        reply = commands.record(self._house.core.timer, request, now=now)
        if reply.changed:
            self._house.watch.answered()
            self._house.tick()
        elif not reply.ok:
            self._house.faces.tell(_("Not recorded"), reply.message)

    def answer(self, request: Request, responder: Responder, now: Stamp) -> None:
        """Answer a request that came at `now`, at once or later."""
        try:
            self._ways.get(request.name, self._answer_stranger)(request, responder, now)
        except QueueError as error:
            logger.warning("The queue cannot be used now: %s", error)
            # Who watches is told as soon as it can be used again.
            if responder.is_open and request.name != "watch":
                responder.reply(Reply(ok=False, message=commands.not_done(error)))
        except Exception:  # one request's defect is not the others', and whoever asked is told
            logger.exception("A request failed")
            if responder.is_open:
                message = _("Trayapp could not do that because of a defect; its log says more.")
                responder.reply(Reply(ok=False, message=message))

    def _answer_account(self, request: Request, responder: Responder, _now: Stamp) -> None:
        self._house.reception.answer(request, responder)

    def _answer_watch(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        self.onlookers.add(responder)
        self._house.tick()

    def _answer_wake(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        # A command recorded a click while we were starting.
        self._house.core.worker.wake()
        responder.reply(Reply(ok=True))
        self._house.tick()

    def _answer_hello(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(Reply(ok=True, message=_("Trayapp is running already.")))

    def _answer_look(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(
            Reply(ok=True, value={"version": __version__, **asdict(self._house.faces.looks())})
        )

    def _answer_show(self, request: Request, responder: Responder, now: Stamp) -> None:
        # Somebody started it once more: what they look for is what went wrong.
        self._answer_hello(request, responder, now)
        if self._house.status().failed:
            self._open(Action.FAILED_TASKS)

    def _answer_quit(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(Reply(ok=True, changed=True, message=_("Trayapp ends.")))
        self._house.end()

    def _answer_stranger(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(Reply(ok=False, message=_("This Trayapp does not know that.")))

    def _answer_click(self, request: Request, responder: Responder, now: Stamp) -> None:
        if not responder.is_open:  # gave up waiting, and records it itself
            return
        reply = commands.record(self._house.core.timer, request, now=now)
        if reply.ok:
            self._house.watch.answered()
        responder.reply(reply)
        self._house.tick()

    def _answer_discard(self, request: Request, responder: Responder, _now: Stamp) -> None:
        if responder.is_open:  # else it is done without us
            responder.reply(discards.discard_reply(self._house.core, request))
            self._house.tick()

    def _answer_typed(self, request: Request, responder: Responder, now: Stamp) -> None:
        if not responder.is_open:  # the window gave up waiting
            return
        reply = typed.typed_reply(self._house.core, request, now)
        if reply.changed:
            self._house.watch.answered()
        responder.reply(reply)
        if reply.changed:
            self._house.tick()

    def _answer_preferences(self, request: Request, responder: Responder, _now: Stamp) -> None:
        if responder.is_open:
            responder.reply(self._house.preferences.answer(request))

    def _answer_open(self, request: Request, responder: Responder, now: Stamp) -> None:
        """What a window of ours has a button for."""
        what = request.arguments.get("what")
        if what == "folder":
            self._house.faces.open_file(self._house.data_dir)
        elif what in {Action.SIGN_IN, Action.SIGN_OUT}:
            self._open(Action(str(what)))
        else:
            self._answer_stranger(request, responder, now)
            return
        responder.reply(Reply(ok=True))

    def _answer_cancel(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(self._house.retries.cancel())

    def _answer_conflict(self, request: Request, responder: Responder, _now: Stamp) -> None:
        if responder.is_open:
            responder.reply(resolutions.resolve_reply(self._house.core, request))
            self._house.tick()

    def _answer_retry(self, request: Request, responder: Responder, _now: Stamp) -> None:
        retries = self._house.retries
        count = retries.start(commands.ids_of(request))
        if not request.arguments.get("wait"):
            responder.reply(retry_begun(count))
            return
        retries.wait(
            lambda result: responder.reply(Reply(ok=True, changed=True, value=retry_value(result)))
        )


def _request_of(click: Action | Choice, stamp: Stamp, gap_since: datetime | None) -> Request:
    if isinstance(click, Choice):
        return commands.click_request("start", stamp, project=click.project, note=click.note)
    if click is Action.CORRECT_TIMES:
        return commands.edit_request("edit", stamp, Edit("", by_clock=True))
    if click is Action.STOP_AT_GAP and gap_since is not None:
        # The last click may lie in the very millisecond the entry was last seen.
        return commands.click_request(
            "stop", stamp, given_at_ms=to_ms(gap_since + timedelta(milliseconds=1))
        )
    return commands.click_request(click.value, stamp)
