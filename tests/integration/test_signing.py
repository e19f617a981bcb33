"""Accounts in and out: whose queue goes where, what is offered, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.example_kind import PREFIX, ExampleKind, KeptInMemory, Place
from tests.fakes import FakeClock
from tests.integration import driving
from tests.integration.core_support import events_in, events_on, made_paths
from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.life import a_vault
from trayapp.core import Core, Surroundings
from trayapp.log import redact
from trayapp.queue.task import Account
from trayapp.servers.embedded_app import EmbeddedApp
from trayapp.servers.embedded_inside import inside
from trayapp.servers.embedded_store import EmbeddedStore
from trayapp.signing import Entered, Signing
from trayapp.sync.kind import Credentials
from trayapp.sync.outcome import Offline, Throttled
from trayapp.sync.rules import Rules
from trayapp.sync.server import TimeServer
from trayapp.sync.sign_in import Finding, Form, Problem
from trayapp.sync.status import Link
from trayapp.tracking.tracker import Command, Pause, Start, Stop


@dataclass(slots=True, kw_only=True)
class Office:
    """A core, places to sign in to, and the door between them."""

    folder: Path
    clock: FakeClock
    kind: ExampleKind
    vault: KeptInMemory
    own: EmbeddedStore
    core: Core
    signing: Signing

    def open(self, user: str) -> Place:
        return self.kind.open(self.folder, user, self.clock)

    def sign_in(self, place: Place) -> Entered:
        result = self.signing.enter(form(place))
        assert isinstance(result, Entered), result
        return result

    def track(self, *commands: Command) -> None:
        for command in commands:
            self.clock.advance(60)
            self.core.timer.do(command, self.clock.stamp())

    def work(self) -> None:
        driving.work(self.core, self.clock)

    def notes_on(self, place: Place) -> list[str]:
        return list(dict.fromkeys(event.note for event in events_on(place.store)))


def form(place: Place, **changes: str | bool) -> Form:
    typed = Form(
        kind="example",
        url=place.url,
        credentials=Credentials(user=place.user, password=f"right {place.user}"),
    )
    return replace(typed, **changes)  # type: ignore[arg-type]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    paths = made_paths(tmp_path)
    clock = FakeClock()
    vault = KeptInMemory()
    own = EmbeddedStore(paths.embedded_database)
    with ExampleKind() as kind, ExitStack() as servers:

        def server_for(account: Account) -> TimeServer:
            server: TimeServer = inside(EmbeddedApp(own))
            if account.kind != "embedded":
                tokens = vault.tokens_of("example", account.url, account.user)
                server = kind.connect(account.url, tokens)
            servers.callback(server.close)
            return server

        core = Core(
            Surroundings(
                paths=paths,
                clock=clock,
                server_for=server_for,
                rules=Rules(jitter=lambda wait: wait),
                kinds={"example": kind},
                vault=vault,
            )
        )
        yield Office(
            folder=tmp_path,
            clock=clock,
            kind=kind,
            vault=vault,
            own=own,
            core=core,
            signing=Signing(core, {"example": kind}, vault),
        )
        core.worker.stop(0)
        core.close()
    own.close()


class TestFirstSignIn:
    def test_what_was_tracked_before_is_offered_and_sent_with_its_times(
        self, office: Office
    ) -> None:
        anna = office.open("anna")
        office.track(Start(note="one"), Pause(), Stop(), Start(note="two"))
        office.work()
        assert office.sign_in(anna).earlier == 2
        assert events_on(anna.store) == []
        assert office.core.send_earlier() == 2
        office.track(Stop())
        office.work()
        clicked = events_in(office.core.reader)
        assert [(one.id, one.at_ms) for one in events_on(anna.store)] == [
            (one.id, round(one.at.timestamp() * 1000)) for one in clicked
        ]
        assert office.core.status().all_sent

    def test_what_stays_here_stays_here_and_what_follows_goes_there(self, office: Office) -> None:
        anna = office.open("anna")
        office.track(Start(note="before"), Stop())
        office.sign_in(anna)
        office.track(Start(note="after"), Stop())
        office.work()
        assert office.notes_on(anna) == ["after"]

    def test_what_was_unsent_or_in_doubt_here_is_sent_there_once(self, office: Office) -> None:
        anna = office.open("anna")
        office.track(Start(note="one"))
        office.work()
        office.track(Pause())  # not delivered yet
        office.sign_in(anna)
        office.core.send_earlier()
        office.core.send_earlier()
        office.work()
        assert len(events_on(anna.store)) == 2
        assert office.core.status().pending == 0

    def test_nothing_is_offered_where_nothing_was_tracked(self, office: Office) -> None:
        assert office.sign_in(office.open("anna")).earlier == 0
        assert office.core.send_earlier() == 0

    def test_without_an_account_there_is_nobody_to_send_it_to(self, office: Office) -> None:
        office.track(Start(note="one"))
        assert office.core.send_earlier() == 0


class TestTwoAccounts:
    def test_nothing_of_one_is_ever_sent_as_the_other_and_a_queue_is_found_again(
        self, office: Office
    ) -> None:
        anna, boris = office.open("anna"), office.open("boris")
        office.sign_in(anna)
        office.track(Start(note="of anna"), Stop())
        office.signing.leave()
        office.sign_in(boris)
        office.track(Start(note="of boris"), Stop())
        office.work()
        status = office.core.status()
        assert office.notes_on(boris) == ["of boris"]
        assert office.notes_on(anna) == []
        assert status.elsewhere == ((f"anna @ {anna.url}", 2),)
        assert (status.pending, status.own_pending, status.all_sent) == (2, 0, False)
        office.sign_in(anna)
        office.work()
        assert office.notes_on(anna) == ["of anna"]
        assert office.core.status().all_sent

    def test_an_entry_begun_for_one_account_ends_there(self, office: Office) -> None:
        anna, boris = office.open("anna"), office.open("boris")
        office.sign_in(anna)
        office.track(Start(note="of anna"))
        office.sign_in(boris)
        office.track(Stop())
        office.work()
        assert events_on(boris.store) == []
        office.sign_in(anna)
        office.work()
        assert len(events_on(anna.store)) == 2


class TestSigningOut:
    def test_the_tokens_go_and_the_server_is_told(self, office: Office) -> None:
        anna = office.open("anna")
        office.sign_in(anna)
        assert "Signed out" in office.signing.leave()
        assert office.kind.signed_out == ["anna"]
        assert office.vault.tokens_of("example", anna.url, "anna").load() is None
        assert not office.core.status().signed_in

    def test_nobody_to_sign_out_is_said(self, office: Office) -> None:
        assert office.signing.leave() == "Nobody was signed in."

    def test_signing_out_without_a_network_ends_it_here(self, office: Office) -> None:
        anna = office.open("anna")
        office.sign_in(anna)
        anna.proxy.stop()
        assert "Signed out" in office.signing.leave()

    def test_the_server_is_told_though_the_keyring_is_locked(self, office: Office) -> None:
        keyring = FakeKeyring()
        with a_vault(keyring) as vault:
            signing = Signing(office.core, {"example": office.kind}, vault)
            assert isinstance(signing.enter(form(office.open("anna"))), Entered)
            keyring.is_shut = True
            assert "stays there" in signing.leave()
        assert office.kind.signed_out == ["anna"]

    def test_tokens_that_could_not_be_read_are_removed_all_the_same(self, office: Office) -> None:
        anna, keyring = office.open("anna"), FakeKeyring()
        kinds = {"example": office.kind}
        with a_vault(keyring) as vault:
            Signing(office.core, kinds, vault).enter(form(anna))
        keyring.is_shut = True
        with a_vault(keyring) as vault:
            assert "stays there" in Signing(office.core, kinds, vault).leave()
            keyring.is_shut = False
            assert vault.tokens_of("example", anna.url, "anna").keep()
        assert keyring.items == {}


class TestSignedOutByTheServer:
    def test_signing_in_again_sends_all_that_was_held(self, office: Office) -> None:
        anna = office.open("anna")
        office.sign_in(anna)
        office.track(Start(note="one"))
        office.work()
        anna.auth.revoke()
        office.track(Pause(), Stop(), Start(note="two"), Stop())
        office.work()
        status = office.core.status()
        assert (status.failed, status.pending, status.link) == (1, 3, Link.SIGNED_OUT)
        assert status.needs_sign_in
        office.sign_in(anna)
        office.work()
        assert office.core.status().all_sent
        assert len(events_on(anna.store)) == 5


class TestWhatIsWrong:
    @pytest.mark.parametrize("does", ["test", "enter"])
    def test_each_mistake_is_named_and_changes_nothing(self, office: Office, does: str) -> None:
        anna = office.open("anna")
        bare = anna.url.removesuffix(PREFIX)
        wrong = Credentials(user="anna", password="wrong")
        mistakes = {
            Problem.BAD_ADDRESS: form(anna, url="https://me:pw@x.example"),
            Problem.NEEDS_CONSENT: form(anna, url="http://time.example"),
            Problem.NOT_THIS_API: form(anna, url="http://127.0.0.1:9/x", kind="example"),
            Problem.WRONG_PREFIX: form(anna, url=bare + "/elsewhere"),
            Problem.WRONG_CREDENTIALS: replace(form(anna), credentials=wrong),
            Problem.INCOMPLETE: replace(form(anna), credentials=Credentials(user="anna")),
        }
        for problem, typed in mistakes.items():
            found = office.signing.test(typed) if does == "test" else office.signing.enter(typed)
            assert isinstance(found, Finding)
            assert found.problem is problem
            assert found.message
        unknown = office.signing.enter(form(anna, kind="strange"))
        assert isinstance(unknown, Finding)
        assert "example" in unknown.message
        assert not office.core.status().signed_in
        assert office.vault.kept == {}

    def test_the_prefix_that_works_is_named(self, office: Office) -> None:
        anna = office.open("anna")
        found = office.signing.test(form(anna, url=anna.url.removesuffix(PREFIX) + "/v9"))
        assert (found.problem, found.url) == (Problem.WRONG_PREFIX, anna.url)
        assert anna.url in found.message

    def test_a_bare_host_is_completed(self, office: Office) -> None:
        anna = office.open("anna")
        entered = office.signing.enter(form(anna, url=anna.url.removesuffix(PREFIX)))
        assert isinstance(entered, Entered)
        assert entered.account.url == anna.url

    def test_a_test_keeps_nothing_and_leaves_no_session_there(self, office: Office) -> None:
        anna = office.open("anna")
        found = office.signing.test(form(anna))
        assert found.problem is Problem.NONE
        assert "anna" in found.message
        assert office.kind.signed_out == ["anna"]
        assert office.vault.kept == {}

    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (Offline("Network error: host name not found"), Problem.HOST_UNKNOWN),
            (Offline("Network error: connection refused"), Problem.UNREACHABLE),
            (Throttled("HTTP 429", retry_after=timedelta(seconds=60)), Problem.THROTTLED),
        ],
    )
    def test_what_keeps_us_from_asking_is_named(
        self, office: Office, answer: Offline | Throttled, problem: Problem
    ) -> None:
        anna = office.open("anna")
        office.kind.answer = answer
        assert office.signing.test(form(anna)).problem is problem

    def test_consent_lets_an_unencrypted_address_pass(self, office: Office) -> None:
        anna = office.open("anna")
        typed = form(anna, url="http://time.example", plain_http=True)
        assert office.signing.test(typed).problem is Problem.NOT_THIS_API

    def test_a_typed_secret_is_hidden_in_the_log(self, office: Office) -> None:
        anna = office.open("anna")
        typed = Credentials(user="anna", password="canary-typed-password")
        office.signing.test(replace(form(anna), credentials=typed))
        assert "canary" not in redact("it was canary-typed-password")


class TestToken:
    def test_a_token_signs_in_where_one_is_taken(self, office: Office) -> None:
        anna = office.open("anna")
        typed = replace(form(anna), credentials=Credentials(token="token of anna"))
        entered = office.signing.enter(typed)
        assert isinstance(entered, Entered)
        assert entered.account.user == "anna"


class TestAddress:
    def test_an_address_that_never_worked_is_corrected_and_its_queue_comes_along(
        self, office: Office
    ) -> None:
        wrong, right = office.open("anna"), office.open("anna2")
        office.sign_in(wrong)
        wrong.proxy.stop()
        office.track(Start(note="one"), Stop())
        office.work()
        place = replace(right, user="anna")
        office.kind.rename(right.url, "anna")
        office.sign_in(place)
        office.work()
        assert office.notes_on(right) == ["one"]
        assert office.core.status().elsewhere == ()

    def test_what_has_worked_keeps_its_queue(self, office: Office) -> None:
        first, second = office.open("anna"), office.open("anna2")
        office.sign_in(first)
        office.track(Start(note="one"))
        office.work()
        office.track(Stop())
        office.kind.rename(second.url, "anna")
        office.sign_in(replace(second, user="anna"))
        office.work()
        assert office.notes_on(second) == []
        assert office.core.status().elsewhere == ((f"anna @ {first.url}", 1),)


def test_tokens_that_nothing_keeps_are_told(office: Office) -> None:
    anna = office.open("anna")
    passing = Signing(office.core, {"example": office.kind}, KeptInMemory(is_session_only=True))
    entered = passing.enter(form(anna))
    assert isinstance(entered, Entered)
    assert "until Trayapp ends" in entered.message
    command = Signing(
        office.core,
        {"example": office.kind},
        KeptInMemory(is_session_only=True),
        is_passing=True,
    )
    found = command.enter(form(anna))
    assert isinstance(found, Finding)
    assert found.problem is Problem.KEYRING
    assert office.kind.signed_out == ["anna"], "no session is left there"
