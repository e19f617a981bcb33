"""UnixEndpoint: a socket in the file system, whose other end's user the kernel tells."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from trayapp.control.endpoint import (
    BACKLOG,
    StrangerError,
    UnsafeChannelError,
    check_directory,
    claim_directory,
    own_user,
    unusable,
)
from trayapp.i18n import _

SOCKET_NAME = "control.sock"
_SOCKET_MODE = 0o600
_PID_UID_GID = struct.Struct("iII")
_XUCRED = struct.Struct("=II")  # the beginning of it: version, uid
_XUCRED_SIZE = 76
_SOL_LOCAL = 0


class SocketOptions(Protocol):
    """The one thing `peer_uid` asks of a socket."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


def peer_uid(peer: SocketOptions) -> int | None:
    """The user at the other end; None where the platform does not tell (the directory decides)."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is not None:
        found = peer.getsockopt(socket.SOL_SOCKET, option, _PID_UID_GID.size)
        return int(_PID_UID_GID.unpack(found)[1])
    option = getattr(socket, "LOCAL_PEERCRED", None)
    if option is not None:
        found = peer.getsockopt(_SOL_LOCAL, option, _XUCRED_SIZE)
        return int(_XUCRED.unpack_from(found)[1])
    return None


PeerUid = Callable[[socket.socket], int | None]


class UnixEndpoint:
    """Free systems and macOS."""

    def __init__(self, peer_uid: PeerUid = peer_uid) -> None:
        self._peer_uid = peer_uid

    def listen(self, directory: Path) -> UnixDoorkeeper:
        """Put the socket where callers look for it."""
        claim_directory(directory)
        path = directory / SOCKET_NAME
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            path.unlink(missing_ok=True)
            listener.bind(os.fspath(path))
            path.chmod(_SOCKET_MODE)
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            raise unusable(directory, error) from error
        return UnixDoorkeeper(listener, path, self._peer_uid)

    def connect(self, directory: Path, timeout: float) -> socket.socket:
        """Look who listens before anything is said to it."""
        check_directory(directory, user=own_user())
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            peer.settimeout(timeout)
            peer.connect(os.fspath(directory / SOCKET_NAME))
            self._check(peer, directory)
        except BaseException:
            peer.close()
            raise
        return peer

    def _check(self, peer: socket.socket, directory: Path) -> None:
        if self._peer_uid(peer) not in {None, own_user()}:
            raise UnsafeChannelError(
                _("The program that listens at {directory} belongs to another user.").format(
                    directory=directory
                ),
                _("Nothing was sent to it. Ask who looks after this computer."),
            )


class UnixDoorkeeper:
    """The socket, and whom it lets in."""

    def __init__(self, listener: socket.socket, path: Path, peer_uid: PeerUid) -> None:
        self.listener = listener
        self._path = path
        self._peer_uid = peer_uid

    def admit(self, peer: socket.socket) -> None:
        """Nothing has to be proved: the kernel vouches."""
        user = self._peer_uid(peer)
        if user not in {None, own_user()}:
            msg = f"User {user}"
            raise StrangerError(msg)

    def withdraw(self) -> None:
        """Remove the socket."""
        with suppress(OSError):  # a cleaned runtime directory is no reason to stay
            self._path.unlink()
