"""A letter for each kind of click, so that a test can write a day as a word."""

from __future__ import annotations

from trayapp.tracking.entry import EventKind

KINDS = dict(zip("SPREXD", EventKind, strict=True))
LETTERS = dict(zip(KINDS.values(), KINDS, strict=True))
