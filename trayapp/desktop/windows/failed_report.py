"""The report and the import: our own commands, shown in dialogs of the failed-tasks window.

Runs on Tk's thread; the commands do not. The report is sent nowhere: saved or copied by the user.
"""

from __future__ import annotations

import os
from pathlib import Path
from tkinter import filedialog

from trayapp.desktop.windows.failed_asking import Asking
from trayapp.desktop.windows.failed_choices import ask_user
from trayapp.desktop.windows.failed_details import fixed_text
from trayapp.desktop.windows.failed_dialog import Dialog, Way
from trayapp.desktop.windows.failed_programs import (
    USAGE,
    Done,
    field_of,
    older_command,
    run_ourselves,
)
from trayapp.desktop.windows.file_dialog import dress
from trayapp.desktop.windows.signs import Sign
from trayapp.i18n import _, system_words

_LINES = 22
_WIDTH = 660
_FILE = "trayapp-report.txt"


class Paperwork:
    """Reports and imports, and how they ended."""

    def __init__(self, asking: Asking) -> None:
        self._window = asking.window
        self._say, self._changed = asking.say, asking.changed

    # -- report ----------------------------------------------------------------------------

    def report(self) -> None:
        """Make the report, and show it."""
        self._window.in_background(lambda: run_ourselves("report", "--json"), self._on_report)

    def _on_report(self, done: Done) -> None:
        text = field_of(done.said, "report")
        if done.status or not text:
            self._say(Sign.NEEDS_YOU, done.words or _("The report could not be made."), None)
            return
        dialog = Dialog(
            self._window,
            title=_("Report for a support desk"),
            text=_(
                "Without names, texts and tokens. It is sent nowhere: look it through, then "
                "save or copy it."
            ),
            sign=Sign.NOTE,
            width=_WIDTH,
        )
        px = self._window.theme.px
        shown = fixed_text(dialog.body, self._window.widgets, text, lines=_LINES)
        shown.grid(row=0, sticky="nswe", pady=(px(12), 0))
        bar = self._window.widgets.scrollbar(dialog.body)
        bar.configure(command=lambda *words: shown.tk.call(str(shown), "yview", *words))
        shown.configure(yscrollcommand=bar.set)
        bar.grid(row=0, column=1, sticky="ns", pady=(px(12), 0))
        dialog.offer(
            Way(_("Save…"), lambda: self._save(text)),
            Way(_("Copy"), lambda: self._copy(text)),
            no=_("Close"),
            focus=shown,
        )

    def _save(self, text: str) -> None:
        dress(self._window.theme)
        name = filedialog.asksaveasfilename(
            parent=self._window.top,
            title=_("Save the report"),
            initialdir=Path.home(),
            initialfile=_FILE,
            defaultextension=".txt",
        )
        if not name:
            return
        try:
            _write(Path(name), text)
        except OSError as error:
            words = _("The report could not be saved in {file}: {reason}. Choose another place.")
            words = words.format(file=name, reason=system_words(error))
            self._say(Sign.NEEDS_YOU, words, None)
            return
        self._say(Sign.GOOD, _("The report is in {file}.").format(file=name), None)

    def _copy(self, text: str) -> None:
        self._window.top.clipboard_clear()
        self._window.top.clipboard_append(text)
        self._say(Sign.GOOD, _("Copied. Paste it before you close this window."), None)

    # -- import ----------------------------------------------------------------------------

    def import_older(self) -> None:
        """Choose a file and bring over what is in it."""
        dress(self._window.theme)
        name = filedialog.askopenfilename(
            parent=self._window.top,
            initialdir=Path.home(),
            title=_("Import the tasks of an older database"),
            filetypes=((_("Databases"), "*.db *.sqlite *.sqlite3"), (_("All files"), "*")),
        )
        if name:
            self._import(name, "")

    def _import(self, name: str, user: str) -> None:
        self._say(Sign.NOTE, _("Importing…"), None)
        self._window.in_background(
            lambda: run_ourselves(*older_command(name, user)),
            lambda done: self._on_import(name, done, asked=bool(user)),
        )

    def _on_import(self, name: str, done: Done, *, asked: bool) -> None:
        if done.status == USAGE and not asked:
            ask_user(self._window, done.words, lambda user: self._import(name, user))
            return
        good = done.status == 0
        self._say(Sign.GOOD if good else Sign.NEEDS_YOU, done.words, None)
        self._changed()


def _write(path: Path, text: str) -> None:
    """Closed to others; the user has agreed to replace what is there. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
