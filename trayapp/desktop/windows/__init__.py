"""Windows, each a process of its own: they draw, ask the running app, and decide nothing."""

from trayapp.desktop.windows.main import WINDOWS, run_window

__all__ = ["WINDOWS", "run_window"]
