"""Small words every text is made of: durations, times of day, user's text on one line. Pure."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta, tzinfo

from trayapp.i18n import _, day_words

_NAMED_DAYS = 6
_ONE_UNIT = "\uffff"
"""The last character that UTF-16 has in one unit."""
_TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""They change the direction of all that follows; the marks that single words need are others."""


def duration(length: timedelta) -> str:
    """Hours and minutes: "1:24"."""
    minutes = max(length, timedelta()) // timedelta(minutes=1)
    return f"{minutes // 60}:{minutes % 60:02}"


def clock_time(
    at: datetime, zone: tzinfo | None, *, as_of: datetime, with_seconds: bool = False
) -> str:
    """Such as "14:02", with the day too when that is not the day of `as_of`: "Thu", "1 Jan"."""
    local, today = at.astimezone(zone), as_of.astimezone(zone)
    days = abs((local.date() - today.date()).days)
    time = f"{local:%H:%M:%S}" if with_seconds else f"{local:%H:%M}"
    if days == 0:
        return time
    if days <= _NAMED_DAYS:
        return f"{_weekday(local)} {time}"
    return f"{day_words(local.date(), with_year=local.year != today.year)} {time}"


def _weekday(local: datetime) -> str:
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return names[local.weekday()]


def clock_step(step: timedelta) -> str:
    """How far the wall clock was set: "the clock changed by +1:00:00"."""
    sign = "-" if step < timedelta() else "+"
    return _("the clock changed by {size}").format(size=sign + length(step))


def length(span: timedelta) -> str:
    """Such as "2:00:00", whichever way."""
    seconds = round(abs(span).total_seconds())
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def one_line(text: str) -> str:
    """Anybody's text for a title or a row: no line breaks, nothing a toolkit chokes on.

    Nothing either that moves a terminal's cursor, or turns round what stands beside it.
    """
    shown = (" " if _is_unseen(c) else c for c in text)
    visible = "".join(shown).encode("utf-8", "replace").decode("utf-8")  # no lone surrogates
    return " ".join(visible.split())


def _is_unseen(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Zl", "Zp"} or character in _TURNING


def units(text: str) -> int:
    """Its length as Windows counts it, in UTF-16 units."""
    return len(text) + sum(character > _ONE_UNIT for character in text)


def shorten(text: str, limit: int) -> str:
    """At most `limit` UTF-16 units of `text`, with … where something is missing."""
    if units(text) <= limit:
        return text
    text = text[:limit]  # a character has one unit at least
    while text and units(text) >= limit:
        text = text[:-1]
    return text.rstrip() + "…"
