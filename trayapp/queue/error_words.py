"""What is wrong with the queue's file, and what to do about it, in the user's language."""

from __future__ import annotations

from trayapp.i18n import _
from trayapp.queue.errors import QueueError, SchemaTooNewError, Trouble


def in_words(frame: str, error: Exception) -> str:
    """What became of it: a `frame` with `{reason}` and `{advice}`, filled in."""
    advice = _("try again")
    if not isinstance(error, QueueError):
        return frame.format(reason=error, advice=advice)
    if isinstance(error, SchemaTooNewError) and error.needs:
        advice = _("start Trayapp {version} or a newer one").format(version=error.needs)
        return frame.format(reason=_reasons()[error.trouble], advice=advice)
    reason = _reasons()[error.trouble].format(error=error)
    return frame.format(reason=reason, advice=_advices().get(error.trouble, advice))


def _reasons() -> dict[Trouble, str]:
    return {
        Trouble.BUSY: _("the database is in use by another program"),
        Trouble.FULL: _("the disk is full"),
        Trouble.CLOSED_TO_US: _("the database may not be written to"),
        Trouble.OUT_OF_REACH: _("the database cannot be reached"),
        Trouble.MOVED: _("the database was moved or deleted meanwhile"),
        Trouble.DAMAGED: _("the database is damaged"),
        Trouble.STRANGE: _("the database is of another program, or damaged"),
        Trouble.NEWER: _("a newer Trayapp made the database"),
        Trouble.BAD_TEXT: _("the text holds half a character"),
        Trouble.UNKNOWN: _("the database cannot be used ({error})"),
    }


def _advices() -> dict[Trouble, str]:
    return {
        Trouble.FULL: _("make room, then try again"),
        Trouble.CLOSED_TO_US: _("see to the permissions of its folder, then try again"),
        Trouble.OUT_OF_REACH: _("see to its disk and its folder, then try again"),
        Trouble.DAMAGED: _("click again, or start Trayapp: what can still be read is brought back"),
        Trouble.STRANGE: _("move it away, then try again; the log names it"),
        Trouble.NEWER: _("start the newer version"),
        Trouble.BAD_TEXT: _("type it anew"),
    }
