"""Where the channel is, and whose it is: what differs between the platforms stands here.

A directory closed to others keeps them out; the peer's user is asked besides.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from pathlib import Path
from typing import Protocol

from trayapp.i18n import _, system_words

SOCKET_NAME = "control.sock"
_DIRECTORY_MODE = 0o700
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_PID_UID_GID = struct.Struct("iII")
_XUCRED = struct.Struct("=II")  # the beginning of it: version, uid
_XUCRED_SIZE = 76
_SOL_LOCAL = 0


class ChannelError(Exception):
    """The channel cannot be used. `title` fits a notification, `message` says what to do."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(f"{title} {message}")
        self.title = title
        self.message = message


class UnsafeChannelError(ChannelError):
    """Somebody else could stand at the other end."""


class UnsupportedError(ChannelError):
    """This platform has no channel."""


class SocketOptions(Protocol):
    """The one thing `peer_uid` asks of a socket."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes: ...


def require_support() -> None:
    """Raise UnsupportedError where Python has no local sockets (Windows)."""
    if not hasattr(socket, "AF_UNIX"):
        raise UnsupportedError(
            _("Trayapp cannot be reached from other programs on this system."),
            _("Your hours are safe. Use the menu of the icon instead."),
        )


def claim_directory(directory: Path) -> None:
    """Make the directory, closed to others, and check it. Raises ChannelError."""
    require_support()
    try:
        directory.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
    except OSError as error:
        raise unusable(directory, error) from error
    check_directory(directory, user=os.geteuid())


def check_directory(directory: Path, *, user: int) -> None:
    """Refuse a directory that others could have made, could enter or could replace.

    Raises UnsafeChannelError, or FileNotFoundError when there is none.
    """
    found = directory.lstat()  # not stat: a link may point to any place
    if not stat.S_ISDIR(found.st_mode):
        raise _unsafe(directory, _("it is no directory"))
    if found.st_uid != user:
        raise _unsafe(directory, _("it belongs to another user"))
    if stat.S_IMODE(found.st_mode) != _DIRECTORY_MODE:
        raise _unsafe(directory, _("other users may enter it (its mode must be 0700)"))
    # The one above, and the link that it may be.
    for above in (directory.parent.stat(), directory.parent.lstat()):
        is_open = above.st_mode & _WRITABLE_BY_OTHERS and not above.st_mode & stat.S_ISVTX
        if above.st_uid not in {0, user} or (is_open and not stat.S_ISLNK(above.st_mode)):
            raise _unsafe(directory, _("another user may replace it"))


def unusable(directory: Path, error: OSError) -> ChannelError:
    """What to say when the operating system refuses."""
    return ChannelError(
        _("The directory {directory} cannot be used: {reason}.").format(
            directory=directory, reason=system_words(error)
        ),
        _("Your hours are safe, but other programs cannot reach Trayapp. Check that directory."),
    )


def _unsafe(directory: Path, reason: str) -> UnsafeChannelError:
    return UnsafeChannelError(
        _("The directory {directory} is not safe: {reason}.").format(
            directory=directory, reason=reason
        ),
        _("Your hours are safe. Remove that directory, then start Trayapp again."),
    )


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
