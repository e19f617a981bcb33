"""One window as the program opens it, which also tells the test what is in it.

Arguments: the window's name, the channel's directory, and "pseudo" for texts that are long and
in another script, or "russian". Writes "ready", then one line of JSON for each line read: "widgets"
or "focus".
"""

from __future__ import annotations

import json
import sys
import tkinter as tk
from contextlib import suppress
from pathlib import Path
from tkinter import ttk

from tests.pseudo import Pseudo
from trayapp import i18n
from trayapp.desktop.windows.main import run_window


def main() -> int:
    name, channel_dir, *words = sys.argv[1:]
    i18n.use_language("ru" if "russian" in words else "en")
    if "pseudo" in words:
        i18n._current = Pseudo()
    return run_window(name, Path(channel_dir), ready=_on_ready)


def _on_ready() -> None:
    root = tk._get_default_root()  # type: ignore[attr-defined]
    assert isinstance(root, tk.Tk)

    def on_line(_file: object, _mask: int) -> None:
        line = sys.stdin.readline().strip()
        if not line:
            root.tk.deletefilehandler(sys.stdin)
            root.quit()  # the test is over; ended so, what it covered is kept
            return
        root.update()
        root.winfo_pointerxy()  # answered when all that was drawn is on the screen
        _tell(_widgets(root) if line == "widgets" else _focus(root))

    root.tk.createfilehandler(sys.stdin, tk.READABLE, on_line)
    _tell("ready")


def _tell(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201  # the test reads it


def _focus(root: tk.Tk) -> str:
    return str(root.tk.call("focus"))  # what Tk itself made has no widget of ours


def _widgets(root: tk.Tk) -> list[dict[str, object]]:
    """Everything that can be seen, in the order it was made."""
    found: list[dict[str, object]] = []

    def visit(widget: tk.Misc) -> None:
        if not widget.winfo_viewable():
            return
        found.append(_facts(widget))
        for child in widget.tk.splitlist(widget.tk.call("winfo", "children", widget)):
            with suppress(KeyError):  # made by Tk itself, as its dialogs are
                visit(widget.nametowidget(str(child)))

    for top in root.winfo_children():
        visit(top)
    return found


def _painted(canvas: tk.Canvas) -> list[str]:
    """The texts on it, which are no widgets."""
    call = canvas.tk.call
    items = [one for one in canvas.find_all() if str(call(canvas, "type", one)) == "text"]
    return [str(call(canvas, "itemcget", one, "-text")) for one in items]


def _facts(widget: tk.Misc) -> dict[str, object]:
    kind = widget.winfo_class()
    text = str(widget.cget("text")) if "text" in widget.keys() else ""  # noqa: SIM118  # no dict
    if isinstance(widget, ttk.Treeview):
        rows = (widget.item(row, "values") for row in widget.get_children())
        text = "\n".join(str(row[-1]) for row in rows)
    elif isinstance(widget, tk.Toplevel):
        text = widget.title()
    elif isinstance(widget, tk.Canvas):
        text = "\n".join(_painted(widget))
    elif isinstance(widget, ttk.Entry):
        text = widget.get()
    return {
        "path": str(widget),
        "kind": kind,
        "text": text,
        "x": widget.winfo_rootx(),
        "y": widget.winfo_rooty(),
        "width": widget.winfo_width(),
        "height": widget.winfo_height(),
        "asks_width": widget.winfo_reqwidth(),
        "asks_height": widget.winfo_reqheight(),
        "enabled": not (kind.startswith("T") and "disabled" in str(widget.tk.call(widget, "state")))
        if kind not in {"Trayapp", "Toplevel", "Text"}
        else True,
    }


if __name__ == "__main__":
    sys.exit(main())
