"""Workplace: what turns and asides have in common, and go by. Used on the sync thread."""

from __future__ import annotations

from collections.abc import Callable

from trayapp.light import dataclass
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.sync.ports import WorkerPorts
from trayapp.sync.rules import Rules


@dataclass(slots=True, kw_only=True)
class Workplace:
    """The queue, what the worker was given, and how patient it is; any thread may say so anew.

    `is_stopping`: take nothing more on.
    """

    queue: Mutex[QueueWriter]
    ports: WorkerPorts
    rules: Rules
    is_stopping: Callable[[], bool]
