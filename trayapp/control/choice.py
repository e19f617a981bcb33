"""Which way the two ends meet on this system; nothing else in the channel asks that."""

from __future__ import annotations

import os
import socket

from trayapp.control.endpoint import Endpoint


def this_endpoint() -> Endpoint:
    """A local socket; on Windows, where Python has none and users have no numbers, loopback."""
    if hasattr(socket, "AF_UNIX") and hasattr(os, "geteuid"):
        from trayapp.control.unix_socket import UnixEndpoint  # noqa: PLC0415  # one of the two

        return UnixEndpoint()
    from trayapp.control.loopback import LoopbackEndpoint  # noqa: PLC0415  # brings HMAC along

    return LoopbackEndpoint()
