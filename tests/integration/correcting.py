"""Corrections made by hand: what the tests of corrections share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from tests.fakes import FakeClock
from tests.integration.core_support import Bench, made_paths
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.sync.server import TimeServer
from trayapp.timer import Corrected
from trayapp.tracking.corrections import Delete, Edit, Undo
from trayapp.tracking.tracker import AlreadySo


def correct(bench: Bench, correction: Edit | Delete | Undo) -> Corrected | AlreadySo:
    """A minute later."""
    bench.clock.advance(60)
    return bench.core.timer.correct(correction, bench.clock.stamp())


def minute(number: float) -> datetime:
    """After the clock's start."""
    return FakeClock().now() + timedelta(minutes=number)


@contextmanager
def another_bench(root: Path) -> Iterator[tuple[Bench, list[TimeServer]]]:
    """One whose server is still to be put into the list."""
    paths, servers = made_paths(root), list[TimeServer]()
    store = EmbeddedStore(paths.embedded_database)
    bench = Bench(paths, store, lambda: servers[0])
    try:
        yield bench, servers
    finally:
        bench.close()
        store.close()
