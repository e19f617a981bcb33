"""What backends raise is sorted into locked, absent and refused, and none of it is repeated."""

from __future__ import annotations

import importlib
import logging
import traceback
from collections.abc import Iterator

import pytest
from jeepney import DBusErrorResponse, HeaderFields, Message  # type: ignore[import-untyped]
from jeepney.low_level import Header, MessageFlag, MessageType  # type: ignore[import-untyped]
from keyring.errors import (
    InitError,
    KeyringError,
    KeyringLocked,
    NoKeyringError,
    PasswordDeleteError,
    PasswordSetError,
)
from secretstorage.exceptions import (
    LockedException,
    PromptDismissedException,
    SecretServiceNotAvailableException,
)

from tests.unit.accounts.life import ACCOUNT
from tests.unit.accounts.strange_backend import StrangeBackend
from trayapp.accounts.keyring_port import KeyringFailed, NotKept
from trayapp.accounts.system_keyring import SERVICE, SystemKeyring, _names
from trayapp.accounts.tokens import TokensLocked


def on_the_bus(name: str) -> DBusErrorResponse:
    fields = {HeaderFields.error_name: name, HeaderFields.reply_serial: 1}
    header = Header(0, MessageType.error, MessageFlag(0), 1, 0, 1, fields)
    return DBusErrorResponse(Message(header, ("canary",)))


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


def name_of(error: object) -> str:
    cause = getattr(error, "__cause__", None)
    return f"{type(error).__name__}-{type(cause).__name__}-{getattr(error, 'name', '')}"


LOCKED: list[Exception] = [
    KeyringLocked("canary"),
    LockedException("canary"),
    PromptDismissedException("canary"),
    caused(InitError("canary"), PromptDismissedException("canary")),
    on_the_bus("org.freedesktop.Secret.Error.IsLocked"),
]
ABSENT: list[Exception] = [
    NoKeyringError("canary"),
    InitError("canary"),
    SecretServiceNotAvailableException("canary"),
    ConnectionRefusedError("canary"),
    FileNotFoundError("canary"),
    EOFError("canary"),
    on_the_bus("org.freedesktop.DBus.Error.NoReply"),
]
REFUSED: list[Exception] = [
    KeyringError("canary"),
    PasswordSetError("canary"),
    PasswordDeleteError("canary"),
    ValueError("canary"),
    on_the_bus("org.freedesktop.DBus.Error.LimitsExceeded"),
]


@pytest.fixture(autouse=True)
def _no_bus(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={tmp_path}/no-bus")


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Iterator[SystemKeyring]:
    backend = f"{StrangeBackend.__module__}.{StrangeBackend.__name__}"
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    StrangeBackend.made = 0
    yield SystemKeyring()
    StrangeBackend.items.clear()
    StrangeBackend.error = None


def failure_of(keyring: SystemKeyring, error: Exception) -> TokensLocked | KeyringFailed:
    StrangeBackend.error = error
    with pytest.raises((TokensLocked, KeyringFailed)) as caught:
        keyring.set(ACCOUNT, "canary")
    raised = caught.value
    assert isinstance(raised, TokensLocked | KeyringFailed)
    return raised


def test_an_item_is_named_by_the_program_and_the_account(keyring: SystemKeyring) -> None:
    assert keyring.get(ACCOUNT) is None
    keyring.set(ACCOUNT, "text")
    assert StrangeBackend.items == {(SERVICE, ACCOUNT): "text"}
    assert keyring.get(ACCOUNT) == "text"
    assert StrangeBackend.made == 1


def test_removing_what_is_not_there_is_no_failure(keyring: SystemKeyring) -> None:
    keyring.set(ACCOUNT, "text")
    for _ in range(2):
        keyring.delete(ACCOUNT)
    assert StrangeBackend.items == {}


def test_a_stranger_cannot_tell_whether_it_is_locked(keyring: SystemKeyring) -> None:
    assert keyring.is_locked() is None


@pytest.mark.parametrize("error", LOCKED, ids=name_of)
def test_locked_is_locked(keyring: SystemKeyring, error: Exception) -> None:
    assert isinstance(failure_of(keyring, error), TokensLocked)
    assert StrangeBackend.made == 1


@pytest.mark.parametrize("error", ABSENT, ids=name_of)
def test_absent_is_looked_for_again(keyring: SystemKeyring, error: Exception) -> None:
    failure = failure_of(keyring, error)
    assert isinstance(failure, KeyringFailed)
    assert failure.why is NotKept.ABSENT
    StrangeBackend.error = None
    keyring.set(ACCOUNT, "text")
    assert StrangeBackend.made == 2


@pytest.mark.parametrize("error", REFUSED, ids=name_of)
def test_everything_else_is_a_refusal(keyring: SystemKeyring, error: Exception) -> None:
    failure = failure_of(keyring, error)
    assert isinstance(failure, KeyringFailed)
    assert failure.why is NotKept.REFUSED


@pytest.mark.parametrize("error", [*LOCKED, *ABSENT, *REFUSED], ids=name_of)
def test_what_a_stranger_says_is_repeated_nowhere(
    keyring: SystemKeyring, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="trayapp")
    failure = failure_of(keyring, error)
    said = "".join(line for line in traceback.format_exception(failure) if "  File" not in line)
    assert "canary" not in said + repr(failure) + caplog.text
    assert (failure.__cause__, failure.__context__) == (None, None)
    assert f"The keyring failed: {type(error).__name__}" in caplog.text


@pytest.mark.parametrize(
    ("platform", "desktop", "best"),
    [
        ("linux", "", "SecretService.Keyring"),
        ("linux", "ubuntu:GNOME", "SecretService.Keyring"),
        ("linux", "KDE", "kwallet.DBusKeyring"),
        ("win32", "", "Windows.WinVaultKeyring"),
        ("darwin", "", "macOS.Keyring"),
    ],
)
def test_the_systems_own_keyring_is_tried_first(platform: str, desktop: str, best: str) -> None:
    assert _names(platform, desktop)[0] == best
    module, _, kind = best.partition(".")
    assert hasattr(importlib.import_module(f"keyring.backends.{module}"), kind)


def test_without_a_session_bus_there_is_no_keyring() -> None:
    for ask in (SystemKeyring().is_locked, lambda: SystemKeyring().get(ACCOUNT)):
        with pytest.raises(KeyringFailed) as caught:
            ask()
        assert caught.value.why is NotKept.ABSENT


def test_a_choice_of_the_user_that_does_not_exist_is_no_keyring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no_such_module.Keyring")
    with pytest.raises(KeyringFailed) as caught:
        SystemKeyring().get(ACCOUNT)
    assert caught.value.why is NotKept.ABSENT
