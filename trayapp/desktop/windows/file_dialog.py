"""Tk's own dialog for files, in our colours. Blocks until it is closed; runs on Tk's thread."""

from __future__ import annotations

import tkinter as tk
from contextlib import suppress
from pathlib import Path

from trayapp.desktop.windows import controls, styles
from trayapp.desktop.windows.theme import Theme
from trayapp.i18n import _


def dress(theme: Theme) -> None:
    """It uses ttk's plain buttons, and makes its widgets itself."""
    for make in (styles.normal_button, controls.fields, controls.ticks, controls.scrollbar):
        theme.once(make)
    style = theme.style
    style.layout("TButton", style.layout("Normal.TButton"))
    style.configure("TButton", **(style.configure("Normal.TButton") or {}))


def choose_certificates(parent: tk.Misc, theme: Theme, before: str) -> str:
    """The file that was chosen; the one `before` where none was."""
    from tkinter import filedialog  # noqa: PLC0415  # for the few who need it

    dress(theme)
    name = filedialog.askopenfilename(
        parent=parent.winfo_toplevel(),  # the dialog stays, and tkinter cannot list its parent
        title=_("Choose a file with certificates"),
        initialdir=_folder_of(before),
        filetypes=((_("Certificates"), "*.pem *.crt *.cer"), (_("All files"), "*")),
    )
    return str(name) if name else before


def _folder_of(name: str) -> Path:
    with suppress(RuntimeError):  # a home of nobody's
        folder = Path(name).expanduser().parent
        if name and folder.is_dir():
            return folder
    return Path.home()
