"""A channel over a port of this computer, and callers that it does not know."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.control_support import WAIT_SECONDS, FakeApp, echoing, serving
from trayapp.control.loopback import LoopbackEndpoint, Note

HOST = "127.0.0.1"


@contextmanager
def serves(
    directory: Path, app: FakeApp | None = None, *, idle_seconds: float = WAIT_SECONDS
) -> Iterator[Note]:
    """A channel over a port, and what it has written down."""
    app = app or echoing()
    with serving(directory, app, endpoint=LoopbackEndpoint(), idle_seconds=idle_seconds):
        yield Note.read(directory)


@contextmanager
def stranger(note: Note) -> Iterator[socket.socket]:
    with socket.create_connection((HOST, note.port), WAIT_SECONDS) as peer:
        yield peer


def exactly(peer: socket.socket, count: int) -> bytes:
    return peer.recv(count, socket.MSG_WAITALL)
