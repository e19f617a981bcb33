"""Moments: a time as somebody types it -> UTC. Pure: the present and the zone are arguments."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, tzinfo
from enum import StrEnum

from trayapp.tracking.entry import from_ms, to_ms

_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_DATE_AND_TIME = re.compile(r".+[T ].+", re.IGNORECASE)


class Unclear(StrEnum):
    """Why a text is not one moment."""

    UNREADABLE = "unreadable"
    TWICE = "twice"
    SKIPPED = "skipped"


class BadMoment(ValueError):  # noqa: N818  # reads as what it says
    """The text is no moment, or a local time that a clock change repeats or leaves out.

    `readings` holds both UTC readings of a local time that occurs twice, the earlier one first.
    """

    def __init__(self, why: Unclear, readings: tuple[datetime, ...] = ()) -> None:
        super().__init__(why.value)
        self.why = why
        self.readings = readings


def parse_moment(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """`HH:MM[:SS]` of today in `zone`, or ISO 8601 (without an offset: in `zone`) -> UTC.

    On whole milliseconds, the rest is cut. Raises BadMoment.
    """
    try:
        moment = _read(text.strip(), now.astimezone(zone))
        if moment.tzinfo is not None:
            return _whole_ms(moment)
        early, late = (_whole_ms(moment.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    except (ValueError, OverflowError) as error:  # also a year that UTC cannot express
        raise BadMoment(Unclear.UNREADABLE) from error
    # In a repeated hour fold=0 is the earlier reading; in a skipped one it is the later.
    if early < late:
        raise BadMoment(Unclear.TWICE, (early, late))
    if early > late:
        raise BadMoment(Unclear.SKIPPED)
    return early


def _read(text: str, today: datetime) -> datetime:
    clock = _TIME_OF_DAY.fullmatch(text)
    if clock:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return datetime.combine(today.date(), time(hour, minute, second))
    if not _DATE_AND_TIME.fullmatch(text):
        msg = "a date alone is no moment"
        raise ValueError(msg)
    return datetime.fromisoformat(text)


def _whole_ms(moment: datetime) -> datetime:
    return from_ms(to_ms(moment.astimezone(UTC)))
