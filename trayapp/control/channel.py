"""ControlServer: how the command line and the windows talk to the running app.

One thread named "control", which hands requests over and never waits for an answer. Only the
holder of the instance lock may start one.
"""

from __future__ import annotations

import logging
import queue
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from trayapp.control.choice import this_endpoint
from trayapp.control.connection import Connection, Responder
from trayapp.control.endpoint import Doorkeeper, Endpoint, StrangerError
from trayapp.control.messages import MessageError, Reply, Request
from trayapp.i18n import _

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
MAX_STRANGERS = 128
"""Peers that have yet to prove who they are; who comes besides takes the place of the oldest.

Far more than callers come at once, for those are among them for a moment.
"""
IDLE_SECONDS = 10.0
_ACCEPT_AGAIN_SECONDS = 1.0
_JOIN_SECONDS = 1.0

Handle = Callable[[Request, Responder], None]


class ControlServer:
    """The app's end of the channel. `handle` runs on the control thread: it may only post.

    start() and stop() are the app's, on one thread, and never on the control thread.
    """

    def __init__(
        self,
        directory: Path,
        handle: Handle,
        *,
        endpoint: Endpoint | None = None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._directory = directory
        self._handle = handle
        self._endpoint = this_endpoint() if endpoint is None else endpoint
        self._idle_seconds = idle_seconds
        self._loop: _Loop | None = None

    def start(self) -> None:
        """Listen. Raises ChannelError; the app can go on without a channel."""
        if self._loop is not None:
            msg = "the control channel has been started already"
            raise RuntimeError(msg)
        doorkeeper = self._endpoint.listen(self._directory)
        self._loop = _Loop(doorkeeper, self._handle, self._idle_seconds)
        self._loop.thread.start()

    def stop(self) -> None:
        """Give out the answers that are ready, let everybody go, be found no more."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.stop()


class _Loop:
    """The control thread and everything it alone may touch; `post` and `stop` are for others."""

    def __init__(self, doorkeeper: Doorkeeper, handle: Handle, idle_seconds: float) -> None:
        self.thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._doorkeeper = doorkeeper
        self._listener = doorkeeper.listener
        self._listener.settimeout(0)
        self._handle = handle
        self._idle_seconds = idle_seconds
        self._has_told_of_strangers = False
        self._connections: dict[Connection, None] = {}
        """Oldest first."""
        self._outgoing: queue.SimpleQueue[tuple[Connection, bytes, bool]] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._listens = False
        self._accept_again_at = 0.0
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._waker.settimeout(0)
        self._woken.settimeout(0)
        self._selector.register(self._woken, selectors.EVENT_READ, self._on_woken)

    def stop(self) -> None:
        self._doorkeeper.withdraw()
        self._stopping.set()
        self._wake()
        self.thread.join(_JOIN_SECONDS)
        if self.thread.is_alive():
            logger.error("The control thread does not end: a request is stuck in it")

    def post(self, connection: Connection, line: bytes, *, last: bool) -> None:
        self._outgoing.put((connection, line, last))
        self._wake()

    def _wake(self) -> None:
        # Full: it is awake already. Closed: the loop has ended, and the peers with it.
        with suppress(OSError):
            self._waker.send(b"\0")

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self._put_outgoing()
                self._close_some()
                self._watch_listener()
                for key, events in self._selector.select(self._timeout()):
                    on_ready: Callable[[int], None] = key.data
                    on_ready(events)
        except Exception:
            logger.exception("The control channel has ended")
        finally:
            self._end()

    def _end(self) -> None:
        self._listener.close()
        self._put_outgoing()
        for connection in tuple(self._connections):
            self._close(connection)
        self._selector.close()
        self._woken.close()
        self._waker.close()

    def _timeout(self) -> float | None:
        now = time.monotonic()
        waits = [c.deadline for c in self._connections if c.deadline is not None]
        if self._accept_again_at > now:
            waits.append(self._accept_again_at)
        return max(0.0, min(waits) - now) if waits else None

    def _watch_listener(self) -> None:
        has_room = len(self._connections) - len(self._strangers()) < MAX_CONNECTIONS
        wanted = has_room and time.monotonic() >= self._accept_again_at
        if wanted and not self._listens:
            self._selector.register(self._listener, selectors.EVENT_READ, self._on_peer)
        elif self._listens and not wanted:
            self._selector.unregister(self._listener)
        self._listens = wanted

    def _on_woken(self, _events: int) -> None:
        # Emptied before the answers are looked at, so that no wake-up is lost.
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _on_peer(self, _events: int) -> None:
        try:
            peer, _address = self._listener.accept()
        except OSError as error:  # no file descriptor is free: later, instead of at once for ever
            logger.warning("A peer cannot be let in: %s", error.strerror)
            self._accept_again_at = time.monotonic() + _ACCEPT_AGAIN_SECONDS
            return
        connection = Connection(peer, time.monotonic() + self._idle_seconds)
        self._connections[connection] = None
        self._selector.register(
            peer, selectors.EVENT_READ, lambda events: self._on_ready(connection, events)
        )
        try:
            connection.handshake = self._doorkeeper.admit(peer)
        except StrangerError as stranger:
            self._send_away(connection, stranger)
        except OSError:  # it has left before it could be asked
            self._close(connection)

    def _strangers(self) -> list[Connection]:
        return [one for one in self._connections if one.handshake is not None]

    def _send_away(self, connection: Connection, stranger: StrangerError) -> None:
        if not self._has_told_of_strangers:  # once: others must not fill the log
            self._has_told_of_strangers = True
            logger.warning("%s is not let in: the channel is for its owner only", stranger)
        self._close(connection)

    def _on_ready(self, connection: Connection, events: int) -> None:
        if events & selectors.EVENT_WRITE and not self._flush(connection):
            return
        if events & selectors.EVENT_READ:
            self._read(connection)

    def _read(self, connection: Connection) -> None:
        if not connection.receive():
            self._close(connection)
            return
        try:
            line = connection.take_line() if connection.greet() else None
            request = None if line is None else Request.parse(line)
        except StrangerError as stranger:
            self._send_away(connection, stranger)
            return
        except MessageError as error:
            logger.warning("A request was not understood: %s", error)
            self._put(connection, Reply(ok=False, message=str(error)).line(), last=True)
            return
        if request is not None:
            self._hand_over(connection, request)

    def _hand_over(self, connection: Connection, request: Request) -> None:
        responder = Responder(lambda line, last: self.post(connection, line, last=last))
        connection.responder = responder
        connection.deadline = None
        try:
            self._handle(request, responder)
        except Exception:  # one request's defect is not the others'
            logger.exception("A request failed")
            message = _("Trayapp could not do that because of a defect; its log says more.")
            with suppress(RuntimeError):  # it had answered before it failed
                responder.reply(Reply(ok=False, message=message))

    def _put_outgoing(self) -> None:
        with suppress(queue.Empty):
            while True:
                connection, line, last = self._outgoing.get_nowait()
                if connection in self._connections:
                    self._put(connection, line, last=last)

    def _put(self, connection: Connection, line: bytes, *, last: bool) -> None:
        if not connection.put(line):
            logger.warning("A peer does not read its answers; it is let go")
            self._close(connection)
            return
        connection.is_closing = last
        if connection.deadline is None:
            connection.deadline = time.monotonic() + self._idle_seconds
        self._flush(connection)

    def _flush(self, connection: Connection) -> bool:
        """Send what the peer takes; False when that was its end."""
        before = connection.unsent
        if not connection.send() or (connection.is_closing and not connection.unsent):
            self._close(connection)
            return False
        wants = selectors.EVENT_READ
        if connection.unsent:
            wants |= selectors.EVENT_WRITE
            if connection.unsent < before:  # slow, but it reads
                connection.deadline = time.monotonic() + self._idle_seconds
        else:
            connection.deadline = None
        key = self._selector.get_key(connection.peer)
        self._selector.modify(connection.peer, wants, key.data)
        return True

    def _close_some(self) -> None:
        now = time.monotonic()
        for connection in tuple(self._connections):
            if connection.deadline is not None and connection.deadline <= now:
                self._close(connection)
        for connection in self._strangers()[:-MAX_STRANGERS]:
            self._close(connection)

    def _close(self, connection: Connection) -> None:
        self._connections.pop(connection, None)
        self._selector.unregister(connection.peer)
        connection.close()
