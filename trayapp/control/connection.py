"""One peer of the channel, and the way its answers come back from other threads."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable

from trayapp.control.endpoint import Handshake
from trayapp.control.messages import MAX_LINE_BYTES, MessageError, Reply
from trayapp.i18n import _

logger = logging.getLogger(__name__)

MAX_OUTBOX_BYTES = 4 * MAX_LINE_BYTES
_CHUNK_BYTES = MAX_LINE_BYTES


class Responder:
    """The way back to one peer. Any thread may use it; it never blocks.

    A peer that has left gets nothing, and nobody needs to care.
    """

    def __init__(self, post: Callable[[bytes, bool], None]) -> None:
        self._post = post
        self._once = threading.Lock()
        self._answered = False
        self._left = threading.Event()

    @property
    def is_open(self) -> bool:
        """Whether another answer would still be sent."""
        return not self._left.is_set() and not self._answered

    def reply(self, reply: Reply) -> None:
        """Give the last answer. Raises RuntimeError when it was given before."""
        self._send(reply, last=True)

    def stream(self, reply: Reply) -> None:
        """Give one of many answers; the peer ends it by leaving, or we by `reply`."""
        self._send(reply, last=False)

    def leave(self) -> None:
        """The peer is gone. Called by the channel."""
        self._left.set()

    def _send(self, reply: Reply, *, last: bool) -> None:
        with self._once:
            if self._answered:
                msg = "the last answer has been given already"
                raise RuntimeError(msg)
            self._answered = last
            # Inside the lock: an answer may not be posted behind the last one.
            if not self._left.is_set():
                self._post(_line(reply), last)


def _line(reply: Reply) -> bytes:
    try:
        return reply.line()
    except MessageError as error:
        logger.error("An answer could not be sent: %s", error)  # noqa: TRY400  # no trace: it may quote the reply
        return Reply(ok=False, message=_("Trayapp's answer could not be sent.")).line()


class Connection:
    """Buffers and deadline of one peer. Control thread only; nothing here blocks."""

    def __init__(self, peer: socket.socket, deadline: float) -> None:
        peer.settimeout(0)
        self.peer = peer
        self.handshake: Handshake | None = None
        """What it has yet to prove; None when it is known."""
        self.responder: Responder | None = None
        self.deadline: float | None = deadline
        """When to give up on it, by the monotonic clock; None while it owes us nothing."""
        self.is_closing = False
        """The last answer is in the outbox."""
        self._inbox = bytearray()
        self._outbox = bytearray()

    @property
    def unsent(self) -> int:
        """How many bytes wait for the peer to read."""
        return len(self._outbox)

    def receive(self) -> bool:
        """Take in what has come; False when the peer has left."""
        try:
            chunk = self.peer.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if chunk and (self.responder is not None or self.is_closing):
            return False  # a connection carries one request: this peer does not speak our way
        self._inbox += chunk
        return bool(chunk)

    def greet(self) -> bool:
        """Hear a stranger out; whether the peer is known now. Raises StrangerError."""
        if self.handshake is not None:
            self._outbox += self.handshake.hear(self._inbox)
            self.send()
            if self.handshake.is_over:
                self.handshake = None
        return self.handshake is None

    def take_line(self) -> bytes | None:
        """The request, once it is there. Raises MessageError when it is too long, or not alone."""
        end = self._inbox.find(b"\n")
        if (end if end >= 0 else len(self._inbox)) >= MAX_LINE_BYTES:
            raise MessageError(_("The message is too long."))
        if end < 0:
            return None
        if end + 1 != len(self._inbox):
            raise MessageError(_("A connection carries one request."))
        line = bytes(self._inbox[:end])
        self._inbox.clear()
        return line

    def put(self, line: bytes) -> bool:
        """Queue an answer; False when the peer has left too many unread."""
        if len(self._outbox) + len(line) > MAX_OUTBOX_BYTES:
            return False
        self._outbox += line
        return True

    def send(self) -> bool:
        """Give the peer what it takes now; False when it has left."""
        try:
            sent = self.peer.send(self._outbox)
        except BlockingIOError:
            return True
        except OSError:
            return False
        del self._outbox[:sent]
        return True

    def close(self) -> None:
        """End it, and tell whoever still has an answer for it."""
        if self.responder is not None:
            self.responder.leave()
        self.peer.close()
