"""What the tray icon needs on Linux besides Python's own. Loads libraries, opens no display."""

from __future__ import annotations

from contextlib import suppress

_INDICATORS = ("AyatanaAppIndicator3", "AppIndicator3")


def tray_lack() -> str:
    """The name of the library that is missing; empty when the icon can be shown."""
    try:
        import gi  # noqa: PLC0415  # absent on many systems

        gi.require_version("Gtk", "3.0")
    except (ImportError, ValueError):
        return "gi"
    for name in _INDICATORS:
        with suppress(ValueError):
            gi.require_version(name, "0.1")
            return ""
    return _INDICATORS[0]
