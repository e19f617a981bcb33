"""What the tray icon shows, in words: for those who hear the screen, or see no colour. Pure."""

from __future__ import annotations

from trayapp.desktop.badge import MANY, Colour, IconKey, icon_key
from trayapp.i18n import _, ngettext
from trayapp.sync.status import SyncStatus
from trayapp.sync.words import duration
from trayapp.tracking.entry import TrackerState


def icon_words(key: IconKey) -> str:
    """Shape, colour, plate and mark, such as "Running, 3 waiting, offline"."""
    parts = [_shape(key.tracker), _colour(key)]
    if key.offline:
        parts.append(_("offline"))
    return ", ".join(parts)


def bar_words(status: SyncStatus) -> str:
    """Beside the icon where it has no colour: the time that runs, and what needs a look."""
    key = icon_key(status)
    parts = [duration(status.entry.worked)] if status.entry else []
    if key.colour is Colour.RED:
        parts.append(_colour(key))
    elif key.offline:
        parts.append(_("offline"))
    return " · ".join(parts)


def _shape(tracker: TrackerState) -> str:
    words = {
        TrackerState.STOPPED: _("Not tracking"),
        TrackerState.RUNNING: _("Running"),
        TrackerState.PAUSED: _("Paused"),
    }
    return words[tracker]


def _colour(key: IconKey) -> str:
    if key.colour is Colour.GREY:
        return _("Nothing to send yet").lower()
    if key.colour is Colour.GREEN:
        return _("All sent").lower()
    count = str(key.count) if key.count < MANY else f"{MANY - 1}+"
    if key.colour is Colour.AMBER:
        return ngettext("{count} waiting", "{count} waiting", key.count).format(count=count)
    return ngettext("{count} failed", "{count} failed", key.count).format(count=count)
