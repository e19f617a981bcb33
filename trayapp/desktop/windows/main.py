"""run_window: one window, from its name to its end. A process runs one, on its main thread."""

from __future__ import annotations

import gc
import importlib
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING

from trayapp.desktop.identity import claim_identity
from trayapp.desktop.windows.appearance import Asked
from trayapp.i18n import _

if TYPE_CHECKING:
    import tkinter as tk

WINDOWS: Mapping[str, str] = MappingProxyType(
    {
        "failed": "trayapp.desktop.windows.failed_tasks",
        "sign-in": "trayapp.desktop.windows.sign_in",
        "sign-out": "trayapp.desktop.windows.sign_out",
        "start": "trayapp.desktop.windows.start",
        "times": "trayapp.desktop.windows.times",
        "started-at": "trayapp.desktop.windows.times",
        "stopped-at": "trayapp.desktop.windows.times",
        "settings": "trayapp.desktop.windows.settings",
        "about": "trayapp.desktop.windows.about",
    }
)
"""Each window's module, which has a function `open_window(opening) -> Window`."""

DONE, CANNOT = 0, 1

logger = logging.getLogger(__name__)


def _nothing() -> None:
    """Nobody wants to know."""


def run_window(
    name: str,
    channel_dir: Path,
    *,
    log: Path | None = None,
    ready: Callable[[], None] = _nothing,
) -> int:
    """Show this window until it is closed; `ready` is called once, when it can be seen.

    Where one of this name is open already, that one is raised instead. A defect goes to `log`.
    The exit status: 0, or 1 where no window can be shown. Raises KeyError for an unknown name.
    """
    module = WINDOWS[name]
    gc.disable()  # nothing is garbage before it is shown: to look for it takes a twentieth of that
    try:
        return _run(module, name, channel_dir, log=log, ready=ready)
    finally:
        gc.enable()


def _run(
    module: str, name: str, channel_dir: Path, *, log: Path | None, ready: Callable[[], None]
) -> int:
    claim_identity()
    loaded = _begin_loading(module)
    is_dark = Asked()
    with ExitStack() as at_the_end:
        try:
            from trayapp.desktop.windows.only_one import OnlyOne  # noqa: PLC0415

            one = OnlyOne(channel_dir, name)
            if not one.claim():
                return DONE
            at_the_end.callback(one.release)
            import tkinter as tk  # noqa: PLC0415  # absent on some systems

            try:
                root = _start_tk()
                opened = loaded()
                from trayapp.desktop.windows.window import Opening  # noqa: PLC0415

                opening = Opening(
                    root=root,
                    channel_dir=channel_dir,
                    ready=lambda: _shown(ready),
                    door=one.door,
                    log=log,
                    name=name,
                    is_dark=is_dark,
                )
                window = opened.open_window(opening)
            except tk.TclError as error:
                return _cannot(_("No window can be shown: there is no display."), error)
        except ImportError as error:
            return _cannot(_("Windows need Tk, which is missing: install python3-tk."), error)
        window.run()
    return DONE


def _begin_loading(name: str) -> Callable[[], ModuleType]:
    """Load a module while Tk starts, which takes as long; what is returned waits for it."""

    def load() -> None:
        with suppress(ImportError):  # who waits is told
            importlib.import_module(name)

    thread = threading.Thread(target=load, name="loading", daemon=True)
    thread.start()

    def loaded() -> ModuleType:
        thread.join()
        return importlib.import_module(name)

    return loaded


def _start_tk() -> tk.Tk:
    """Tk. Raises tkinter.TclError where there is no display."""
    import tkinter as tk  # noqa: PLC0415  # absent on some systems

    # Xft's resources are found by the root's class alone; the window itself has ours.
    root = tk.Tk(className="Xft", useTk=False)
    if not getattr(sys, "frozen", False):  # which brings a Tk of its own: it must not find another
        with suppress(tk.TclError):  # without this package the next line starts it
            # Unlike tkinter's own way, this lets other threads run until Tk is there.
            root.tk.eval("package require Tk")
    root.loadtk()
    return root


def _shown(ready: Callable[[], None]) -> None:
    gc.enable()
    ready()


def _cannot(words: str, error: Exception) -> int:
    logger.info("No window: %s", error)
    sys.stderr.write(words + "\n")
    return CANNOT
