"""What a salvage came to, in the user's words: what is back, what is gone, what to do."""

from __future__ import annotations

from datetime import tzinfo

from trayapp.i18n import _, day_words, ngettext
from trayapp.queue.salvaged import Salvage
from trayapp.tracking.entry import from_ms


def title(done: Salvage) -> str:
    """What fits the head of a notification."""
    if done.is_replaced:
        return _("The database is another one")
    return _("The database was damaged")


def text(done: Salvage, zone: tzinfo | None = None) -> str:
    """All of it in one paragraph. `zone` None: the one of this machine."""
    parts = [_back(done, zone), _gone(done, zone), _unsent(done), _kept(done)]
    return " ".join(part for part in parts if part)


def _back(done: Salvage, zone: tzinfo | None) -> str:
    if done.is_replaced:
        return _replaced(done, zone)
    if not done.kept:
        return _(
            "The file with the newest clicks (the WAL of the database) was taken away: clicks made"
            " shortly before Trayapp ended last may be missing."
        )
    if not done.clicks or done.first_ms is None or done.last_ms is None:
        return _("No click could be read from it.")
    said = ngettext(
        "{count} of {all} clicks, made from {first} to {last}, is back.",
        "{count} of {all} clicks, made from {first} to {last}, are back.",
        done.clicks,
    )
    return said.format(
        count=done.clicks,
        all=done.all_clicks,
        first=_time(done.first_ms, zone),
        last=_time(done.last_ms, zone),
    )


def _replaced(done: Salvage, zone: tzinfo | None) -> str:
    if done.last_ms is None:
        return _("It is not the one that Trayapp wrote last, but an older copy or another.")
    said = _(
        "It is not the one that Trayapp wrote last, but an older copy or another. Its newest click"
        " was made at {last}: later ones may be missing; enter their hours again."
    )
    return said.format(last=_time(done.last_ms, zone))


def _gone(done: Salvage, zone: tzinfo | None) -> str:
    count = done.lost_clicks
    if not count:
        return ""
    if done.lost_after_ms is not None and done.lost_before_ms is not None:
        said = ngettext(
            "{count} click made between {first} and {last} is gone: enter its hours again.",
            "{count} clicks made between {first} and {last} are gone: enter their hours again.",
            count,
        )
        return said.format(
            count=count,
            first=_time(done.lost_after_ms, zone),
            last=_time(done.lost_before_ms, zone),
        )
    if done.lost_after_ms is not None:
        said = ngettext(
            "{count} click made after {first} is gone: enter its hours again.",
            "{count} clicks made after {first} are gone: enter their hours again.",
            count,
        )
        return said.format(count=count, first=_time(done.lost_after_ms, zone))
    said = ngettext(
        "{count} click is gone: enter its hours again.",
        "{count} clicks are gone: enter their hours again.",
        count,
    )
    return said.format(count=count)


def _unsent(done: Salvage) -> str:
    if not done.tasks:
        return ""
    said = ngettext(
        "{count} click may have been sent already: the server is asked before it is sent.",
        "{count} clicks may have been sent already: the server is asked before they are sent.",
        done.tasks,
    )
    return said.format(count=done.tasks)


def _kept(done: Salvage) -> str:
    if not done.kept:
        return ""
    return _(
        "The damaged file is kept at {path}. It holds what was clicked, and neither passwords nor"
        " tokens; delete it when you miss nothing."
    ).format(path=done.kept)


def _time(ms: int, zone: tzinfo | None) -> str:
    local = from_ms(ms).astimezone(zone)
    return f"{day_words(local.date(), with_year=True)} {local:%H:%M}"
