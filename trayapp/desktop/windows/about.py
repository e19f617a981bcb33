"""The about window: what this program is, and what a support desk asks for, ready to be copied.

Runs on Tk's thread. Without the running app it tells what it knows itself.
"""

from __future__ import annotations

import io
import platform
import tkinter as tk
from dataclasses import replace
from functools import partial

from trayapp import __version__
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows.about_model import Facts, Package, text_of
from trayapp.desktop.windows.account import text
from trayapp.desktop.windows.widgets import Kind, Role
from trayapp.desktop.windows.window import CONTENT_UNITS, Opening, Window
from trayapp.i18n import _

ASK_SECONDS = 5.0
_ICON_UNITS = 64
_TEXT_UNITS = CONTENT_UNITS - _ICON_UNITS - 24


def open_window(opening: Opening) -> Window:
    """The window, asking the app already."""
    window = Window(opening, title=_("About Trayapp"), has_fields=False)
    About(window, Package.installed())
    return window


class About:
    """One page."""

    def __init__(self, window: Window, package: Package) -> None:
        self._window = window
        self._package = package
        self._facts = Facts(
            version=__version__,
            python=platform.python_version(),
            tk=str(window.root.tk.call("info", "patchlevel")),
            system=" ".join((platform.system(), platform.release(), platform.machine())),
        )
        request = Request("about")
        window.ask(request, self._on_answer, timeout=ASK_SECONDS, failed=self._on_unreachable)

    def _on_answer(self, reply: Reply) -> None:
        sqlite, data_dir = text(reply.value, "sqlite"), text(reply.value, "data_dir")
        self._facts = replace(self._facts, sqlite=sqlite, data_dir=data_dir)
        self._build()

    def _on_unreachable(self, _error: ChannelError) -> None:
        self._build()

    def _build(self) -> None:
        window, widgets, px = self._window, self._window.widgets, self._window.theme.px
        page = window.page()
        head = widgets.frame(page)
        head.grid(row=0, sticky="we")
        icon = window.theme.picture("about", _icon(px(_ICON_UNITS)))
        tk.Label(head, image=icon, background=window.theme.palette.background, borderwidth=0).grid(
            row=0, column=0, rowspan=2, sticky="n", padx=(px(3), px(12))
        )
        title = widgets.label(head, f"Trayapp {__version__}", role=Role.TITLE)
        title.grid(row=0, column=1, sticky="w")
        words = _(
            "A time tracker in the system tray that never loses, doubles or re-times a click."
        )
        what = widgets.label(head, words, role=Role.MUTED, wrap=_TEXT_UNITS)
        what.grid(row=1, column=1, sticky="we", pady=(px(4), 0))
        self._build_facts(page)
        self._said = widgets.label(page, role=Role.MUTED, wrap=CONTENT_UNITS)
        self._said.grid(row=2, sticky="we", pady=(px(12), 0))
        footer = widgets.frame(page)
        footer.grid(row=3, sticky="we", pady=(px(8), 0))
        footer.columnconfigure(0, weight=1)
        everything = text_of(self._facts, self._package)
        copy = widgets.button(footer, _("Copy"), lambda: self._copy(everything))
        copy.grid(row=0, column=1, padx=(0, px(2)))
        close = widgets.button(footer, _("Close"), window.close, kind=Kind.ACCENT)
        close.grid(row=0, column=2)
        window.show(close, default=close)

    def _build_facts(self, page: tk.Misc) -> None:
        widgets, px = self._window.widgets, self._window.theme.px
        card = widgets.card(page)
        card.columnconfigure(1, weight=1)
        card.grid(row=1, sticky="we", pady=(px(16), 0))
        rows = {_("Versions"): self._facts.versions, _("System"): self._facts.system}
        if self._facts.data_dir:
            rows[_("Data folder")] = self._facts.data_dir
        if self._package.licence:
            rows[_("Licence")] = self._package.licence
        for row, (name, told) in enumerate(rows.items()):
            label = widgets.label(card, name, role=Role.MUTED)
            label.grid(row=row, column=0, sticky="nw", padx=(0, px(12)), pady=px(2))
            value = widgets.label(card, told, wrap=_VALUE_UNITS)
            value.grid(row=row, column=1, columnspan=2, sticky="we", pady=px(2))
        for row, link in enumerate(self._package.links, start=len(rows)):
            label = widgets.label(card, link.name, role=Role.MUTED)
            label.grid(row=row, column=0, sticky="nw", padx=(0, px(12)), pady=px(2))
            value = widgets.label(card, link.url, wrap=_VALUE_UNITS - _COPY_UNITS)
            value.grid(row=row, column=1, sticky="we", pady=px(2))
            copy = partial(self._copy, link.url)
            button = widgets.button(card, _("Copy"), copy, kind=Kind.QUIET)
            button.grid(row=row, column=2)

    def _copy(self, words: str) -> None:
        self._window.top.clipboard_clear()
        self._window.top.clipboard_append(words)
        self._said.configure(text=_("Copied. Paste it before you close this window."))


_VALUE_UNITS = CONTENT_UNITS - 160
_COPY_UNITS = 64


def _icon(pixels: int) -> bytes:
    """The picture of our windows, as large as it is shown here."""
    from trayapp.desktop.badge import Colour, IconKey  # noqa: PLC0415  # they bring Pillow along
    from trayapp.desktop.icon import draw  # noqa: PLC0415
    from trayapp.tracking.entry import TrackerState  # noqa: PLC0415

    key = IconKey(tracker=TrackerState.RUNNING, colour=Colour.GREEN, count=0, offline=False)
    png = io.BytesIO()
    draw(key, pixels).save(png, "PNG")
    return png.getvalue()
