"""The database: whether it is sound, and whether what is in it can be sent."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

from trayapp.clock import Clock
from trayapp.config import Paths
from trayapp.doctor.check import Finding, Findings, State
from trayapp.i18n import _, tenths
from trayapp.light import dataclass
from trayapp.queue.checkup import check_up
from trayapp.queue.error_words import in_words
from trayapp.queue.errors import QueueError, translated
from trayapp.queue.reader import QueueReader
from trayapp.sync.sentences import sync_line
from trayapp.sync.snapshot import Extras, read_status
from trayapp.sync.status import AccountView, SyncStatus

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the database tells of the account in use; None: it cannot be read."""

    status: SyncStatus | None = None

    @property
    def account(self) -> AccountView | None:
        """Whose the time is that is tracked now."""
        return self.status.account if self.status else None

    @property
    def is_signed_in(self) -> bool:
        """Whether there is a server to send to, and so something to keep in a keyring."""
        return self.status is not None and self.status.signed_in

    @property
    def skew(self) -> timedelta | None:
        """How far the clock is ahead of the server's, as its last answer told."""
        return self.status.clock_skew if self.status else None


def read_known(paths: Paths, clock: Clock) -> Known:
    """The status, where there is one to be read. Never raises QueueError."""
    stamp = clock.stamp()
    try:
        if not _is_there(paths):
            return Known(status=SyncStatus(as_of=stamp.at))
        with closing(QueueReader(paths.database)) as reader:
            if reader.is_outdated:
                return Known()
            return Known(status=read_status(reader, stamp.at, Extras(stamp=stamp)))
    except QueueError:
        return Known()


def _is_there(paths: Paths) -> bool:
    """Raises QueueError where nobody may look."""
    with translated():
        return paths.database.exists()


def look_at_database(paths: Paths) -> Findings:
    """The file itself, all of it."""
    try:
        if not _is_there(paths):
            text = _("There is no database yet: the first click makes it.")
            return {"database": Finding(State.OK, text)}
        found = check_up(paths.database)
    except QueueError as error:
        text = in_words(_("The database needs you: {reason}. Nothing was changed."), error)
        advice = in_words("{advice}", error)
        return {"database": Finding(State.PROBLEM, text, advice[:1].upper() + advice[1:] + ".")}
    if found.is_outdated:
        text = _("The database is of an earlier Trayapp; the next start brings it up to date.")
        return {"database": Finding(State.OK, text)}
    text = _("The database is sound (schema {schema}, {size} MB, WAL {wal} MB).")
    size, wal = tenths(found.size / _MEGABYTE), tenths(found.wal_size / _MEGABYTE)
    text = text.format(schema=found.schema, size=size, wal=wal)
    return {"database": Finding(State.OK, text)}


def delivery_finding(known: Known) -> Finding:
    """Whether everything tracked is sent, or will be without anybody's help."""
    status = known.status
    if status is None:
        return Finding(State.UNKNOWN, _("It cannot be told while the database cannot be read."))
    message = sync_line(status) + "."
    if status.failed:
        return Finding(State.WARNING, message, _("Type “trayapp failed”: it says why."))
    if status.needs_sign_in:
        return Finding(State.WARNING, message, _("Type “trayapp login”; all of it goes then."))
    return Finding(State.OK, message)
