"""Rules: how patient the worker is. Apart from the worker, which is loaded later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import timedelta

from trayapp.light import dataclass
from trayapp.sync.waiting import Waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How patient the worker is. `jitter` spreads a wait, so that clients do not march in step."""

    jitter: Callable[[timedelta], timedelta]
    max_attempts: int = 5
    waits: Waits = field(default_factory=Waits)
