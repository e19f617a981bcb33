"""WorkerPorts: what the worker is given. All of it is called on the sync thread."""

from __future__ import annotations

from collections.abc import Callable

from trayapp.clock import Clock
from trayapp.light import dataclass
from trayapp.queue.task import Account
from trayapp.sync.server import TimeServer


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPorts:
    """What the worker calls.

    `server_for` may be slow (it may import and connect); it raises ValueError or LookupError where
    no server of the account's kind is built in. `changed` says that the queue did, `rested` that
    there is nothing more to do for now, `removed` which entry was gone on the server,
    `closed_foreign` in words which entry of the user's, none of ours, was ended there. `recover`
    mends a poisoned queue and may raise QueueError.
    """

    server_for: Callable[[Account], TimeServer]
    clock: Clock
    changed: Callable[[], None]
    rested: Callable[[], None]
    removed: Callable[[str], None]
    recover: Callable[[], None]
    closed_foreign: Callable[[str], None] = lambda _words: None
