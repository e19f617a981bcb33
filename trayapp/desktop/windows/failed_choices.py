"""The dialogs that repair: another project or text for what was refused; whose version counts.

Runs on Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence

from trayapp.desktop.windows.failed_dialog import Dialog, Way
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.widgets import Kind, Role
from trayapp.desktop.windows.window import Window
from trayapp.i18n import _, ngettext
from trayapp.light import dataclass

CLICKED, SERVER = "clicked", "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixable:
    """What is to be put right: what the server said, what it is now, what it may become."""

    count: int
    reason: str
    project: str
    note: str
    projects: tuple[str, ...]


def ask_fix(window: Window, found: Fixable, then: Callable[[str | None, str | None], None]) -> None:
    """Another project or text, None where it stays as it is in each of the entries."""
    words = ngettext(
        "Change the entry of this task, then it is sent again.",
        "Change the entries of these {count} tasks, then they are sent again.",
        found.count,
    )
    dialog = Dialog(
        window,
        title=_("What should be sent instead?"),
        text=f"{found.reason}\n{words.format(count=found.count)}",
        sign=Sign.NEEDS_YOU,
    )
    body, widgets, px = dialog.body, window.widgets, window.theme.px
    project = tk.StringVar(body, value=found.project)
    note = tk.StringVar(body, value=found.note)
    first: tk.Misc | None = None
    for name, value, choices in (
        (_("Project"), project, found.projects),
        (_("Text"), note, ()),
    ):
        widgets.label(body, name).grid(sticky="w", pady=(px(12), px(2)))
        field: tk.Misc
        if choices:
            names = {one: one for one in _with(choices, found.project)}
            made = widgets.combobox(body, names, value)
            made.grid(sticky="we")
            field = made
        else:
            entry = widgets.entry(body, value)
            entry.grid(sticky="we")
            field = entry
        first = first or field

    def send() -> None:
        then(_changed(project.get(), found.project), _changed(note.get(), found.note))

    dialog.offer(Way(_("Send again"), send, Kind.ACCENT), focus=first)


def ask_keep(window: Window, count: int, reason: str, then: Callable[[str], None]) -> None:
    """Whose version counts: what was clicked, or the server's."""
    words = ngettext(
        "The server's entry is not what you clicked.",
        "The server's entries of these {count} tasks are not what you clicked.",
        count,
    )
    dialog = Dialog(
        window,
        title=_("Which one is right?"),
        text=f"{words.format(count=count)}\n{reason}",
        sign=Sign.NEEDS_YOU,
    )
    px = window.theme.px
    about = _(
        "Sending what was clicked overwrites the server's times. Keeping the server's leaves them; "
        "your log on this computer still shows what was clicked."
    )
    label = window.widgets.label(dialog.body, about, role=Role.MUTED, wrap=400)
    label.grid(sticky="we", pady=(px(8), 0), padx=(px(38), 0))
    dialog.offer(
        Way(_("Send what was clicked"), lambda: then(CLICKED), Kind.NORMAL),
        Way(_("Keep the server's"), lambda: then(SERVER), Kind.NORMAL),
    )


def ask_user(window: Window, question: str, then: Callable[[str], None]) -> None:
    """Whose the tasks of an older database are."""
    dialog = Dialog(window, title=_("Whose tasks are these?"), text=question, sign=Sign.NOTE)
    user = tk.StringVar(dialog.body)
    px = window.theme.px
    window.widgets.label(dialog.body, _("User id")).grid(sticky="w", pady=(px(12), px(2)))
    entry = window.widgets.entry(dialog.body, user)
    entry.grid(sticky="we")
    dialog.offer(Way(_("Import"), lambda: then(user.get().strip()), Kind.ACCENT), focus=entry)


def _changed(now: str, before: str) -> str | None:
    return now.strip() if now.strip() != before else None


def _with(choices: Sequence[str], own: str) -> Sequence[str]:
    return choices if own in choices else (own, *choices)
