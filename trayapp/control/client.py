"""ControlClient: how the command line and the windows ask the running app.

Blocks the calling thread, never longer than it is told to (a subscription: until it is closed).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from trayapp.control import endpoint
from trayapp.control.endpoint import ChannelError, UnsafeChannelError, UnsupportedError
from trayapp.control.messages import MAX_LINE_BYTES, MessageError, Reply, Request
from trayapp.i18n import _, ngettext

_CHUNK_BYTES = MAX_LINE_BYTES
SUBSCRIBE_SECONDS = 5.0


class NotRunningError(ChannelError):
    """No app is there; it has certainly not seen the request."""


class NotAnsweringError(ChannelError):
    """An app is there but gave no answer; it may or may not have done what was asked."""


class ControlClient:
    """A command's end of the channel. Each request has a connection of its own."""

    def __init__(
        self,
        directory: Path,
        *,
        peer_uid: Callable[[socket.socket], int | None] = endpoint.peer_uid,
    ) -> None:
        self._directory = directory
        self._peer_uid = peer_uid

    def ask(self, request: Request, timeout: float) -> Reply:
        """The app's answer, waiting at most `timeout` seconds.

        Raises NotRunningError, NotAnsweringError or another ChannelError; MessageError when
        `request` cannot be sent at all.
        """
        with self.subscribe(request, timeout) as answers:
            for answer in answers:
                return answer
        raise _ended()

    def subscribe(self, request: Request, timeout: float = SUBSCRIBE_SECONDS) -> Subscription:
        """All answers, until the app or the caller ends it; the first one within `timeout` seconds.

        Raises as `ask` does: at once for what goes wrong at once.
        """
        line = request.line()
        deadline = time.monotonic() + timeout
        peer = self._connect(timeout)
        try:
            self._check_peer(peer)
            # The app may have refused and closed already: its answer says why.
            with suppress(BrokenPipeError, ConnectionResetError):
                peer.sendall(line)
        except TimeoutError as error:
            peer.close()
            raise _late(timeout) from error
        except OSError as error:
            peer.close()
            raise endpoint.unusable(self._directory, error) from error
        except UnsafeChannelError:
            peer.close()
            raise
        return Subscription(peer, timeout=timeout, deadline=deadline)

    def _connect(self, timeout: float) -> socket.socket:
        try:
            endpoint.require_support()
            endpoint.check_directory(self._directory, user=os.geteuid())
        except UnsupportedError as error:
            raise NotRunningError(error.title, error.message) from error
        except FileNotFoundError as error:
            raise _not_running() from error
        except OSError as error:
            raise endpoint.unusable(self._directory, error) from error
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(timeout)
        try:
            peer.connect(os.fspath(self._directory / endpoint.SOCKET_NAME))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            peer.close()
            raise _not_running() from error
        except BlockingIOError as error:  # too many wait to be let in
            peer.close()
            raise _late(timeout) from error
        except OSError as error:
            peer.close()
            raise endpoint.unusable(self._directory, error) from error
        return peer

    def _check_peer(self, peer: socket.socket) -> None:
        user = self._peer_uid(peer)
        if user is not None and user != os.geteuid():
            raise UnsafeChannelError(
                _("The program that listens at {directory} belongs to another user.").format(
                    directory=self._directory
                ),
                _("Nothing was sent to it. Ask who looks after this computer."),
            )


class Subscription(Iterator[Reply]):
    """The answers as they come; iterate on one thread. `close` may come from another thread."""

    def __init__(self, peer: socket.socket, *, timeout: float, deadline: float) -> None:
        self._peer = peer
        self._timeout = timeout
        self._deadline: float | None = deadline
        self._inbox = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __next__(self) -> Reply:
        line = self._next_line()
        if line is None:
            self.close()
            raise StopIteration
        self._deadline = None
        try:
            return Reply.parse(line)
        except MessageError as error:
            self.close()
            raise _unreadable(str(error)) from error

    def close(self) -> None:
        """End it; an iteration that waits ends too."""
        with suppress(OSError):  # the other end has gone first
            self._peer.shutdown(socket.SHUT_RDWR)
        self._peer.close()

    def _next_line(self) -> bytes | None:
        while (end := self._inbox.find(b"\n")) < 0:
            if len(self._inbox) >= MAX_LINE_BYTES:
                self.close()
                raise _unreadable(_("The message is too long."))
            chunk = self._receive()
            if not chunk:
                return None
            self._inbox += chunk
        line = bytes(self._inbox[:end])
        del self._inbox[: end + 1]
        return line

    def _receive(self) -> bytes:
        try:
            if self._deadline is None:
                self._peer.settimeout(None)
            else:
                # Not zero: that would mean "do not wait", which ends in another error.
                self._peer.settimeout(max(self._deadline - time.monotonic(), 0.001))
            return self._peer.recv(_CHUNK_BYTES)
        except TimeoutError as error:
            self.close()
            raise _late(self._timeout) from error
        except OSError:  # reset by the app's end, or closed by our own
            return b""


def _not_running() -> NotRunningError:
    return NotRunningError(
        _("Trayapp is not running."),
        _("What is recorded now is sent when it runs. Start it with “trayapp”."),
    )


def _late(timeout: float) -> NotAnsweringError:
    seconds = max(1, round(timeout))
    return NotAnsweringError(
        ngettext(
            "Trayapp did not answer within {seconds} second.",
            "Trayapp did not answer within {seconds} seconds.",
            seconds,
        ).format(seconds=seconds),
        _("It may still have recorded this: look with “trayapp status” before you try again."),
    )


def _ended() -> NotAnsweringError:
    return NotAnsweringError(
        _("Trayapp ended before it answered."),
        _("It may still have recorded this: look with “trayapp status” before you try again."),
    )


def _unreadable(reason: str) -> ChannelError:
    return ChannelError(
        _("Trayapp's answer cannot be read. {reason}").format(reason=reason),
        _("It may be of another version: quit it, start it again, then look at its status."),
    )
