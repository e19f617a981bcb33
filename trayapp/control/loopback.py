"""LoopbackEndpoint: a TCP port of this computer, found and trusted by a file of its owner's.

Anybody here may connect to a port, and anybody may take it once we are gone. So each end proves
that it knows the secret in that file, the app first, before a word of a request is said. The
secret is new with each start, and never crosses the wire.
"""

from __future__ import annotations

import errno
import hmac
import os
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from typing import Self

from trayapp.control.endpoint import (
    BACKLOG,
    StrangerError,
    UnsafeChannelError,
    check_directory,
    claim_directory,
    own_user,
    unusable,
)
from trayapp.control.instance import InstanceLock
from trayapp.i18n import _
from trayapp.light import dataclass

FILE_NAME = "control.port"
LOCK_NAME = "control.lock"
SECRET_BYTES = 32
_HOST = "127.0.0.1"  # no name: that would be looked up, and may be another address
_FILE_MODE = 0o600
_LOCK_SECONDS = 2.0
_LINE = re.compile(rb"(\d{1,5}) ([0-9a-f]{%d})\n" % (2 * SECRET_BYTES))
_APP, _CALLER = b"trayapp: I am the app", b"trayapp: I am a caller"


class LoopbackEndpoint:
    """Windows. Works wherever there is TCP, so that it can be tried there."""

    def __init__(self, *, lock_seconds: float = _LOCK_SECONDS) -> None:
        self._lock_seconds = lock_seconds

    def listen(self, directory: Path) -> LoopbackDoorkeeper:
        """Take a free port, and write it down beside a new secret."""
        claim_directory(directory)
        lock = InstanceLock(directory / LOCK_NAME)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if not lock.acquire(self._lock_seconds):  # a caller that looks has it for a moment only
                raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            _take_alone(listener)
            listener.bind((_HOST, 0))
            listener.listen(BACKLOG)
            note = Note(listener.getsockname()[1], os.urandom(SECRET_BYTES))
            note.write(directory)
        except OSError as error:
            listener.close()
            lock.release()
            raise unusable(directory, error) from error
        return LoopbackDoorkeeper(listener, note, directory / FILE_NAME, lock.release)

    def connect(self, directory: Path, timeout: float) -> socket.socket:
        """Say nothing but a number thrown to whoever has not shown the secret."""
        check_directory(directory, user=own_user())
        note = Note.read(directory)
        try:
            return _known_app(note, time.monotonic() + timeout)
        except (ConnectionError, TimeoutError, StrangerError) as error:
            # Windows takes two seconds to refuse, and others answer as they like: the lock tells.
            if _forget_the_dead(directory):
                raise ConnectionRefusedError from error
            if isinstance(error, StrangerError):
                raise _unproved(directory) from error
            if isinstance(error, ConnectionError):  # it ends just now, and has heard nothing
                raise ConnectionRefusedError from error
            raise


class LoopbackDoorkeeper:
    """The port; whoever comes has to prove that it knows the secret."""

    def __init__(
        self, listener: socket.socket, note: Note, path: Path, release: Callable[[], None]
    ) -> None:
        self.listener = listener
        self._note = note
        self._path = path
        self._release = release

    def admit(self, peer: socket.socket) -> SecretHandshake:
        """It is a stranger until then."""
        _at_once(peer)
        return SecretHandshake(self._note)

    def withdraw(self) -> None:
        """Remove the file; who still reads it finds nobody."""
        with suppress(OSError):
            self._path.unlink()
        self._release()


class SecretHandshake:
    """The app's side: a number of the caller's, ours and our proof, then the caller's proof."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._ours = os.urandom(SECRET_BYTES)
        self._theirs = b""
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """Whether the caller has shown that it knows the secret."""
        return self._is_over

    def hear(self, inbox: bytearray) -> bytes:
        """The answer to what has come. Raises StrangerError."""
        said = b""
        if not self._theirs and len(inbox) >= SECRET_BYTES:
            self._theirs = _taken(inbox)
            said = self._ours + self._note.proof(_APP, self._theirs + self._ours)
        if self._theirs and len(inbox) >= SECRET_BYTES:
            proof = self._note.proof(_CALLER, self._theirs + self._ours)
            if not hmac.compare_digest(_taken(inbox), proof):
                msg = "A program that does not know the secret"
                raise StrangerError(msg)
            self._is_over = True
        return said


@dataclass(frozen=True, slots=True)
class Note:
    """What the app writes down for its callers."""

    port: int
    secret: bytes = field(repr=False)

    def proof(self, who: bytes, numbers: bytes) -> bytes:
        """Shows that one knows the secret, and to nobody what it is.

        The ends prove different words, and the port is among them: what one said is no use to
        play the other, nor to pass it on from another port.
        """
        return hmac.digest(self.secret, b"%s %d " % (who, self.port) + numbers, "sha256")

    def write(self, directory: Path) -> None:
        """In one piece: a caller reads all of it, or the one before."""
        new = directory / f"{FILE_NAME}.new"
        new.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(new, flags, _FILE_MODE), "wb") as file:  # noqa: PTH123  # with a mode
            file.write(b"%d %s\n" % (self.port, self.secret.hex().encode()))
        new.replace(directory / FILE_NAME)

    @classmethod
    def read(cls, directory: Path) -> Self:
        """Raises FileNotFoundError where there is none that an app wrote."""
        with (directory / FILE_NAME).open("rb") as file:
            found = _LINE.fullmatch(file.read(2 * SECRET_BYTES + 10))
        if found is None or not 0 < int(found[1]) < 2**16:
            raise FileNotFoundError
        return cls(int(found[1]), bytes.fromhex(found[2].decode()))


def _known_app(note: Note, deadline: float) -> socket.socket:
    """A line to the app. Raises StrangerError, ConnectionError and TimeoutError."""
    peer = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        peer.settimeout(_left(deadline))
        peer.connect((_HOST, note.port))
        _at_once(peer)
        _shake_hands(peer, note, deadline)
    except BaseException:
        peer.close()
        raise
    return peer


def _shake_hands(peer: socket.socket, note: Note, deadline: float) -> None:
    """The caller's side."""
    ours = os.urandom(SECRET_BYTES)
    peer.sendall(ours)
    theirs, proof = _received(peer, deadline), _received(peer, deadline)
    if not hmac.compare_digest(proof, note.proof(_APP, ours + theirs)):
        raise StrangerError
    peer.sendall(note.proof(_CALLER, ours + theirs))


def _received(peer: socket.socket, deadline: float) -> bytes:
    """As many bytes as one part of the handshake has. Raises ConnectionError for an early end."""
    found = b""
    while len(found) < SECRET_BYTES:
        peer.settimeout(_left(deadline))
        chunk = peer.recv(SECRET_BYTES - len(found))
        if not chunk:
            raise ConnectionResetError
        found += chunk
    return found


def _left(deadline: float) -> float:
    # Not zero: that would mean "do not wait", which ends in another error.
    return max(deadline - time.monotonic(), 0.001)


def _taken(inbox: bytearray) -> bytes:
    part = bytes(inbox[:SECRET_BYTES])
    del inbox[:SECRET_BYTES]
    return part


def _forget_the_dead(directory: Path) -> bool:
    """Whether the app has gone without a word, with its lock; what it left is removed then."""
    lock = InstanceLock(directory / LOCK_NAME)
    try:
        if not lock.try_acquire():
            return False
    except OSError:
        return False
    try:
        with suppress(OSError):  # under the lock: no new app has written another one
            (directory / FILE_NAME).unlink()
    finally:
        lock.release()
    return True


def _take_alone(listener: socket.socket) -> None:
    """On Windows another program could take our port besides us, were it not forbidden."""
    option = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
    if option is not None:
        listener.setsockopt(socket.SOL_SOCKET, option, 1)


def _at_once(peer: socket.socket) -> None:
    """Short answers are not kept back to be sent together."""
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _unproved(directory: Path) -> UnsafeChannelError:
    return UnsafeChannelError(
        _("The program that listens at {directory} cannot prove that it is Trayapp.").format(
            directory=directory
        ),
        _("Nothing was sent to it. Ask who looks after this computer."),
    )
