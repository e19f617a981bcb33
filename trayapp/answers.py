"""Answers: what the running app does for a click in the menu and for a request of the channel.

Main thread only; nothing here waits for a server.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from trayapp import commands, discards, resolutions
from trayapp.control.connection import Responder
from trayapp.control.messages import Reply, Request
from trayapp.core import Core
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action, Choice, Click
from trayapp.i18n import _
from trayapp.queue.errors import QueueError
from trayapp.reception import REQUESTS, Reception
from trayapp.retries import Retries, retry_begun, retry_value
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import Stamp, to_ms
from trayapp.watch import GapWatch

_WINDOWS = {
    Action.FAILED_TASKS: ("failed", "trayapp failed"),
    Action.SIGN_IN: ("sign-in", "trayapp login"),
    Action.SIGN_OUT: ("sign-out", "trayapp logout"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the answers are given with: the parts of the app, and its doors.

    `tick` has time and status looked at anew, `status` is the newest one, `end` ends the app.
    """

    core: Core
    retries: Retries
    reception: Reception
    watch: GapWatch
    faces: Faces
    log: Path
    tick: Callable[[], None]
    status: Callable[[], SyncStatus]
    onlookers: Onlookers
    end: Callable[[], None]


class Onlookers:
    """Windows that are told whenever the status changes, for as long as they are open."""

    def __init__(self) -> None:
        self._responders: list[Responder] = []
        self._version = 0

    def add(self, responder: Responder) -> None:
        """Tell this one, too."""
        self._responders.append(responder)

    def show(self, status: SyncStatus) -> None:
        """From now on this is so."""
        self._version += 1
        self._responders = [one for one in self._responders if one.is_open]
        value = {
            "version": self._version,
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
        self._ways: dict[str, Callable[[Request, Responder, Stamp], None]] = {
            **dict.fromkeys(commands.CLICKS, self._answer_click),
            **dict.fromkeys(commands.CORRECTIONS, self._answer_click),
            **dict.fromkeys(REQUESTS, self._answer_account),
            **dict.fromkeys(discards.REQUESTS, self._answer_discard),
            **dict.fromkeys(resolutions.REQUESTS, self._answer_conflict),
            "retry": self._answer_retry,
            "cancel_retry": self._answer_cancel,
            "watch": self._answer_watch,
            "wake": self._answer_wake,
            "hello": self._answer_hello,
            "show": self._answer_show,
            "quit": self._answer_quit,
        }

    def act(self, click: Click, stamp: Stamp) -> None:
        """Do what a click in the menu asks for, made at `stamp`. Raises QueueError."""
        house = self._house
        action = click.action if isinstance(click, Choice) else click
        match action:
            case Action.QUIT:
                house.end()
            case Action.RETRY_ALL:
                house.retries.start()
            case Action.KEEP_RUNNING:
                house.watch.answered()
                house.tick()
            case Action.OPEN_LOG:
                house.faces.open_file(house.log)
            case Action.SIGN_IN | Action.SIGN_OUT | Action.FAILED_TASKS:
                self._open(action)
            case _:
                self._click(_request_of(click, stamp, house.watch.gap_since), stamp)

    def _open(self, action: Action) -> None:
        window, command = _WINDOWS[action]
        self._house.faces.open_window(window, instead=command)

    def _click(self, request: Request, now: Stamp) -> None:
        reply = commands.click(self._house.core.timer, request, now=now)
        if reply.changed:
            self._house.watch.answered()
            self._house.tick()
        elif not reply.ok:
            self._house.faces.tell(_("Not recorded"), reply.message)

    def answer(self, request: Request, responder: Responder, now: Stamp) -> None:
        """Answer a request that came at `now`, at once or later. Raises QueueError."""
        self._ways.get(request.name, self._answer_stranger)(request, responder, now)

    def _answer_account(self, request: Request, responder: Responder, _now: Stamp) -> None:
        self._house.reception.answer(request, responder)

    def _answer_watch(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        self._house.onlookers.add(responder)
        self._house.tick()

    def _answer_wake(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        # A command recorded a click while we were starting.
        self._house.core.worker.wake()
        responder.reply(Reply(ok=True))
        self._house.tick()

    def _answer_hello(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(Reply(ok=True, message=_("Trayapp is running already.")))

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
        answered = commands.correct if request.name in commands.CORRECTIONS else commands.click
        reply = answered(self._house.core.timer, request, now=now)
        if reply.ok:
            self._house.watch.answered()
        responder.reply(reply)
        self._house.tick()

    def _answer_discard(self, request: Request, responder: Responder, _now: Stamp) -> None:
        if responder.is_open:  # else it is done without us
            responder.reply(discards.discard_reply(self._house.core, request))
            self._house.tick()

    def _answer_cancel(self, _request: Request, responder: Responder, _now: Stamp) -> None:
        responder.reply(self._house.retries.cancel())

    def _answer_conflict(self, request: Request, responder: Responder, _now: Stamp) -> None:
        if responder.is_open:
            responder.reply(resolutions.resolve_reply(self._house.core, request))
            self._house.tick()

    def _answer_retry(self, request: Request, responder: Responder, _now: Stamp) -> None:
        retries = self._house.retries
        ids = request.arguments.get("ids")
        chosen = [one for one in ids if isinstance(one, int)] if isinstance(ids, tuple) else None
        try:
            count = retries.start(chosen)
        except QueueError as error:
            responder.reply(Reply(ok=False, message=commands.not_recorded(error)))
            return
        if not request.arguments.get("wait"):
            responder.reply(retry_begun(count))
            return
        retries.wait(
            lambda result: responder.reply(Reply(ok=True, changed=True, value=retry_value(result)))
        )


def _request_of(click: Click, stamp: Stamp, gap_since: datetime | None) -> Request:
    if isinstance(click, Choice):
        return commands.click_request("start", stamp, project=click.project, note=click.note)
    if click is Action.STOP_AT_GAP and gap_since is not None:
        # The last click may lie in the very millisecond the entry was last seen.
        return commands.click_request(
            "stop", stamp, given_at_ms=to_ms(gap_since + timedelta(milliseconds=1))
        )
    return commands.click_request(click.value, stamp)
