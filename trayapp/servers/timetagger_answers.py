"""What a record that a TimeTagger server shows, or does not take, means for ours. Pure."""

from __future__ import annotations

from trayapp.servers.timetagger_api import NotTaken
from trayapp.servers.timetagger_records import Record
from trayapp.sync.outcome import (
    Conflict,
    Delivered,
    Doubtful,
    Locked,
    Offline,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    Throttled,
    Untrusted,
)


def judge(theirs: Record, wanted: Record) -> Outcome:
    """What the server's record means for the one we want there."""
    if theirs.is_hidden:
        return Removed("The record was removed on the server")
    if theirs.shows(wanted):
        return Delivered(remote_id=theirs.key, base=theirs.to_json())
    same_times = (theirs.t1, theirs.t2) == (wanted.t1, wanted.t2)
    text = ", with another text" if same_times else ""
    return Conflict(f"Conflict: the server shows {theirs.words()}{text}")


def gone() -> Removed:
    """It had our record and has it no more."""
    return Removed("The record is no longer on the server")


def not_shown() -> Doubtful:
    """It said it had read our record, and does not show it."""
    return Doubtful("HTTP 200: the server does not show the record", answered=True)


def refused(taken: NotTaken) -> Refused:
    """It read our record, and said no to it alone."""
    return Refused(f"HTTP 200: {taken.words}")


def in_doubt(outcome: Outcome) -> Outcome:
    """What a later request of a write came to: the record was put, and only a look can tell."""
    if isinstance(outcome, Doubtful):
        return outcome
    told = outcome.retry_after if isinstance(outcome, (ServerTrouble, Throttled)) else None
    unasked = isinstance(outcome, (Offline, Untrusted, Locked))
    return Doubtful(outcome.reason, answered=not unasked, retry_after=told)
