"""A page that asks one thing and offers a few answers. Runs on Tk's thread."""

from __future__ import annotations

from collections.abc import Callable
from tkinter import ttk

from trayapp.desktop.windows.widgets import Kind, Role
from trayapp.desktop.windows.window import CONTENT_UNITS, Window
from trayapp.light import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """An answer and what it does."""

    label: str
    choose: Callable[[], None]
    kind: Kind = Kind.NORMAL


def ask_one(window: Window, *, title: str, text: str, choices: tuple[Choice, ...]) -> None:
    """Ask on a new page; the first answer is the one that Return gives. Escape closes."""
    px, widgets = window.theme.px, window.widgets
    page = window.page()
    widgets.label(page, title, role=Role.TITLE, wrap=CONTENT_UNITS).grid(sticky="we")
    words = widgets.label(page, text, wrap=CONTENT_UNITS)
    words.grid(sticky="we", pady=(px(4), px(20)))
    buttons: list[ttk.Button] = []
    for choice in choices:
        button = widgets.button(page, choice.label, choice.choose, kind=choice.kind)
        button.grid(sticky="we", pady=(0, px(2)))
        buttons.append(button)
    window.show(buttons[0], default=buttons[0])
