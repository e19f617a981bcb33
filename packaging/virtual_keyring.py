"""The keyring of a virtual desktop: locked, unlocked or away, with a prompt that is answered.

A keyring file must exist before one can start locked: the first start makes it.
"""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

from jeepney import DBusAddress, Message, new_method_call  # type: ignore[import-untyped]
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]
from jeepney.wrappers import unwrap_msg  # type: ignore[import-untyped]
from virtual_desktop import KEYRING_OWNER, KEYRING_PASSWORD, VirtualDesktop

_PROMPTER = "org.gnome.keyring.SystemPrompter"
_DEFAULT = "/org/freedesktop/secrets/aliases/default"
_SERVICE = DBusAddress("/org/freedesktop/secrets", KEYRING_OWNER, "org.freedesktop.Secret.Service")
# How the login manager unlocks it: with the password, and without a prompt.
_LOGIN = _SERVICE.with_interface("org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
_BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
_ANSWER_SECONDS = 10.0
_PROMPT_SECONDS = "10"


class _Ask(Protocol):
    """One call to the session bus."""

    def __call__(
        self, address: DBusAddress, method: str, signature: str, *body: object
    ) -> tuple[object, ...]: ...


class VirtualKeyring:
    """The Secret Service of a desktop that was started with one."""

    def __init__(self, desktop: VirtualDesktop) -> None:
        self._desktop = desktop
        self._frozen = 0

    def start(self, *, locked: bool) -> None:
        """Start the daemon again, with what its file holds."""
        self._desktop.start_keyring(locked=locked)

    def stop(self, sig: signal.Signals = signal.SIGTERM) -> None:
        """End the daemon; the file stays."""
        self._desktop.stop_one("keyring", sig)

    def unlock(self) -> None:
        """Unlock it behind the back of all programs, as a login does."""
        with self._bus() as ask:
            session = ask(_SERVICE, "OpenSession", "sv", "plain", ("s", ""))[1]
            secret = (session, b"", KEYRING_PASSWORD, "text/plain")
            ask(_LOGIN, "UnlockWithMasterPassword", "o(oayays)", _DEFAULT, secret)

    def lock(self) -> None:
        """Lock it, as a screen saver may."""
        with self._bus() as ask:
            ask(_SERVICE, "Lock", "ao", [_DEFAULT])

    def freeze(self) -> None:
        """Let it stand still: it is there and answers nothing."""
        with self._bus() as ask:
            [number] = ask(_BUS, "GetConnectionUnixProcessID", "s", KEYRING_OWNER)
        self._frozen = int(str(number))
        os.kill(self._frozen, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        os.kill(self._frozen, signal.SIGCONT)

    def offer_prompts(self) -> None:
        """From now on the user is asked in a window; else every prompt is dismissed at once."""
        services = self._desktop.root / "services"
        shutil.copy(f"/usr/share/dbus-1/services/{_PROMPTER}.service", services)
        with self._bus() as ask:
            ask(_BUS, "ReloadConfig", "")

    def refused_prompts(self) -> int:
        """How often the user would have been asked while no prompts were offered."""
        return self._desktop.log("keyring").count(f"{_PROMPTER} was not provided")

    def see_prompt(self) -> None:
        """Wait until a prompt is on the screen. Raises TimeoutError."""
        self._desktop.wait_owner(_PROMPTER)
        wait = ["xdotool", "search", "--sync", "--onlyvisible", "--class", "gcr-prompter"]
        if self._desktop.run(["timeout", _PROMPT_SECONDS, *wait]).returncode != 0:
            raise TimeoutError

    def answer_prompt(self) -> None:
        """Type the password into the prompt that is on the screen."""
        self._desktop.run(["xdotool", "type", KEYRING_PASSWORD.decode()])
        self._desktop.run(["xdotool", "key", "Return"])

    def dismiss_prompt(self) -> None:
        """Press Escape in the prompt that is on the screen."""
        self._desktop.run(["xdotool", "key", "Escape"])

    @contextmanager
    def _bus(self) -> Iterator[_Ask]:
        with closing(open_dbus_connection(self._desktop.env["DBUS_SESSION_BUS_ADDRESS"])) as bus:

            def ask(
                address: DBusAddress, method: str, signature: str, *body: object
            ) -> tuple[object, ...]:
                call: Message = new_method_call(address, method, signature, body)
                answer: tuple[object, ...] = unwrap_msg(
                    bus.send_and_get_reply(call, timeout=_ANSWER_SECONDS)
                )
                return answer

            yield ask
