"""One fault at a time, on each of the servers: it is told, and changes nothing in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests import ram
from tests.fakes import FakeClock
from tests.integration.ledger import Diary
from tests.integration.lies import FAULTS, SLOW, is_refresh, is_write, timeouts_for
from tests.integration.lives import Life, Relay, life_of
from tests.integration.rounds import causes, told
from tests.integration.scenes import ALL_SERVERS, EMBEDDED, HUBNITY, PLAIN, TIMETAGGER, Scene
from trayapp.demo.proxy import SAY_429_DATE, Fault, Say
from trayapp.sync.cause import Cause
from trayapp.sync.outcome import Outcome
from trayapp.sync.server import TimeServer, Write

tmp_path = ram.tmp_path
_STEPS = 10
_PATIENCE = 20
VERBS = ("start", "pause", "resume", "stop")
SLOWLY = ("start", "pause")
# A doubled create is a double that no client of a PlainServer can prevent.
CASES = [
    pytest.param(server, name, id=f"{server}: {name}")
    for server in ALL_SERVERS
    for name in FAULTS
    if (server, name) != (PLAIN, "doubled")
]
# The client that renews a token there is a patient one.
REFRESHES = [
    pytest.param(server, name, id=f"{server}: {name}")
    for server in ALL_SERVERS
    for name, (fault, _reason) in FAULTS.items()
    if server != TIMETAGGER or fault not in SLOW
]


class Trap:
    """A fault for the next request that `only` accepts."""

    def __init__(self, scene: Scene, fault: Fault, only: Callable[[str, str], bool]) -> None:
        self._fault = fault
        self._is_sprung = False
        scene.proxy.play(self._faults(), only=only, in_turn=True)

    def spring(self, life: Life) -> None:
        """Work until a request has met it, and what came of that is written down."""
        for _ in range(_PATIENCE):
            for _ in range(_STEPS):
                life.work(1)
                if self._is_sprung:
                    life.core.worker.settle()
                    return
            life.clock.advance(61.25)  # the client is hasty, and one before it came to nothing
        msg = "no request met it"
        raise AssertionError(msg)

    def _faults(self) -> Iterator[Fault]:
        self._is_sprung = True
        yield self._fault


def complaints(scene: Scene, life: Life, diary: Diary) -> list[str]:
    log = life.log()
    return [*life.unsent(), *diary.complaints(log), *scene.complaints(log)]


def needs_user(server: str, name: str, verb: str) -> set[Cause]:
    """What a single fault may fail: what the server refuses, and an address that never worked."""
    if name == "403":
        return {Cause.REFUSED}
    strange = {"404", "redirected"}
    if server in {EMBEDDED, TIMETAGGER}:  # what may be repeated leaves no doubt
        strange |= {"a web page", "a web page after the act"}
    return {Cause.WRONG_ADDRESS} if verb == "start" and name in strange else set()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("server", "name"), CASES)
def test_a_single_fault_at_any_click_is_told_and_changes_nothing_in_the_end(
    server: str, name: str, tmp_path: Path
) -> None:
    clock, diary = FakeClock(), Diary()
    fault, reason = FAULTS[name]
    with (
        Scene(server, tmp_path, clock, timeouts=timeouts_for(fault)) as scene,
        life_of(scene, tmp_path, clock) as life,
    ):
        for verb in VERBS:
            clock.advance(61.25)
            life.click(diary, verb, "Ночь 🌙")
            if fault not in SLOW or verb in SLOWLY:
                Trap(scene, fault, is_write).spring(life)
                assert told(life) == ({reason} if reason else set())
            life.rest()
            assert causes(life) == needs_user(server, name, verb)
            if life.core.status().failed:
                life.retry_all()
                life.rest()
        assert complaints(scene, life, diary) == []
        assert diary.recorded == len(VERBS)


BACKLOG = ("start", "pause", "resume", "start", "stop", "start")


class Counting(Relay):
    """Notes how many entries, and how many events, each request to write was for."""

    def __init__(self, inner: TimeServer, sent: list[tuple[int, int]]) -> None:
        super().__init__(inner)
        self.sent = sent

    def send(self, write: Write) -> Outcome:
        self.sent.append((len(write.parts), len(write.settles)))
        return super().send(write)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FAULTS)
def test_a_single_fault_of_several_entries_at_once_changes_nothing_in_the_end(
    name: str, tmp_path: Path
) -> None:
    clock, diary = FakeClock(), Diary()
    fault, reason = FAULTS[name]
    sent: list[tuple[int, int]] = []
    with (
        Scene(EMBEDDED, tmp_path, clock, timeouts=timeouts_for(fault)) as scene,
        life_of(scene, tmp_path, clock, wrap=lambda server: Counting(server, sent)) as life,
    ):
        for number, verb in enumerate(BACKLOG):
            clock.advance(61.25)
            life.click(diary, verb, f"№ {number}")
        Trap(scene, fault, is_write).spring(life)
        assert sent[0] == (3, len(BACKLOG) + 1)  # a start ends what ran
        # Refused as a whole it is taken apart, until there is nothing to refuse any more.
        whole = name != "403"
        assert told(life) == ({reason} if reason and whole else set())
        life.rest()
        assert causes(life) == (needs_user(EMBEDDED, name, "start") if whole else set())
        if life.core.status().failed:
            life.retry_all()
            life.rest()
        assert complaints(scene, life, diary) == []
        assert diary.recorded == len(BACKLOG)


REFUSED = {"401", "403"}
# A Hubnity takes a refresh token once: with the answer the session is lost, whatever we do.
ANSWERS_LOST = {
    "dropped after",
    "reset after",
    "landed after the time-out",
    "answered after the time-out",
    "trickling for ever",
    "truncated",
    "500 after the act",
    "502 after the act",
    "a web page after the act",
    "unreadable",
}


def told_of_refresh(server: str, name: str) -> set[str]:
    """A TimeTagger's token is renewed long before its end, so that there is nothing to tell."""
    reason = {
        "401": "HTTP 401: Unauthorized",
        "403": "HTTP 403: Forbidden",
    }.get(name, FAULTS[name][1])
    if not reason or server == TIMETAGGER:
        return set()
    if reason.startswith("Network error: "):
        return {reason}
    status = reason.removeprefix("HTTP ")
    status = reason if status.startswith("200") else status.replace(":", "")
    return {f"Token refresh failed: {status}"}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("server", "name"), REFRESHES)
def test_a_single_fault_while_a_token_is_renewed_changes_nothing_in_the_end(
    server: str, name: str, tmp_path: Path
) -> None:
    clock, diary = FakeClock(), Diary()
    fault = FAULTS[name][0]
    with (
        Scene(server, tmp_path, clock, timeouts=timeouts_for(fault)) as scene,
        life_of(scene, tmp_path, clock) as life,
    ):
        for verb in VERBS:
            clock.advance(61.25)
            life.click(diary, verb, "Ночь 🌙")
            if verb == "pause":
                scene.auth.expire_access()
                Trap(scene, fault, is_refresh).spring(life)
                assert told(life) == told_of_refresh(server, name)
            life.rest()
        is_out = (name in REFUSED and server != TIMETAGGER) or (
            server in HUBNITY and name in ANSWERS_LOST
        )
        assert causes(life) == ({Cause.SIGNED_OUT} if is_out else set())
        if is_out:
            scene.sign_in(scene.tokens)
            life.core.sign_in_again()
            life.rest()
        assert complaints(scene, life, diary) == []
        assert diary.recorded == len(VERBS)


PAUSES = {
    "429 in seconds": Say(status=429, headers={"Retry-After": "3600"}),
    "429 with a date": SAY_429_DATE,
    "503 in seconds": Say(status=503, headers={"Retry-After": "3600"}),
    "503 with a date": Say(status=503, headers=SAY_429_DATE.headers),
}


@pytest.mark.parametrize("name", PAUSES)
@pytest.mark.parametrize("server", ALL_SERVERS)
def test_told_to_wait_nothing_is_sent_before(server: str, name: str, tmp_path: Path) -> None:
    clock, diary = FakeClock(), Diary()
    with Scene(server, tmp_path, clock) as scene, life_of(scene, tmp_path, clock) as life:
        life.click(diary, "start", "told to wait")
        Trap(scene, PAUSES[name], is_write).spring(life)
        asked, until = len(scene.proxy.ledger), clock.now() + timedelta(hours=1)
        life.work(10)
        clock.advance(61.25)
        life.click(diary, "pause")
        life.retry_all()
        life.work(10)
        assert life.core.status().next_attempt_at == until
        assert len(scene.proxy.ledger) == asked
        life.rest()
        assert clock.now() >= until
        assert complaints(scene, life, diary) == []


LANDED = (
    "dropped after",
    "500 after the act",
    "502 after the act",
    "a web page after the act",
    "unreadable",
)


@pytest.mark.parametrize("name", LANDED)
@pytest.mark.parametrize("server", ALL_SERVERS)
def test_what_landed_before_a_restart_is_not_taken_for_somebody_elses(
    server: str, name: str, tmp_path: Path
) -> None:
    clock, diary = FakeClock(), Diary()
    with (
        Scene(server, tmp_path, clock) as scene,
        life_of(scene, tmp_path, clock) as life,
    ):
        for verb in ("start", "stop", "start"):
            life.rest()
            clock.advance(61.25)
            life.click(diary, verb, verb)
        Trap(scene, FAULTS[name][0], is_write).spring(life)
        life.core.worker.reconnect()
        for verb in ("stop", "start"):
            clock.advance(61.25)
            life.click(diary, verb, "another")
        life.rest()
        assert causes(life) == set()
        assert complaints(scene, life, diary) == []
