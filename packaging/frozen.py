"""Where a frozen program begins."""

import sys
from contextlib import suppress

if sys.platform == "win32":
    import ctypes

    # Notifications and the taskbar name and group a program by it.
    with suppress(OSError, AttributeError):
        ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID("app.trayapp.trayapp")

from trayapp.__main__ import main

sys.exit(main())
