"""Window: what every window of ours has: theme, title, keys, pages, and a line to the app.

A window is a process with one thread of its own for Tk; it never waits for the app. A page is
built inside `page()` and shown by `show()`; the window is as large as its page asks for.
Keys: Escape closes (or what `on_escape` says), Return presses the focused button, elsewhere the
one given to `show`; Tab goes in the order widgets were made.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
import tkinter as tk
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from tkinter import ttk
from types import TracebackType
from typing import TypeVar

from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Reply, Request
from trayapp.desktop.windows import appearance, styles
from trayapp.desktop.windows.keys import bind_keys
from trayapp.desktop.windows.looks import RING
from trayapp.desktop.windows.mailbox import Mailbox
from trayapp.desktop.windows.signs import Sign
from trayapp.desktop.windows.talk import Question, Talk
from trayapp.desktop.windows.theme import Theme
from trayapp.desktop.windows.widgets import Kind, Role, Widgets
from trayapp.i18n import _
from trayapp.light import dataclass

T = TypeVar("T")

APP_NAME = "Trayapp"
PAD = 24
"""Units around a page."""
CONTENT_UNITS = 412
"""The width of a small window's page."""

_SHOW_SECONDS = 2.0
_SHOW_POLL_MS = 1
_ICON_DELAY_MS = 100
_PATIENCE_MS = 700
"""With nothing to show after this, the window says whom it waits for."""
_MAX_SCREEN_RATIO = 2.2
"""Wider than this is several monitors: their middle may be the gap between two."""

logger = logging.getLogger(__name__)


def _nothing() -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a window is opened with; `ready` is called once, when it can be seen.

    What can be read at `door` raises the window; `log` is where its defects are written; `name` is
    the one of its names that it was asked for by; `is_dark` tells how the desktop wants it.
    """

    root: tk.Tk
    channel_dir: Path
    ready: Callable[[], None] = field(default=_nothing)
    door: socket.socket | None = None
    log: Path | None = None
    name: str = ""
    is_dark: Callable[[], bool] = field(default=appearance.is_dark)


class Window:
    """One window and its process's Tk. Raises tkinter.TclError when the display is gone."""

    def __init__(
        self,
        opening: Opening,
        *,
        title: str,
        resizable: bool = False,
        has_fields: bool = True,
    ) -> None:
        """`has_fields`: one can type into what it shows first."""
        self.root = opening.root
        self.root.withdraw()
        if not has_fields:
            # Each widget would ask the X server three times for it, before anything is shown.
            self._compose_letters(on=False)
        self.root.report_callback_exception = self._on_defect
        self._mailbox = Mailbox(self.root)
        self._talk = Talk(opening.channel_dir, self._mailbox.post)
        dots = str(self.root.option_get("dpi", "Dpi"))  # type: ignore[no-untyped-call]
        screen = {"across": self.root.winfo_screenwidth(), "down": self.root.winfo_screenheight()}
        scale = appearance.fitted(appearance.scale(dots), **screen)
        self.theme = Theme(self.root, dark=opening.is_dark(), scale=scale)
        styles.apply(self.theme)
        self.widgets = Widgets(self.theme)
        self.top = tk.Toplevel(self.root, class_=APP_NAME, name=APP_NAME.lower())
        self.top.withdraw()
        self.theme.dress(self.top)
        self.top.title(title)
        self.top.resizable(resizable, resizable)
        self.on_escape: Callable[[], None] = self.close
        self._default: ttk.Button | None = None
        self._page: ttk.Frame | None = None
        self._opening = opening
        self._is_shown = False
        self._is_drawn = False
        self.top.protocol("WM_DELETE_WINDOW", self.close)
        bind_keys(self.top, escape=self._press_escape, default=self._press_default)
        self._watch_door(opening.door)
        self.top.after(_PATIENCE_MS, self._say_waiting)

    # -- the app ---------------------------------------------------------------------------

    def ask(
        self,
        request: Request,
        then: Callable[[Reply], None],
        *,
        timeout: float,
        failed: Callable[[ChannelError], None] | None = None,
    ) -> Question:
        """Ask the app; one of the two is called later. Without `failed` the page says why."""
        self._mailbox.expect()
        return self._talk.ask(request, self._heard(then, failed), timeout=timeout)

    def subscribe(
        self,
        request: Request,
        then: Callable[[Reply], None],
        *,
        timeout: float,
        failed: Callable[[ChannelError], None] | None = None,
    ) -> Question:
        """Ask the app for all answers to come; `failed` is called when there are no more."""
        self._mailbox.expect()
        return self._talk.subscribe(request, self._heard(then, failed), timeout=timeout)

    def in_background(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Do `work` on a thread of its own, then `then` on Tk's with what it returned."""
        self._mailbox.expect()

        def run() -> None:
            done = work()
            self._mailbox.post(lambda: then(done))

        threading.Thread(target=run, name="background", daemon=True).start()

    def say_unreachable(self, error: ChannelError) -> None:
        """A page that says why the app cannot be asked."""
        self.say(Sign.NEEDS_YOU, error.title, error.message)

    # -- pages -----------------------------------------------------------------------------

    def page(self, *, width: float = CONTENT_UNITS) -> ttk.Frame:
        """An empty page instead of the last; its column 0 is `width` units and stretches."""
        if self._page is not None:
            self._page.destroy()
        self._default = None
        self.on_escape = self.close
        # The free ring of what stands in it is a part of the padding.
        self._page = ttk.Frame(self.top, padding=self.theme.px(PAD - RING))
        self._page.columnconfigure(0, weight=1, minsize=self.theme.px(width + 2 * RING))
        self._page.pack(fill="both", expand=True)
        return self._page

    def show(self, focus: tk.Misc, *, default: ttk.Button | None = None) -> None:
        """Show the page, the keyboard in `focus`; Return in a field presses `default`."""
        self._default = default
        if not self._is_shown:
            self._is_shown = True
            self._centre()
            self.top.deiconify()
            self.top.lift()
            self.top.focus_force()
            focus.bind("<Expose>", self._on_exposed, add=True)
            self._announce(time.monotonic() + _SHOW_SECONDS)
        focus.focus_set()

    def say(self, sign: Sign, title: str, text: str) -> None:
        """A page that tells one thing, and can only be closed."""
        page, px = self.page(), self.theme.px
        head = self.widgets.frame(page)
        head.grid(sticky="we")
        self.widgets.sign(head, sign).grid(row=0, column=0, sticky="n", padx=(0, px(9)))
        words = self.widgets.frame(head)
        words.grid(row=0, column=1, sticky="we")
        for row, (said, role) in enumerate(((title, Role.HEADING), (text, Role.MUTED))):
            label = self.widgets.label(words, said, role=role, wrap=CONTENT_UNITS - 36)
            label.grid(row=row, sticky="w", pady=(px(2), px(2)))
        button = self.widgets.button(page, _("Close"), self.close)
        button.grid(sticky="e", pady=(px(16), 0))
        self.show(button, default=button)

    def later(self, milliseconds: int, work: Callable[[], None]) -> None:
        """Do this after a while, unless the window has closed."""
        self.top.after(milliseconds, work)

    # -- life ------------------------------------------------------------------------------

    def run(self) -> None:
        """Show what there is to show until the window is closed."""
        self.root.mainloop()

    def close(self) -> None:
        """End it; answers still awaited are not heard."""
        self._talk.close()
        self._mailbox.close()
        if self._opening.door is not None and hasattr(self.root.tk, "deletefilehandler"):
            self.root.tk.deletefilehandler(self._opening.door)
        self.root.destroy()

    def _heard(
        self, then: Callable[[Reply], None], failed: Callable[[ChannelError], None] | None
    ) -> Callable[[Reply | ChannelError], None]:
        def heard(answer: Reply | ChannelError) -> None:
            if isinstance(answer, Reply):
                then(answer)
            else:
                (failed or self.say_unreachable)(answer)

        return heard

    def _watch_door(self, door: socket.socket | None) -> None:
        if door is not None and hasattr(self.root.tk, "createfilehandler"):
            self.root.tk.createfilehandler(door, tk.READABLE, self._on_knock)

    def _on_knock(self, _file: object, _mask: int) -> None:
        """It was opened once more: here it is."""
        door = self._opening.door
        if door is not None:
            with suppress(OSError):
                door.recv(1)
        if self._is_shown:
            self.top.deiconify()
            self.top.lift()
            (self.top.focus_lastfor() or self.top).focus_force()

    def _say_waiting(self) -> None:
        if self._page is None:
            text = _("It is busy or just starting.")
            self.say(Sign.HEALS, _("Waiting for Trayapp…"), text)

    def _press_escape(self) -> None:
        self.on_escape()  # whatever the page made of it meanwhile

    def _press_default(self) -> None:
        if self._default is not None:
            self._default.invoke()

    def _centre(self) -> None:
        self.top.update_idletasks()
        across, down = self.top.winfo_screenwidth(), self.top.winfo_screenheight()
        if across > down * _MAX_SCREEN_RATIO:
            return
        left = max(0, (across - self.top.winfo_reqwidth()) // 2)
        above = max(0, (down - self.top.winfo_reqheight()) // 3)
        self.top.geometry(f"+{left}+{above}")

    def _on_exposed(self, _event: tk.Event[tk.Misc]) -> None:
        """The screen asks for its content: that it is mapped alone shows an empty window."""
        self._is_drawn = True

    def _announce(self, deadline: float) -> None:
        """Waiting for visibility was seen to hang; looking with a deadline cannot."""
        if not self._is_drawn and time.monotonic() < deadline:
            self.top.after(_SHOW_POLL_MS, lambda: self._announce(deadline))
            return
        self.top.update_idletasks()
        self._opening.ready()
        self._compose_letters(on=True)
        self.top.after(_ICON_DELAY_MS, self._set_icon)

    def _compose_letters(self, *, on: bool) -> None:
        self.root.tk.call("tk", "useinputmethods", on)

    def _set_icon(self) -> None:
        """Later than the window: nobody waits for it, and drawing it loads Pillow."""
        from trayapp.desktop.windows.app_icon import app_icons  # noqa: PLC0415

        pictures = [self.theme.picture(f"app {n}", png) for n, png in enumerate(app_icons())]
        self.top.iconphoto(False, *pictures)  # noqa: FBT003  # Tk's own signature

    def _on_defect(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        from trayapp.log import start_logging, stop_logging  # noqa: PLC0415  # seldom needed

        with suppress(OSError):
            if self._opening.log is not None:
                start_logging(self._opening.log)
        logger.error("A window failed", exc_info=(kind, error, trace))
        stop_logging()
        self.say(
            Sign.NEEDS_YOU,
            _("This window failed because of a defect."),
            _("Your hours are safe. Close it and open it again; the log says more."),
        )


__all__ = ["CONTENT_UNITS", "Kind", "Opening", "Role", "Sign", "Window"]
