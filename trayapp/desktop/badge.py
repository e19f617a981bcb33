"""What the tray icon has to say, as a value: the same key always means the same picture.

Pure and free of Pillow, so that any code may ask whether the picture changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from trayapp.light import dataclass
from trayapp.sync.status import Link, SyncStatus
from trayapp.tracking.entry import TrackerState

MANY = 10
"""The count that is shown as "9+"; greater ones are the same picture."""


class IconStyle(StrEnum):
    """How the picture is coloured; shape, fill and plate say the same in all of them."""

    COLOUR = "colour"
    SYMBOLIC = "symbolic"
    """Grey and white, for those who want a quiet panel."""
    TEMPLATE = "template"
    """Shape only, in the alpha channel, for systems that colour the icon themselves."""


class Colour(StrEnum):
    """What sync does, told by the icon's colour. The value is its meaning, not its name."""

    GREY = "nothing to send yet"
    GREEN = "all sent"
    AMBER = "waiting"
    RED = "failed"


COLOURS: Mapping[Colour, str] = MappingProxyType(
    {
        Colour.GREY: "#5f6874",
        Colour.GREEN: "#1f8a44",
        # A brighter amber is lost on light panels and under white.
        Colour.AMBER: "#c07200",
        Colour.RED: "#d9363c",
    }
)


@dataclass(frozen=True, slots=True)
class IconKey:
    """All that decides how the icon looks. `count` is 0 (no plate) to `MANY`."""

    tracker: TrackerState
    colour: Colour
    count: int
    offline: bool


def icon_key(status: SyncStatus) -> IconKey:
    """What the icon shows for `status`."""
    colour = _colour(status)
    count = min(_count(status, colour), MANY)
    cut_off = status.link in {Link.OFFLINE, Link.UNTRUSTED}
    return IconKey(
        tracker=status.tracker,
        colour=colour,
        count=count,
        offline=cut_off and _link_matters(status, colour=colour, count=count),
    )


def _link_matters(status: SyncStatus, *, colour: Colour, count: int) -> bool:
    """Whether something waits for the link, and the shape survives a mark beside the plate."""
    if colour is Colour.RED:
        # The widest plate and the mark together would cover both bars of a pause.
        return status.pending > 0 and count < MANY
    return colour is Colour.AMBER


def _colour(status: SyncStatus) -> Colour:
    if status.failed > 0:
        return Colour.RED
    if status.pending > 0 or status.doubtful > 0 or status.possible_doubles > 0:
        return Colour.AMBER
    return Colour.GREEN if status.all_sent else Colour.GREY


def _count(status: SyncStatus, colour: Colour) -> int:
    if colour is Colour.RED:
        return status.failed
    # What is only in doubt is one thing to look at: an amber icon without a plate says nothing.
    return max(status.pending, 1) if colour is Colour.AMBER else 0
