"""The commands of the command line: asked of the running app, or done without it.

What a command needs is imported when it is called: key bindings and panel bars run this often.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.i18n import _
from trayapp.tracking.entry import Stamp

if TYPE_CHECKING:
    from trayapp.control.messages import Reply, Request
    from trayapp.core import Surroundings
    from trayapp.queue.reader import QueueReader
    from trayapp.sync.status import RetryResult, SyncStatus

DONE, NOT_DONE, USAGE, SIGNED_OUT, NOT_REACHABLE, SOME_FAILED = range(6)

T = TypeVar("T")

_ASK_SECONDS = 5.0
_GREET_SECONDS = 0.5
_WAIT_SECONDS = 3600.0
_LOCK_SECONDS = 0.5
_LOCK_TRIES = 60
_END_SECONDS = 6.0
_PAGE = 1000
_RECENT = 20


@dataclass
class Options:
    """What was typed; argparse fills it in."""

    command: str | None = None
    no_tray: bool = False
    json: bool = False
    check: bool = False
    project: str | None = None
    note: str | None = None
    at: str | None = None
    ids: list[int] = field(default_factory=list)
    all: bool = False
    wait: bool = False
    screenshots: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the program: what was typed, when, and where everything is."""

    options: Options
    stamp: Stamp
    clock: SystemClock
    paths: Paths
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command prints: lines for people, or what `--json` shows."""

    value: Mapping[str, object] | None
    lines: Sequence[str]
    exit_status: int = DONE


class Failure(Exception):  # noqa: N818  # an answer, not a defect
    """The command could not be done; the text is one line: what, why, and what to do."""

    def __init__(self, text: str, exit_status: int = NOT_DONE) -> None:
        super().__init__(text)
        self.text = text
        self.exit_status = exit_status


def run(call: Call) -> Answer:
    """Do what was typed. Raises Failure."""
    return _COMMANDS[call.options.command](call)


# -- clicks --------------------------------------------------------------------------------


def _click(call: Call) -> Answer:
    from trayapp import commands, headless  # noqa: PLC0415
    from trayapp.control.client import ControlClient, NotRunningError  # noqa: PLC0415
    from trayapp.control.endpoint import ChannelError  # noqa: PLC0415
    from trayapp.control.messages import Request  # noqa: PLC0415

    options = call.options
    _check_texts(options)
    request = commands.click_request(
        options.command or "",
        call.stamp,
        project=options.project,
        note=options.note,
        given_at_ms=_given_at_ms(call),
    )
    client = ControlClient(call.paths.channel_dir)
    hint = ""
    try:
        reply = client.ask(request, _ASK_SECONDS)
    except ChannelError as error:
        # An app that did not answer drops what nobody waits for any more; had it been done there
        # after all, then this is "already so".
        reply = headless.record(_where(call), request, call.stamp)
        hint = error.title
    if not reply.ok:
        raise Failure(reply.message)
    return _told(reply, hint)
