"""SystemKeyring: the keyring of this system, by the `keyring` library, loaded at first use.

Runs on the keyring thread only. Nothing a stranger's exception says is repeated: it could hold
what it was given.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, TypeVar

from trayapp.accounts.keyring_port import KeyringFailed, NotKept
from trayapp.accounts.tokens import TokensLocked

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "Trayapp"

_logger = logging.getLogger(__name__)
_SECRET_SERVICES = ("keyring.backends.SecretService", "keyring.backends.libsecret")
_T = TypeVar("_T")


class SystemKeyring:
    """A Keyring. The best one that runs is chosen anew for as long as there is none."""

    def __init__(self) -> None:
        self._backend: KeyringBackend | None = None

    def get(self, account: str) -> str | None:
        def read(backend: KeyringBackend) -> str | None:
            if _is_secret_service(backend) and _default_is_locked() is None:
                return None  # reading would have a keyring made, and ask for its password
            return backend.get_password(SERVICE, account)

        return self._ask(read)

    def set(self, account: str, text: str) -> None:
        self._ask(lambda backend: backend.set_password(SERVICE, account, text))

    def delete(self, account: str) -> None:
        if self.get(account) is not None:
            self._ask(lambda backend: backend.delete_password(SERVICE, account))

    def is_locked(self) -> bool | None:
        def look(backend: KeyringBackend) -> bool | None:
            # One that is still to be made asks for nothing when it is read.
            return bool(_default_is_locked()) if _is_secret_service(backend) else None

        return self._ask(look)

    def _ask(self, question: Callable[[KeyringBackend], _T]) -> _T:
        # Raised outside of the handler, so that no traceback shows what the library said.
        failure: Exception
        try:
            if self._backend is None:
                self._backend = _choose()
            return question(self._backend)
        except Exception as error:  # noqa: BLE001  # backends raise what their systems raise
            failure = _translated(error)
            _logger.info("The keyring failed: %s", type(error).__name__)
        if isinstance(failure, KeyringFailed) and failure.why is NotKept.ABSENT:
            self._backend = None
        raise failure


def _choose() -> KeyringBackend:
    """The user's own choice, else the keyring of this system that runs now.

    What the library chooses by itself it chooses once, and may be a plain file or a chain of many.
    """
    from keyring import core  # noqa: PLC0415  # loads late, on purpose

    chosen = core.load_env() or core.load_config()
    if chosen is not None:
        return chosen
    for name in _names(sys.platform, os.environ.get("XDG_CURRENT_DESKTOP", "")):
        with contextlib.suppress(RuntimeError):  # does not run, and says why
            return core.load_keyring(f"keyring.backends.{name}")
    raise KeyringFailed(NotKept.ABSENT)


def _names(platform: str, desktop: str) -> Sequence[str]:
    """The backends to try, best first."""
    if platform == "win32":
        return ["Windows.WinVaultKeyring"]
    if platform == "darwin":
        return ["macOS.Keyring"]
    names = ["SecretService.Keyring", "kwallet.DBusKeyring"]
    return names[::-1] if "KDE" in desktop.split(":") else names


def _is_secret_service(backend: KeyringBackend) -> bool:
    return type(backend).__module__ in _SECRET_SERVICES


def _default_is_locked() -> bool | None:
    """Whether the user's own keyring is locked; None when it is still to be made."""
    import secretstorage  # noqa: PLC0415  # loads late, on purpose

    with closing(secretstorage.dbus_init()) as bus:
        try:
            return secretstorage.Collection(bus).is_locked()
        except secretstorage.ItemNotFoundException:
            return None


def _translated(error: Exception) -> TokensLocked | KeyringFailed:
    if isinstance(error, TokensLocked | KeyringFailed):
        return error
    names = {kind.__name__ for known in _with_causes(error) for kind in type(known).__mro__}
    names |= {str(getattr(known, "name", "")) for known in _with_causes(error)}
    if names & _MEANS_LOCKED:
        return TokensLocked()
    return KeyringFailed(NotKept.ABSENT if names & _MEANS_ABSENT else NotKept.REFUSED)


def _with_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__


# By name: which of these libraries exist depends on the system.
_MEANS_LOCKED = {
    "KeyringLocked",
    "LockedException",
    "PromptDismissedException",
    "org.freedesktop.Secret.Error.IsLocked",
}
_MEANS_ABSENT = {
    "NoKeyringError",
    "SecretServiceNotAvailableException",
    "OSError",
    "EOFError",
    "ImportError",
    "RuntimeError",
    "InitError",
    "org.freedesktop.DBus.Error.NoReply",
    "org.freedesktop.DBus.Error.ServiceUnknown",
}
