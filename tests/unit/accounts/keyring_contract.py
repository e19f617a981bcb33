"""What a KeyringTokenStore promises, whatever keyring is below: ours or the system's."""

from __future__ import annotations

from typing import Protocol

A = "access-canary-1 refresh-canary-1"
B = "access-canary-2 refresh-canary-2"
KEPT = "session only: None"


class Lives(Protocol):
    """One run of a program after the other."""

    def ask(self, order: str) -> str:
        """What the program answers that runs now."""
        ...

    def again(self) -> None:
        """End the program and start it anew."""
        ...


class KeyringHand(Protocol):
    """The hand that locks the keyring and takes it away."""

    def lock(self) -> None: ...

    def unlock(self) -> None: ...

    def stop(self) -> None: ...

    def start(self, *, locked: bool) -> None: ...

    def prompts(self) -> int:
        """How often the user was asked; every prompt is dismissed."""
        ...


class KeyringContract:
    """The fixtures `lives` and `hand` come from whoever inherits this; the keyring is open."""

    def test_before_anybody_signs_in_there_is_nobody(self, lives: Lives) -> None:
        assert lives.ask("load") == "nobody"

    def test_what_was_saved_is_there_in_the_next_life(self, lives: Lives) -> None:
        assert lives.ask(f"save {A}") == KEPT
        assert lives.ask("load") == A
        lives.again()
        assert lives.ask("load") == A

    def test_the_newest_pair_replaces_the_one_before(self, lives: Lives) -> None:
        lives.ask(f"save {A}")
        assert lives.ask(f"save {B}") == KEPT
        lives.again()
        assert lives.ask("load") == B

    def test_awkward_and_long_tokens_survive(self, lives: Lives) -> None:
        pair = f'a"\\ключ\u2028🔑 {"x" * 9000}'
        assert lives.ask(f"save {pair}") == KEPT
        lives.again()
        assert lives.ask("load") == pair

    def test_after_signing_out_there_is_nobody(self, lives: Lives) -> None:
        lives.ask(f"save {A}")
        assert lives.ask("delete") == KEPT
        assert lives.ask("load") == "nobody"
        lives.again()
        assert lives.ask("load") == "nobody"
        assert lives.ask("delete") == KEPT

    def test_the_item_outlives_the_keyrings_restart(self, lives: Lives, hand: KeyringHand) -> None:
        lives.ask(f"save {A}")
        hand.stop()
        hand.start(locked=False)
        assert lives.ask("load") == A
        assert lives.ask(f"save {B}") == KEPT
        lives.again()
        assert lives.ask("load") == B

    def test_locked_is_not_absent_and_opens_without_a_restart(
        self, lives: Lives, hand: KeyringHand
    ) -> None:
        lives.ask(f"save {A}")
        hand.stop()
        hand.start(locked=True)
        lives.again()
        assert lives.ask("load") == "locked: locked"
        hand.unlock()
        assert lives.ask("load") == A

    def test_the_user_is_asked_once_and_then_only_when_he_acts(
        self, lives: Lives, hand: KeyringHand
    ) -> None:
        lives.ask(f"save {A}")
        hand.lock()
        lives.again()
        for _ in range(20):
            assert lives.ask("load") == "locked: locked"
        assert hand.prompts() == 1
        lives.ask("allow")
        for _ in range(3):
            assert lives.ask("load") == "locked: locked"
        assert hand.prompts() == 2

    def test_nothing_is_refreshed_while_new_tokens_could_not_be_kept(
        self, lives: Lives, hand: KeyringHand
    ) -> None:
        lives.ask(f"save {A}")
        assert lives.ask("ready") == KEPT
        hand.lock()
        assert lives.ask("ready") == "locked: locked"
        hand.unlock()
        assert lives.ask("ready") == KEPT
        assert hand.prompts() == 0

    def test_what_came_while_it_was_locked_is_kept_when_it_opens(
        self, lives: Lives, hand: KeyringHand
    ) -> None:
        lives.ask(f"save {A}")
        hand.lock()
        assert lives.ask(f"save {B}") == "session only: locked"
        assert lives.ask("load") == B
        assert lives.ask("keep") == "False"
        hand.unlock()
        assert lives.ask("keep") == "True"
        lives.again()
        assert lives.ask("load") == B

    def test_without_a_keyring_tokens_last_for_this_run(
        self, lives: Lives, hand: KeyringHand
    ) -> None:
        hand.stop()
        lives.again()
        assert lives.ask("load") == "nobody"
        assert lives.ask(f"save {A}") == "session only: absent"
        assert lives.ask("ready") == "session only: absent"
        assert lives.ask("load") == A
        lives.again()
        assert lives.ask("load") == "nobody"

    def test_a_keyring_that_starts_later_is_seen(self, lives: Lives, hand: KeyringHand) -> None:
        hand.stop()
        lives.again()
        assert lives.ask(f"save {A}") == "session only: absent"
        hand.start(locked=False)
        assert lives.ask("ready") == KEPT
        lives.again()
        assert lives.ask("load") == A

    def test_one_that_went_away_is_no_sign_out(self, lives: Lives, hand: KeyringHand) -> None:
        lives.ask(f"save {A}")
        hand.lock()
        lives.again()
        assert lives.ask("load") == "locked: locked"
        hand.stop()
        assert lives.ask("load") == "locked: it cannot be read"
        hand.start(locked=False)
        assert lives.ask("load") == A

    def test_signing_out_while_locked_is_made_good_later(
        self, lives: Lives, hand: KeyringHand
    ) -> None:
        lives.ask(f"save {A}")
        hand.lock()
        assert lives.ask("delete") == "locked: locked"
        assert lives.ask("keep") == "False"
        assert lives.ask("load") == "nobody"
        hand.unlock()
        assert lives.ask("keep") == "True"
        lives.again()
        assert lives.ask("load") == "nobody"
