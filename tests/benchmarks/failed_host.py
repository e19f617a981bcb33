"""`trayapp window failed`, which also says when the first row is painted."""

from __future__ import annotations

import sys
import tkinter as tk

import trayapp.__main__  # noqa: F401  # what the program loads
from trayapp.config import Paths, Settings
from trayapp.console.parser import parse
from trayapp.desktop.windows.main import run_window

_POLL_MS = 1


def main() -> int:
    paths = Paths.of_user()
    Settings.read(paths.settings)
    window = parse(["window", "failed"]).window
    return run_window(window, paths.channel_dir, log=paths.log, ready=_on_ready)


def _on_ready() -> None:
    root = tk._get_default_root()  # type: ignore[attr-defined]
    assert isinstance(root, tk.Tk)
    _say_painted(root)


def _say_painted(root: tk.Tk) -> None:
    if not _has_row(root):
        root.after(_POLL_MS, _say_painted, root)
        return
    root.update_idletasks()
    root.winfo_pointerx()  # the answer comes when the screen has done all before it
    sys.stdout.write("painted\n")
    sys.stdout.flush()


def _has_row(widget: tk.Misc) -> bool:
    if isinstance(widget, tk.Canvas):
        return any(str(widget.tk.call(widget, "type", one)) == "text" for one in widget.find_all())
    return any(_has_row(child) for child in widget.winfo_children())


if __name__ == "__main__":
    sys.exit(main())
