"""Tokens and a keyring that hangs, refuses, lies, vanishes or holds what is not ours."""

from __future__ import annotations

import json
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.keyring_contract import KEPT, A, B
from tests.unit.accounts.life import ACCOUNT, Life
from trayapp.accounts.credentials import WINDOWS_CHARACTERS, max_characters
from trayapp.accounts.keyring_port import KeyringFailed, NotKept, explanation
from trayapp.accounts.tokens import RefreshError, Tokens, TokensLocked, TokenSource
from trayapp.log import redact

DEADLINE_SECONDS = 10
SILENT = "locked: it does not answer"


@pytest.fixture
def keyring() -> FakeKeyring:
    return FakeKeyring()


@pytest.fixture
def opened() -> threading.Event:
    return threading.Event()


@pytest.fixture
def life(keyring: FakeKeyring, opened: threading.Event) -> Iterator[Life]:
    life = Life(keyring, opened=opened.set)
    yield life
    keyring.go_on.set()
    life.end()


def item(pair: str) -> str:
    access, refresh = pair.split(" ")
    return json.dumps({"access": access, "refresh": refresh}, separators=(",", ":"))


def hang(life: Life, keyring: FakeKeyring, order: str) -> str:
    """Do this with little patience while the keyring hangs; its answer."""
    keyring.go_on.clear()
    life.thread._deadline = timedelta(seconds=0.1)
    answer = life.ask(order)
    life.thread._deadline = timedelta(seconds=DEADLINE_SECONDS)
    return answer


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


def test_a_late_answer_is_not_lost(
    life: Life, keyring: FakeKeyring, opened: threading.Event
) -> None:
    keyring.items[ACCOUNT] = item(A)
    assert hang(life, keyring, "load") == SILENT
    assert life.ask("load") == SILENT
    keyring.go_on.set()
    assert opened.wait(DEADLINE_SECONDS)
    assert life.ask("load") == A
    assert keyring.calls == ["get"]


def test_a_late_answer_does_not_replace_a_newer_sign_in(
    life: Life, keyring: FakeKeyring, opened: threading.Event
) -> None:
    keyring.items[ACCOUNT] = item(A)
    hang(life, keyring, "load")
    assert life.ask(f"save {B}") == "session only: locked"
    keyring.go_on.set()
    assert opened.wait(DEADLINE_SECONDS)
    assert life.ask("load") == B
    assert life.ask("keep") == "True"
    assert keyring.items == {ACCOUNT: item(B)}


def test_what_came_while_a_write_hung_is_written_after_it(
    life: Life, keyring: FakeKeyring, opened: threading.Event
) -> None:
    assert hang(life, keyring, f"save {A}") == "session only: locked"
    life.ask(f"save {B}")
    keyring.go_on.set()
    assert opened.wait(DEADLINE_SECONDS)
    assert life.store.why_session_only is None
    assert keyring.items == {ACCOUNT: item(B)}
    assert keyring.calls == ["set", "get", "set", "get"]


def test_a_prompt_answered_late_lets_everything_go_on(
    life: Life, keyring: FakeKeyring, opened: threading.Event
) -> None:
    keyring.items[ACCOUNT] = item(A)
    keyring.is_shut = keyring.is_answered = True
    assert hang(life, keyring, "load") == SILENT
    life.ask("allow")  # there is a prompt already: no second one for the impatient
    assert not life.quiet._may_prompt
    keyring.go_on.set()
    assert opened.wait(DEADLINE_SECONDS)
    assert life.ask("load") == A
    assert keyring.prompts == 1


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


class TestWindows:
    """An item holds 1280 characters there."""

    @pytest.fixture
    def life(self, keyring: FakeKeyring) -> Iterator[Life]:
        life = Life(keyring, limit=max_characters("win32"))
        yield life
        life.end()

    def test_what_fits_is_kept_whole(self, life: Life, keyring: FakeKeyring) -> None:
        frame = len(item(" "))
        pair = f"{'a' * (WINDOWS_CHARACTERS - frame - 1)} r"
        assert life.ask(f"save {pair}") == KEPT
        assert len(keyring.items[ACCOUNT]) == WINDOWS_CHARACTERS

    def test_of_what_is_too_long_the_refresh_token_is_kept(
        self, life: Life, keyring: FakeKeyring
    ) -> None:
        assert life.ask(f"save {'a' * WINDOWS_CHARACTERS} refresh") == KEPT
        assert keyring.items == {ACCOUNT: item(" refresh")}
        assert life.ask("load") == f"{'a' * WINDOWS_CHARACTERS} refresh"
        life.ask(f"save {'b' * WINDOWS_CHARACTERS} refresh")
        assert keyring.calls == ["set", "get"]

    @pytest.mark.parametrize("pair", [f"{'a' * 1300} ", f"a {'r' * 1300}", f"a {'й' * 300}"])
    def test_what_cannot_be_shortened_lasts_for_this_run(
        self, life: Life, keyring: FakeKeyring, pair: str
    ) -> None:
        assert life.ask(f"save {pair}") == "session only: too_long"
        assert life.ask("ready") == "session only: too_long"
        assert keyring.items == {}
        assert life.ask("load") == pair

    def test_elsewhere_there_is_no_such_limit(self) -> None:
        assert (max_characters("linux"), max_characters("darwin")) == (None, None)


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


def test_many_askers_of_a_hung_keyring_wait_together(life: Life, keyring: FakeKeyring) -> None:
    keyring.go_on.clear()
    life.thread._deadline = timedelta(seconds=0.3)
    answers: list[str] = []

    def ask() -> None:
        answers.append(life.ask("load"))

    began = time.monotonic()
    threads = [threading.Thread(target=ask, name="caller") for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)
    assert time.monotonic() - began < DEADLINE_SECONDS / 2
    assert answers == [SILENT] * 20
    assert keyring.calls == ["get"]


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
