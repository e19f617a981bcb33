"""What a keyring says late is not lost, and nobody waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.keyring_contract import A, B
from tests.unit.accounts.life import ACCOUNT, Life, item
from trayapp.accounts.credentials import (
    KeyringTokenStore,
)
from trayapp.accounts.keyring_port import Keyring, NotKept
from trayapp.accounts.quiet_keyring import QuietKeyring
from trayapp.accounts.tokens import Tokens, TokensLocked

DEADLINE_SECONDS = 10
SILENT = "locked: it does not answer"
T = TypeVar("T")


def hang(life: Life, keyring: FakeKeyring, order: str) -> str:
    """Do this with little patience while the keyring hangs; its answer."""
    keyring.go_on.clear()
    life.thread._deadline = timedelta(seconds=0.1)
    answer = life.ask(order)
    life.thread._deadline = timedelta(seconds=DEADLINE_SECONDS)
    return answer


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


def test_what_is_kept_in_the_last_moment_is_kept(keyring: FakeKeyring) -> None:
    class JustTooLate(QuietKeyring):
        def use(self, work: Callable[[Keyring], T]) -> T:
            super().use(work)
            raise TokensLocked

    life = Life(keyring)
    told: list[NotKept] = []
    late = JustTooLate(keyring, life.thread)
    store = KeyringTokenStore(late, ACCOUNT, kept_for_session=told.append)
    store.save(Tokens(access="a", refresh="r"))
    assert (store.why_session_only, told) == (None, [])
    life.end()


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
