"""status, recent, failed: read straight from the database, without a lock, with or without the app.

Where there is no database yet, there is nothing to tell, and none is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import field
from typing import TypeVar

from trayapp import shapes
from trayapp.console.call import (
    DONE,
    GREET_SECONDS,
    NOT_REACHABLE,
    SIGNED_OUT,
    SOME_FAILED,
    Answer,
    Call,
    Failure,
)
from trayapp.control.client import ControlClient, NotRunningError
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Request
from trayapp.i18n import _
from trayapp.light import dataclass
from trayapp.queue.clock_meta import KEPT, kept_of
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError, translated
from trayapp.queue.reader import Attempt, FailedLog, QueueReader
from trayapp.queue.task import Gate, RecentEntry, SyncTask
from trayapp.sync.snapshot import Extras, offer_of, read_status
from trayapp.sync.status import Link, SyncStatus
from trayapp.watch import gap_since

T = TypeVar("T")

_Recent = tuple[tuple[RecentEntry, ...], Mapping[str, int]]

_PAGE = 1000
_RECENT = 20


def status(call: Call) -> Answer:
    """What is tracked, what waits, and why. Raises Failure."""
    found = status_now(call)
    runs = app_runs(call)
    return Answer(
        value=shapes.status_shape(found, app_runs=runs),
        lines=shapes.status_lines(found, app_runs=runs),
        exit_status=health(found) if call.options.check else DONE,
    )


def recent(call: Call) -> Answer:
    """The entries clicked last. Raises Failure."""

    def read(reader: QueueReader) -> _Recent:
        return reader.recent(_RECENT, call.stamp), kept_of(reader.kept(KEPT))

    nothing: _Recent = (), {}
    entries, kept = _read(call, read, nothing)
    found = [offer_of(one.by_clock, kept) for one in entries if one.by_clock]
    offers = {offer.entry_id: offer for offer in found if offer}
    now = call.clock.now()
    return Answer(
        value=shapes.recent_shape(entries, now=now),
        lines=shapes.recent_lines(entries, now=now, offers=offers),
    )


def failed(call: Call) -> Answer:
    """What failed, for which reasons, and what to do. Raises Failure."""
    if call.options.in_window:
        from trayapp.console.life import show_window  # noqa: PLC0415  # brings Tk along

        return show_window(call, "failed")
    from trayapp.sync.diagnosis import diagnose  # noqa: PLC0415  # panel bars ask for the status
    from trayapp.sync.diagnosis_words import Moments, listed  # noqa: PLC0415

    most, now = call.settings.max_attempts, call.clock.now()
    found = read_failures(call)
    log = found.log
    diagnosis = diagnose(found.tasks, history=log.events, discarded=log.discarded, tried=log.tried)
    told = listed(diagnosis, Moments(now), url=found.url, unsent=found.unsent)
    return Answer(
        value=shapes.failed_shape(found.tasks, told, max_attempts=most, history=found.history),
        lines=shapes.failed_lines(found.tasks, told, now=now, max_attempts=most),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """The failed tasks of all accounts and what is known about them, at one moment.

    `unsent`: the status's `held_up`.
    """

    tasks: tuple[SyncTask, ...] = ()
    history: tuple[Attempt, ...] = ()
    log: FailedLog = field(default_factory=FailedLog)
    url: str = ""
    gate: Gate | None = None
    unsent: int = 0


def read_failures(call: Call) -> Failures:
    """What failed, with what a diagnosis needs; of the active account, address and gate."""

    def read(reader: QueueReader) -> Failures:
        held_up = read_status(reader, call.clock.now()).held_up
        with reader.snapshot():
            tasks, active = _pages(reader), reader.accounts()[0]
            return Failures(
                tasks=tasks,
                history=reader.history([task.id for task in tasks]),
                log=reader.failed_log(),
                url=active.url,
                gate=reader.gate(active.id),
                unsent=held_up,
            )

    return _read(call, read, Failures())


def status_now(call: Call) -> SyncStatus:
    """The status, with the gap that the running app would show. Raises Failure."""
    now = call.clock.now()

    def read(reader: QueueReader) -> SyncStatus:
        events = reader.newest_entry()
        clicked_at = events[-1].at if events else now
        gap = gap_since(call.paths.last_seen, running_since=clicked_at, now=call.stamp)
        return read_status(reader, now, Extras(stamp=call.stamp, gap_since=gap))

    return _read(call, read, SyncStatus(as_of=now))


def health(found: SyncStatus) -> int:
    """The exit status that tells how it stands; what needs the user comes first."""
    if found.failed:
        return SOME_FAILED
    if found.link is Link.SIGNED_OUT:
        return SIGNED_OUT
    return DONE if found.link in {Link.UNKNOWN, Link.ONLINE} else NOT_REACHABLE


def own_failed_ids(call: Call) -> frozenset[int]:
    """The failed tasks of the active account. Raises Failure."""

    def read(reader: QueueReader) -> frozenset[int]:
        own = reader.accounts()[0].id
        return frozenset(task.id for task in _all_failed(reader) if task.account_id == own)

    return _read(call, read, frozenset[int]())


def _all_failed(reader: QueueReader) -> tuple[SyncTask, ...]:
    with reader.snapshot():
        return _pages(reader)


def _pages(reader: QueueReader) -> tuple[SyncTask, ...]:
    tasks: list[SyncTask] = []
    while page := reader.failed(limit=_PAGE, after_id=tasks[-1].id if tasks else 0):
        tasks += page
    return tuple(tasks)


def _read(call: Call, read: Callable[[QueueReader], T], nothing: T) -> T:
    try:
        with translated():
            if not call.paths.database.exists():
                return nothing
        with closing(QueueReader(call.paths.database)) as reader:
            if reader.is_outdated:
                _bring_up_to_date(call)
            return read(reader)
    except QueueError as error:
        text = _("The queue cannot be read: {reason}. Nothing was changed; {advice}.")
        raise Failure(in_words(text, error)) from error


def _bring_up_to_date(call: Call) -> None:
    from trayapp.app import surroundings  # noqa: PLC0415  # once in the life of a database
    from trayapp.headless import bring_up_to_date  # noqa: PLC0415

    bring_up_to_date(surroundings(call.paths, call.settings, call.clock))


def app_runs(call: Call) -> bool:
    """Whether an app answers, or is too busy to."""
    try:
        ControlClient(call.paths.channel_dir).ask(Request("hello"), GREET_SECONDS)
    except NotRunningError:
        return False
    except ChannelError:  # somebody is there, and busy
        return True
    return True
