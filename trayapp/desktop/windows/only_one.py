"""OnlyOne: of each window there is one at a time; opening it again raises the one there is.

The first holds a lock beside the channel's socket and listens at a door there; a later one knocks
and goes. Nothing waits and nothing polls: Tk's loop watches the door.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from trayapp.control.endpoint import ChannelError, claim_directory

_KNOCK = b"\0"


class OnlyOne:
    """A window's right to be the only one of its name. Release it at the end."""

    def __init__(self, directory: Path, name: str) -> None:
        self._directory = directory
        self._lock_path = directory / f"window-{name}.lock"
        self._lock: int | None = None
        self._path = directory / f"window-{name}.sock"
        self.door: socket.socket | None = None
        """Readable when somebody knocked; None where this platform has no such sockets."""

    def claim(self) -> bool:
        """Be the one; False where there is one already, which has been knocked up then."""
        try:
            claim_directory(self._directory)
            if not self._try_lock():
                self._knock()
                return False
            self._open_door()
        except (ChannelError, OSError, ImportError):
            # No place for a lock, or none of that kind (Windows): two are better than none.
            return True
        return True

    def release(self) -> None:
        """Let another be the one."""
        if self.door is not None:
            self.door.close()
            self.door = None
            self._path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _try_lock(self) -> bool:
        # The instance's lock would do, but takes a tenth of the time a window may take to open.
        import fcntl  # noqa: PLC0415  # not on Windows

        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        except OSError:
            os.close(lock)
            raise
        self._lock = lock
        return True

    def _open_door(self) -> None:
        door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._path.unlink(missing_ok=True)  # of one that was killed
            door.bind(os.fspath(self._path))
        except OSError:
            door.close()
            raise
        door.settimeout(0)
        self.door = door

    def _knock(self) -> None:
        with (
            suppress(OSError),  # it is just opening, or just closing
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as caller,
        ):
            caller.settimeout(0)
            caller.sendto(_KNOCK, os.fspath(self._path))
