"""Script: several statements of SQL in one text, taken apart."""

from __future__ import annotations

import sqlite3


def statements(script: str) -> list[str]:
    """The statements of a script; `executescript` would commit the caller's transaction."""
    found: list[str] = []
    lines: list[str] = []
    for line in script.splitlines(keepends=True):
        lines.append(line)
        text = "".join(lines)
        if sqlite3.complete_statement(text):
            found.append(text)
            lines.clear()
    return found
