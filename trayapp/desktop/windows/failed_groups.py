"""The cards of the failed-tasks window: one for each cause, in their sections.

Runs on Tk's thread. A card says what happened, what it means for the hours and what to do, and
has one button that does it.
"""

from __future__ import annotations

import tkinter as tk
from collections.abc import Callable, Sequence
from tkinter import ttk

from trayapp.desktop.windows.failed_model import Findings, Group, Section, section_title
from trayapp.desktop.windows.failed_surface import Surface
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.signs import UNITS
from trayapp.desktop.windows.widgets import Kind, Role, Widgets
from trayapp.light import dataclass
from trayapp.sync.words import one_line, shorten

_SIGN_GAP, _BUTTON_GAP = 10, 16
_LEAST_TEXT = 160
_CARD_PADDING = 16
_MOST_SAID = 300
"""Of a server's message on a card; the whole of it is in the task's row, unfolded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a card may be asked for."""

    help: Callable[[Group], None]
    show: Callable[[Group], None]


class Cards:
    """All cards on one frame; rebuilt only when what they say has changed."""

    def __init__(self, surface: Surface, widgets: Widgets, wishes: Wishes) -> None:
        self._surface = surface
        self._widgets = widgets
        self._wishes = wishes
        self.frame = widgets.frame(surface.canvas)
        self.frame.columnconfigure(0, weight=1)
        self._shown: tuple[object, ...] | None = None
        self._buttons: dict[str, ttk.Button] = {}
        self._wrapping: list[tuple[tuple[ttk.Label, ...], int]] = []

    def show(self, findings: Findings, *, accent: str, enabled: bool = True) -> None:
        """These cards; the button of `accent` is the filled one."""
        told = tuple((one.key, one.section, one.count, one.words) for one in findings.groups)
        if self._shown != (told, accent):
            self._shown = (told, accent)
            self._rebuild(findings.groups, accent)
        for key, button in self._buttons.items():
            group = findings.group(key)
            if group is not None:
                self._connect(button, group)
            button.state(["!disabled" if enabled else "disabled"])

    def resize(self, width: int) -> None:
        """Break the words for cards so wide. Labels that follow their own width do it too often."""
        px = self._widgets.theme.px
        around = 2 * px(RING + _CARD_PADDING) + px(UNITS + _SIGN_GAP + _BUTTON_GAP + 3 * RING)
        for labels, beside in self._wrapping:
            for label in labels:
                label.configure(wraplength=max(px(_LEAST_TEXT), width - around - beside))

    def button(self, key: str) -> ttk.Button | None:
        """The button of this card."""
        return self._buttons.get(key)

    def _connect(self, button: ttk.Button, group: Group) -> None:
        button.configure(command=lambda: self._wishes.help(group))

    def _rebuild(self, groups: Sequence[Group], accent: str) -> None:
        focused = self._focused_key()
        for child in self.frame.winfo_children():
            child.destroy()
        self._buttons.clear()
        self._wrapping.clear()
        section: Section | None = None
        row = 0
        for group in groups:
            if group.section is not section:
                section = group.section
                self._heading(section, row)
                row += 1
            self._card(group, row, filled=group.key == accent)
            row += 1
        self.resize(self._surface.width)
        button = self._buttons.get(focused)
        if button is not None:
            button.focus_set()

    def _focused_key(self) -> str:
        focused = self.frame.focus_get()
        return next((key for key, one in self._buttons.items() if one is focused), "")

    def _heading(self, section: Section, row: int) -> None:
        px = self._widgets.theme.px
        label = self._widgets.label(self.frame, section_title(section), role=Role.BOLD)
        label.grid(row=row, sticky="w", pady=(px(16) if row else px(4), px(4)))

    def _card(self, group: Group, row: int, *, filled: bool) -> None:
        px, widgets = self._widgets.theme.px, self._widgets
        card = widgets.card(self.frame)
        card.columnconfigure(1, weight=1)
        card.grid(row=row, sticky="we", pady=(0, px(2)))
        sign = widgets.sign(card, group.sign)
        sign.grid(row=0, column=0, sticky="n", padx=(0, px(_SIGN_GAP - RING)))
        words = widgets.frame(card)
        words.columnconfigure(0, weight=1)
        words.grid(row=0, column=1, sticky="we")
        labels = []
        for line, (text, role) in enumerate(_lines(group)):
            label = widgets.label(words, text, role=role)
            label.grid(row=line, sticky="w", pady=(px(2) if line else px(1), 0))
            labels.append(label)
        buttons = widgets.frame(card)
        buttons.columnconfigure(0, weight=1)
        buttons.grid(row=0, column=2, sticky="ne", padx=(px(_BUTTON_GAP), 0))
        self._add_buttons(buttons, group, filled=filled)
        beside = max(child.winfo_reqwidth() for child in buttons.winfo_children())
        self._wrapping.append((tuple(labels), beside))

    def _add_buttons(self, parent: ttk.Frame, group: Group, *, filled: bool) -> None:
        widgets = self._widgets
        kind = Kind.ACCENT if filled else Kind.NORMAL
        main = widgets.button(parent, group.button, lambda: None, kind=kind)
        main.grid(row=0, sticky="we")
        self._buttons[group.key] = main
        show = widgets.button(
            parent, group.show_label, lambda: self._wishes.show(group), kind=Kind.QUIET
        )
        show.grid(row=1, sticky="e")
        for button in (main, show):
            button.bind("<FocusIn>", self._on_focus)

    def _on_focus(self, event: tk.Event[tk.Misc]) -> None:
        self._surface.show_widget(event.widget)


def _lines(group: Group) -> Sequence[tuple[str, Role]]:
    words = group.words
    happened = " ".join(filter(None, (_closed(words.happened), words.when)))
    return (
        (words.title, Role.HEADING),
        (happened, Role.MUTED),
        (words.meaning, Role.MUTED),
        (words.advice, Role.TEXT),
    )


def _closed(text: str) -> str:
    text = shorten(one_line(text), _MOST_SAID)
    return text if not text or text.endswith((".", "!", "?", "…")) else f"{text}."
