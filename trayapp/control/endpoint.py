"""Where the two ends of the channel meet, and how each knows the other: the port of the channel.

A directory closed to others keeps them out; who is let in is asked for more besides.
"""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Protocol

from trayapp.i18n import _, system_words

BACKLOG = 128  # who finds every connection taken waits here
_DIRECTORY_MODE = 0o700
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


class ChannelError(Exception):
    """The channel cannot be used. `title` fits a notification, `message` says what to do."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(f"{title} {message}")
        self.title = title
        self.message = message


class UnsafeChannelError(ChannelError):
    """Somebody else could stand at the other end."""


class StrangerError(Exception):
    """The other end is not this user's; the text names it, for the log."""


class Handshake(Protocol):
    """What a peer has yet to prove. Control thread only; nothing here blocks."""

    @property
    def is_over(self) -> bool:
        """Whether the peer is known now."""
        ...

    def hear(self, inbox: bytearray) -> bytes:
        """Take what is needed out of `inbox`; what to say to it. Raises StrangerError."""
        ...


class Doorkeeper(Protocol):
    """The app's end, listening."""

    @property
    def listener(self) -> socket.socket:
        """Closed by the channel."""
        ...

    def admit(self, peer: socket.socket) -> Handshake | None:
        """What `peer` must prove before it is heard; None when it is known. Never blocks.

        Raises StrangerError, and OSError when it has left.
        """
        ...

    def withdraw(self) -> None:
        """Be found no more."""
        ...


class Endpoint(Protocol):
    """One way to meet in a directory."""

    def listen(self, directory: Path) -> Doorkeeper:
        """Be found. Raises ChannelError.

        For the holder of the instance lock only: what another one left is a dead process's.
        """
        ...

    def connect(self, directory: Path, timeout: float) -> socket.socket:
        """A line to the app, which is known to be this user's; blocks at most `timeout` seconds.

        Raises FileNotFoundError or ConnectionRefusedError where no app is, TimeoutError or
        BlockingIOError where it lets nobody in, other OSErrors, and ChannelError.
        """
        ...


def own_user() -> int | None:
    """This user's number; None on a system that knows none (Windows)."""
    return os.geteuid() if hasattr(os, "geteuid") else None


def claim_directory(directory: Path) -> None:
    """Make the directory, closed to others, and check it. Raises ChannelError."""
    try:
        directory.parent.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
        directory.mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
    except OSError as error:
        raise unusable(directory, error) from error
    check_directory(directory, user=own_user())


def check_directory(directory: Path, *, user: int | None) -> None:
    """Refuse a directory that others could have made, could enter or could replace.

    Raises UnsafeChannelError, or FileNotFoundError when there is none. Without a user's number
    there are no modes either: what protects then is that it lies in the user's own profile.
    """
    found = directory.lstat()  # not stat: a link may point to any place
    if not stat.S_ISDIR(found.st_mode):
        raise _unsafe(directory, _("it is no directory"))
    if user is None:
        return
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
