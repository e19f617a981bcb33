"""The footer of the failed-tasks window: report and import, the progress of a retry, "Retry all".

Runs on Tk's thread.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable

from trayapp.desktop.windows.failed_model import progress_words
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.widgets import Kind, Role, Widgets
from trayapp.i18n import _
from trayapp.light import dataclass

_BAR_UNITS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What its buttons do."""

    report: Callable[[], None]
    import_older: Callable[[], None]
    retry_all: Callable[[], None]
    cancel: Callable[[], None]
    close: Callable[[], None]


class Footer:
    """One line of buttons; while a retry runs its progress and "Cancel" stand in it."""

    def __init__(self, parent: tk.Misc, widgets: Widgets, commands: Commands) -> None:
        self._widgets = widgets
        self._commands = commands
        px = widgets.theme.px
        self.frame = widgets.frame(parent)
        self.frame.columnconfigure(2, weight=1)
        report = widgets.button(self.frame, _("Report…"), commands.report)
        report.grid(row=0, column=0, padx=(0, px(6)))
        widgets.button(self.frame, _("Import…"), commands.import_older).grid(row=0, column=1)
        self._progress = widgets.frame(self.frame)
        self._words = widgets.label(self._progress, role=Role.MUTED)
        self._words.grid(row=0, column=0, padx=(0, px(10)))
        self._bar = widgets.progress(self._progress)
        self._bar.configure(mode="determinate", length=px(_BAR_UNITS))
        self._bar.grid(row=0, column=1, padx=(0, px(10 - RING)))
        self.cancel = widgets.button(self._progress, _("Cancel"), commands.cancel)
        self.cancel.grid(row=0, column=2, padx=(0, px(6)))
        self.retry_all = widgets.button(self.frame, "", commands.retry_all)
        self.retry_all.grid(row=0, column=4)

    def show(self, label: str, *, accent: bool, enabled: bool) -> None:
        """What the button to retry all says, and whether it helps most here.

        Empty: there is nothing to retry, and the button closes the window.
        """
        self._widgets.restyle(self.retry_all, Kind.ACCENT if accent else Kind.NORMAL)
        do = self._commands.retry_all if label else self._commands.close
        self.retry_all.configure(text=label or _("Close"), command=do)
        self.retry_all.state(["!disabled" if enabled else "disabled"])

    def progress(self, done: int, total: int) -> None:
        """So far so many of them have arrived."""
        self._words.configure(text=progress_words(done, total))
        self._bar.configure(maximum=max(1, total), value=done)
        self._progress.grid(row=0, column=3, sticky="e")
        if self.frame.focus_get() is self.retry_all:
            self.cancel.focus_set()

    def rest(self) -> None:
        """Nothing goes on any more."""
        if self.frame.focus_get() is self.cancel:
            self.retry_all.focus_set()
        self._progress.grid_remove()
