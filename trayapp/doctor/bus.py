"""The session bus: who is there. Asks the bus alone, so that nothing is started by the question."""

from __future__ import annotations

from contextlib import closing

from trayapp.light import dataclass

_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Bus:
    """The names on the session bus, and those that it would start when they are asked."""

    owned: frozenset[str]
    startable: frozenset[str]


class NoBusError(Exception):
    """There is no session bus, or it does not answer."""


def look_at_bus() -> Bus:
    """Who is on the session bus. Raises NoBusError, and ImportError without the library."""
    # Comes with the keyring on Linux; loads late, on purpose.
    from jeepney import message_bus  # type: ignore[import-untyped]  # noqa: PLC0415
    from jeepney.io.blocking import (  # type: ignore[import-untyped]  # noqa: PLC0415
        open_dbus_connection,
    )
    from jeepney.wrappers import DBusErrorResponse, unwrap_msg  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        with closing(open_dbus_connection("SESSION", auth_timeout=_SECONDS)) as bus:
            owned, startable = (
                unwrap_msg(bus.send_and_get_reply(call, timeout=_SECONDS))[0]
                for call in (message_bus.ListNames(), message_bus.ListActivatableNames())
            )
    except (OSError, KeyError, ValueError, RuntimeError, EOFError, DBusErrorResponse) as error:
        raise NoBusError(type(error).__name__) from error
    return Bus(owned=frozenset(owned), startable=frozenset(startable))
