"""One window as the program opens it, which also tells the test what is in it.

Arguments: the window's name, the channel's directory, and "pseudo" for texts that are long and
in another script, or "russian". Writes "ready", then one line of JSON for each line read: "widgets"
or "focus".
"""

from __future__ import annotations

import gettext
import json
import re
import sys
import tkinter as tk
from pathlib import Path
from tkinter import ttk

from trayapp import i18n
from trayapp.desktop.windows.main import run_window

_LETTERS = dict(
    zip(
        map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        "абцдефгхийклмнопярстувшжызАБЦДЕФГХИЙКЛМНОПЯРСТУВШЖЫЗ",
        strict=True,
    )
)
_KEPT = re.compile(r"(\{\w*\})")


class Pseudo(gettext.NullTranslations):
    """Every text a third longer, in Cyrillic letters; what is filled in stays."""

    def gettext(self, message: str) -> str:
        parts = _KEPT.split(message)
        shown = "".join(p if _KEPT.fullmatch(p) else p.translate(_LETTERS) for p in parts)
        words = [word for word in shown.split() if not _KEPT.search(word)]
        extra, wanted = "", len(message) // 3
        for word in words * 2:
            if len(extra) >= wanted:
                break
            extra += " " + word
        return shown + extra

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


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
        _tell(_widgets(root) if line == "widgets" else _focus(root))

    root.tk.createfilehandler(sys.stdin, tk.READABLE, on_line)
    _tell("ready")


def _tell(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201  # the test reads it


def _focus(root: tk.Tk) -> str:
    return str(root.focus_get())


def _widgets(root: tk.Tk) -> list[dict[str, object]]:
    """Everything that can be seen, in the order it was made."""
    found: list[dict[str, object]] = []

    def visit(widget: tk.Misc) -> None:
        if not widget.winfo_viewable():
            return
        found.append(_facts(widget))
        for child in widget.winfo_children():
            visit(child)

    for top in root.winfo_children():
        visit(top)
    return found


def _facts(widget: tk.Misc) -> dict[str, object]:
    kind = widget.winfo_class()
    text = str(widget.cget("text")) if "text" in widget.keys() else ""  # noqa: SIM118  # no dict
    if isinstance(widget, ttk.Treeview):
        rows = (widget.item(row, "values") for row in widget.get_children())
        text = "\n".join(str(row[-1]) for row in rows)
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
