"""ControlClient: how the command line and the windows ask the running app.

Blocks the calling thread, never longer than it is told to (a subscription: until it is closed).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from trayapp.control.choice import this_endpoint
from trayapp.control.endpoint import ChannelError, Endpoint, unusable
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

    def __init__(self, directory: Path, *, endpoint: Endpoint | None = None) -> None:
        self._directory = directory
        self._endpoint = this_endpoint() if endpoint is None else endpoint

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
        try:
            peer = self._peer_told(line, timeout)
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise _not_running() from error
        except (BlockingIOError, TimeoutError) as error:  # it hangs, or too many wait already
            raise _late(timeout) from error
        except OSError as error:
            raise unusable(self._directory, error) from error
        return Subscription(peer, timeout=timeout, deadline=deadline)

    def _peer_told(self, line: bytes, timeout: float) -> socket.socket:
        peer = self._endpoint.connect(self._directory, timeout)
        try:
            # The app may have refused and closed already: its answer says why.
            with suppress(ConnectionError):
                peer.sendall(line)
        except BaseException:
            peer.close()
            raise
        return peer


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
