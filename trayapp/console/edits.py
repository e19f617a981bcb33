"""edit, delete, undo: corrections asked of the running app, else recorded here."""

from __future__ import annotations

from trayapp.commands import edit_request
from trayapp.console.call import USAGE, Answer, Call, Failure
from trayapp.console.clicks import check_texts, moment, recorded
from trayapp.i18n import _
from trayapp.tracking.corrections import Edit


def edit(call: Call) -> Answer:
    """Correct an entry; without an id the newest one. Raises Failure."""
    options = call.options
    check_texts(options)
    wanted = Edit(
        options.entry or "",
        project=options.project,
        note=options.note,
        started_at=moment(call, options.started),
        stopped_at=moment(call, options.stopped),
        by_clock=options.by_clock,
    )
    if wanted == Edit(wanted.entry_id):
        text = _("Say what to correct: --project, --note, --started, --stopped or --by-clock.")
        raise Failure(text, USAGE)
    return recorded(call, edit_request("edit", call.stamp, wanted))


def delete(call: Call) -> Answer:
    """Remove an entry, here and on the server. Raises Failure."""
    if not call.options.entry:
        raise Failure(_("Name the entry by its id; “trayapp recent --json” shows it."), USAGE)
    return recorded(call, edit_request("delete", call.stamp, Edit(call.options.entry)))


def undo(call: Call) -> Answer:
    """Take the last command back. Raises Failure."""
    return recorded(call, edit_request("undo", call.stamp, Edit("")))
