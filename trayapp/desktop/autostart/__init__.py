"""Start at login: one small class a system, behind one port.

Files and a registry only, so any thread may call it; the window that has the setting does.
"""

from trayapp.desktop.autostart.choice import of_this_system, repair_at_start
from trayapp.desktop.autostart.port import Autostart, AutostartError, LoginState

__all__ = ["Autostart", "AutostartError", "LoginState", "of_this_system", "repair_at_start"]
