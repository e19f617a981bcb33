"""Tokens and a keyring that hangs, refuses, lies, vanishes or holds what is not ours."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

import pytest

from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.keyring_contract import KEPT, A, B
from tests.unit.accounts.life import ACCOUNT, Life, item
from trayapp.accounts.keyring_port import KeyringFailed, NotKept, explanation
from trayapp.accounts.tokens import RefreshError, Tokens, TokensLocked, TokenSource
from trayapp.log import redact


def test_one_item_holds_both_tokens(life: Life, keyring: FakeKeyring) -> None:
    life.ask(f"save {A}")
    assert keyring.items == {ACCOUNT: item(A)}


def test_it_is_read_once_in_a_run(life: Life, keyring: FakeKeyring) -> None:
    keyring.items[ACCOUNT] = item(A)
    for _ in range(5):
        assert life.ask("load") == A
    assert keyring.calls == ["get"]


def test_who_signs_in_elsewhere_is_found(life: Life, keyring: FakeKeyring) -> None:
    assert life.ask("load") == "nobody"
    keyring.items[ACCOUNT] = item(A)
    assert life.ask("load") == A


def test_it_is_written_only_when_it_changed(life: Life, keyring: FakeKeyring) -> None:
    keyring.items[ACCOUNT] = item(A)
    life.ask("load")
    for order in (f"save {A}", "keep", "ready"):
        life.ask(order)
    assert keyring.calls == ["get"]
    life.ask(f"save {B}")
    life.ask(f"save {B}")
    assert keyring.calls == ["get", "set", "get"]


def test_where_being_locked_cannot_be_seen_nobody_is_asked_twice(
    life: Life, keyring: FakeKeyring
) -> None:
    keyring.items[ACCOUNT] = item(A)
    keyring.can_tell, keyring.is_shut = False, True
    for _ in range(10):
        assert life.ask("load") == "locked: locked"
    assert keyring.prompts == 1
    life.ask("allow")
    keyring.is_answered = True
    assert life.ask("load") == A
    assert keyring.prompts == 2
    assert life.ask(f"save {B}") == KEPT


def test_one_that_can_tell_again_is_believed(life: Life, keyring: FakeKeyring) -> None:
    keyring.items[ACCOUNT] = item(A)
    keyring.can_tell, keyring.is_shut = False, True
    assert life.ask("load") == "locked: locked"
    keyring.can_tell = True
    assert life.ask("load") == "locked: locked"
    keyring.is_shut = False
    assert life.ask("load") == A
    assert keyring.prompts == 1


@pytest.mark.parametrize("fault", ["is_refusing", "is_lying"])
def test_one_that_does_not_keep_is_found_out_and_tried_again(
    life: Life, keyring: FakeKeyring, fault: str
) -> None:
    setattr(keyring, fault, True)
    assert life.ask(f"save {A}") == "session only: refused"
    assert life.ask("ready") == "session only: refused"
    assert life.ask("load") == A
    assert life.ask("last") == "until the end of this run"
    setattr(keyring, fault, False)
    assert life.ask(f"save {A}") == KEPT
    assert life.ask("last") == "beyond this run"
    assert keyring.items == {ACCOUNT: item(A)}


def test_one_that_does_not_forget_is_found_out(life: Life, keyring: FakeKeyring) -> None:
    life.ask(f"save {A}")
    keyring.is_lying = True
    assert life.ask("delete") == "failed: refused"
    assert life.ask("load") == "nobody"
    keyring.is_lying = False
    assert life.ask("keep") == "True"
    assert keyring.items == {}


def test_after_a_failure_nothing_is_taken_for_kept(life: Life, keyring: FakeKeyring) -> None:
    life.ask(f"save {A}")
    keyring.is_lying = True
    life.ask(f"save {B}")
    keyring.items[ACCOUNT] = "torn"
    keyring.is_lying = False
    assert life.ask(f"save {A}") == KEPT
    assert keyring.items == {ACCOUNT: item(A)}


def test_one_that_cannot_be_read_is_no_sign_out(life: Life, keyring: FakeKeyring) -> None:
    keyring.can_tell, keyring.is_unreadable = False, True
    assert life.ask("load") == "locked: it cannot be read"
    assert not life.quiet.was_seen


def test_one_that_was_read_and_went_away_is_no_sign_out(life: Life, keyring: FakeKeyring) -> None:
    keyring.can_tell = False
    assert life.ask("load") == "nobody"
    keyring.is_absent = True
    assert life.ask("load") == "locked: it cannot be read"


def test_it_is_said_once_for_each_time_and_cause(life: Life, keyring: FakeKeyring) -> None:
    keyring.is_refusing = True
    for _ in range(3):
        life.ask(f"save {A}")
    keyring.is_absent = True
    life.ask(f"save {B}")
    keyring.is_absent = keyring.is_refusing = False
    life.ask("keep")
    keyring.is_refusing = True
    life.ask(f"save {A}")
    assert life.told == [NotKept.REFUSED, NotKept.ABSENT, NotKept.REFUSED]


def test_a_keyring_that_opens_is_used_at_the_next_refresh(life: Life, keyring: FakeKeyring) -> None:
    keyring.is_shut = True
    life.ask(f"save {A}")
    assert life.ask("ready") == "locked: locked"
    keyring.is_shut = False
    assert life.ask("ready") == KEPT
    assert keyring.items == {ACCOUNT: item(A)}


@pytest.mark.parametrize(
    "text", ["", "secret-canary", "[]", "{}", '{"access": 1}', '{"access": "", "refresh": ""}']
)
def test_an_item_that_is_not_ours_is_nobody(
    life: Life, keyring: FakeKeyring, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    keyring.items[ACCOUNT] = text
    assert life.ask("load") == "nobody"
    assert "canary" not in caplog.text


def test_a_locked_keyring_stops_a_refresh_before_the_server_is_asked(
    life: Life, keyring: FakeKeyring
) -> None:
    asked: list[str] = []

    def refresh(token: str) -> Tokens:
        asked.append(token)
        return Tokens(access="new", refresh="new-r")

    keyring.items[ACCOUNT] = item(A)
    source = TokenSource(life.store, refresh)
    access = source.access()
    keyring.is_shut = True
    with pytest.raises(TokensLocked):
        source.renew(access)
    assert asked == []
    keyring.is_shut = False
    assert source.renew(access) == "new"
    assert keyring.items == {ACCOUNT: item("new new-r")}


def test_one_that_locks_after_the_server_has_answered_loses_nothing(
    life: Life, keyring: FakeKeyring
) -> None:
    def refresh(_token: str) -> Tokens:
        keyring.is_shut = True
        return Tokens(access="new", refresh="new-r")

    keyring.items[ACCOUNT] = item(A)
    source = TokenSource(life.store, refresh)
    assert source.renew(source.access()) == "new"
    assert source.access() == "new"
    assert life.told == [NotKept.LOCKED]
    keyring.is_shut = False
    assert life.ask("keep") == "True"
    assert keyring.items == {ACCOUNT: item("new new-r")}


def test_no_token_is_in_a_log_an_exception_or_a_repr(
    life: Life, keyring: FakeKeyring, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = []
    for fault in ("is_refusing", "is_lying", "is_absent", "is_shut"):
        life.ask(f"save {A}")
        setattr(keyring, fault, True)
        life.ask(f"save {B}")
        shown += [_shown(call) for call in (life.store.ready, life.store.delete, life.store.load)]
        setattr(keyring, fault, False)
    shown.append(repr((life.store, life.quiet, life.store.load())))
    text = " ".join(shown) + caplog.text
    assert "TokensLocked" in text
    assert "KeyringFailed" in text
    assert "canary" not in text
    assert redact(f"{A} {B}") == "*** *** *** ***"


def _shown(call: Callable[[], object]) -> str:
    try:
        return repr(call())
    except (RefreshError, KeyringFailed) as error:
        return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("why", list(NotKept))
def test_every_cause_is_explained(why: NotKept) -> None:
    assert "Your hours are safe." in explanation(why)
