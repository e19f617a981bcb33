"""A program for tests: Trayapp on a system that has no local sockets, as Windows has none."""

from __future__ import annotations

import functools
import socket
import sys

_pair = functools.partial(socket.socketpair, socket.AF_UNIX)  # such a pair Windows has
socket.socketpair = _pair  # without arguments, as we use it
del socket.AF_UNIX

from trayapp.__main__ import main  # noqa: E402  # what looks at the system finds it so

if __name__ == "__main__":
    sys.exit(main())
