"""Widgets in our look: say what they are for, and they fit the ground they stand on.

Runs on Tk's thread. Tab visits widgets in the order they are made: make them in reading order.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Mapping
from enum import StrEnum
from tkinter import ttk

from trayapp.desktop.windows import controls, styles
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.signs import UNITS, Sign
from trayapp.desktop.windows.theme import Theme

_CARD_PADDING = (16, 12)
_TROUGH_PADDING = RING + 2
_MASK = "•"
_FEW = 3
_LEAST_WRAP = 80
"""Broken at every letter, for it has no width yet, a long text is higher than X can draw."""


class Role(StrEnum):
    """What a label is; the value names its style."""

    TEXT = "TLabel"
    MUTED = "Muted.TLabel"
    BOLD = "Bold.TLabel"
    HEADING = "Heading.TLabel"
    TITLE = "Title.TLabel"
    MONO = "Mono.TLabel"


class Kind(StrEnum):
    """How much a button stands out. One ACCENT a window: what helps most."""

    NORMAL = "Normal.TButton"
    ACCENT = "Accent.TButton"
    QUIET = "Quiet.TButton"
    DANGER = "Danger.TButton"


_BUTTONS = {
    Kind.NORMAL: styles.normal_button,
    Kind.ACCENT: styles.accent_button,
    Kind.QUIET: styles.quiet_button,
    Kind.DANGER: styles.danger_button,
}


class Widgets:
    """Makes widgets, and their styles when the first of a kind is made; the caller places them."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme

    def frame(self, parent: tk.Misc) -> ttk.Frame:
        """A group without a look."""
        return ttk.Frame(parent, style=f"{_ground(parent)}TFrame")

    def card(self, parent: tk.Misc) -> ttk.Frame:
        """A raised group; what is made inside it stands on the card."""
        px = self.theme.px
        across, down = _CARD_PADDING
        padding = (px(RING + across), px(RING + down))
        return ttk.Frame(parent, style="Box.TFrame", padding=padding)

    def label(
        self, parent: tk.Misc, text: str = "", *, role: Role = Role.TEXT, wrap: float = 0
    ) -> ttk.Label:
        """Words; with `wrap`, broken at so many units, or at the width it is given later."""
        made = ttk.Label(parent, text=text, style=f"{_ground(parent)}{role}")
        if wrap:
            made.configure(wraplength=self.theme.px(wrap))
            self._follow_width(made)
        return made

    def sign(self, parent: tk.Misc, sign: Sign, *, units: float = UNITS) -> ttk.Label:
        """A picture; the words beside it say the same."""
        style = f"{_ground(parent)}TLabel"
        return ttk.Label(parent, image=self.theme.sign(sign, units), style=style)

    def button(
        self, parent: tk.Misc, text: str, command: Callable[[], None], *, kind: Kind = Kind.NORMAL
    ) -> ttk.Button:
        """A button as wide as its words."""
        self.theme.once(_BUTTONS[kind])
        style = f"{_ground(parent)}{kind}"
        return ttk.Button(parent, text=text, command=command, style=style)

    def restyle(self, button: ttk.Button, kind: Kind) -> None:
        """Have a button, which stands on no card, stand out so much from now on."""
        self.theme.once(_BUTTONS[kind])
        button.configure(style=str(kind))

    def entry(self, parent: tk.Misc, text: tk.StringVar, *, secret: bool = False) -> ttk.Entry:
        """A line to type in; a secret one shows dots until `show_secret`."""
        self.theme.once(controls.fields)
        style = f"{_ground(parent)}TEntry"
        made = ttk.Entry(
            parent, textvariable=text, style=style, width=1, font=self.theme.fonts.text
        )
        show_secret(made, shown=not secret)
        if secret:
            for taking in ("<<Copy>>", "<<Cut>>"):
                made.bind(taking, _keep_masked)
        return made

    def check(self, parent: tk.Misc, text: str, value: tk.BooleanVar) -> ttk.Checkbutton:
        """Yes or no."""
        self.theme.once(controls.ticks)
        style = f"{_ground(parent)}TCheckbutton"
        return ttk.Checkbutton(parent, text=text, variable=value, style=style)

    def choice(
        self, parent: tk.Misc, names: Mapping[str, str], value: tk.StringVar
    ) -> ttk.Frame | ttk.Combobox:
        """One of several, by key: side by side while they are few, else a list to open."""
        return (self.segments if len(names) <= _FEW else self.combobox)(parent, names, value)

    def segments(self, parent: tk.Misc, names: Mapping[str, str], value: tk.StringVar) -> ttk.Frame:
        """Two or three choices side by side, in equal widths."""
        self.theme.once(controls.segments)
        padding = self.theme.px(_TROUGH_PADDING)
        trough = ttk.Frame(parent, style="Segments.TFrame", padding=padding)
        for column, (key, name) in enumerate(names.items()):
            trough.columnconfigure(column, weight=1, uniform="segment")
            one = ttk.Radiobutton(
                trough, text=name, value=key, variable=value, style="Segment.TRadiobutton"
            )
            one.grid(row=0, column=column, sticky="we")
        return trough

    def combobox(
        self, parent: tk.Misc, names: Mapping[str, str], value: tk.StringVar
    ) -> ttk.Combobox:
        """One of many, in a list to open."""
        self.theme.once(controls.fields)
        keys = list(names)
        made = ttk.Combobox(
            parent,
            values=list(names.values()),
            state="readonly",
            style=f"{_ground(parent)}TCombobox",
            font=self.theme.fonts.text,
            width=1,
        )
        made.current(keys.index(value.get()))

        def on_chosen(_event: tk.Event[tk.Misc]) -> None:
            made.selection_clear()
            value.set(keys[made.current()])

        made.bind("<<ComboboxSelected>>", on_chosen)
        return made

    def progress(self, parent: tk.Misc) -> ttk.Progressbar:
        """A slim bar; start it while something goes on, stop it after."""
        self.theme.once(controls.progress)
        return ttk.Progressbar(parent, mode="indeterminate", style="Horizontal.TProgressbar")

    def scrollbar(self, parent: tk.Misc) -> ttk.Scrollbar:
        """A slim one beside something high; Tab passes over it."""
        self.theme.once(controls.scrollbar)
        return ttk.Scrollbar(parent, orient="vertical", takefocus=0)

    def table(self, parent: tk.Misc, *columns: str) -> ttk.Treeview:
        """Rows to choose one of, without headings; Tab passes over them."""
        self.theme.once(controls.tables)
        return ttk.Treeview(parent, columns=columns, show="", selectmode="browse", takefocus=False)

    def field_box(self, parent: tk.Misc, *, padding: float) -> ttk.Frame:
        """A group with the look of a field."""
        self.theme.once(controls.fields)
        return ttk.Frame(parent, style="Suggestions.TFrame", padding=self.theme.px(padding))

    def _follow_width(self, label: ttk.Label) -> None:
        """Break its lines where it ends now.

        That may change how wide it asks to be: were the width to go to and fro between two values
        because of it, Tk would lay the page out for ever. So it does not follow back at once.
        """
        left = now = 0

        def on_width(event: tk.Event[tk.Misc]) -> None:
            nonlocal left, now
            if event.width not in {left, now}:
                left, now = now, event.width
                narrowest = self.theme.px(_LEAST_WRAP)
                label.configure(wraplength=max(narrowest, now - 2 * self.theme.px(RING)))

        label.bind("<Configure>", on_width)


def show_secret(entry: ttk.Entry, *, shown: bool) -> None:
    """Whether what is typed can be read."""
    entry.configure(show="" if shown else _MASK)


def _keep_masked(event: tk.Event[tk.Misc]) -> str | None:
    """Tk would put on the clipboard what it does not show."""
    return "break" if str(event.widget.cget("show")) else None


def set_enabled(widget: tk.Misc, *, enabled: bool) -> None:
    """Enable or disable a widget and all that is inside it."""
    if isinstance(widget, ttk.Widget) and widget.winfo_class() not in {"TFrame", "TLabel"}:
        widget.state(["!disabled" if enabled else "disabled"])
    for child in widget.winfo_children():
        set_enabled(child, enabled=enabled)


def _ground(parent: tk.Misc) -> str:
    """The prefix of styles on what `parent` is made of."""
    if not isinstance(parent, ttk.Widget):
        return ""
    style = str(parent.cget("style"))
    return "Card." if style == "Box.TFrame" or style.startswith("Card.") else ""
