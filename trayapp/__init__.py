"""Trayapp: a time tracker in the system tray that never loses, doubles or re-times a click."""

__version__ = "0.1.0"
