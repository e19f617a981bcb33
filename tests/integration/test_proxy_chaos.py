"""A misbehaving network without kills: each fault alone, then all of them by a seed."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.fakes import FakeClock
from tests.integration.ledger import Diary, Script
from tests.integration.lives import Life, life_of
from tests.integration.scenes import EMBEDDED, PLAIN, SERVERS, Scene
from tests.plain_client import PlainClient
from trayapp.accounts.tokens import TokenSource
from trayapp.demo.proxy import (
    CHAOS,
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_DATE,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_ELSEWHERE,
    SAY_HTML,
    Delay,
    Double,
    DropAfter,
    DropBefore,
    Fault,
    Say,
    Truncate,
    chaos,
)
from trayapp.servers.http import HttpClient, Timeouts, token_refresher
from trayapp.sync.outcome import Cause
from trayapp.sync.server import TimeServer

VERBS = ("start", "pause", "resume", "stop")
SAY_502_AFTER = Say(
    status=502, body="<html>Bad Gateway</html>", content_type="text/html", after=True
)
FAULTS: dict[str, Fault] = {
    "dropped before": DropBefore(),
    "dropped after": DropAfter(),
    "delayed before": Delay(seconds=0.02),
    "delayed after": Delay(seconds=0.02, after=True),
    "doubled": Double(),
    "truncated": Truncate(),
    "401": SAY_401,
    "403": SAY_403,
    "404": SAY_404,
    "429 in seconds": SAY_429_SECONDS,
    "429 with a date": SAY_429_DATE,
    "500": SAY_500,
    "500 after the act": Say(status=500, after=True),
    "502 after the act": SAY_502_AFTER,
    "503": SAY_503,
    "a web page": SAY_HTML,
    "a web page after the act": Say(
        status=200, body="<!doctype html><p>Hi</p>", content_type="text/html", after=True
    ),
    "redirected": SAY_ELSEWHERE,
}
# A doubled create is a double that no client of a PlainServer can prevent.
CASES = [
    pytest.param(server, name, id=f"{server}: {name}")
    for server in SERVERS
    for name in FAULTS
    if (server, name) != (PLAIN, "doubled")
]
EVENTS = 150


def is_write(method: str, path: str) -> bool:
    return method != "GET" and not is_refresh(method, path)


def is_refresh(_method: str, path: str) -> bool:
    return path == "/token/refresh"


def causes(life: Life) -> set[Cause]:
    return {failed.cause for failed in life.core.status().failed_causes}


def needs_user(server: str, name: str, verb: str) -> set[Cause]:
    """What a single fault may fail: what the server refuses, and an address that never worked."""
    if name == "403":
        return {Cause.REFUSED}
    strange = {"404", "redirected"}
    if server == EMBEDDED:  # where a request may be repeated a web page leaves no doubt
        strange |= {"a web page", "a web page after the act"}
    return {Cause.WRONG_ADDRESS} if verb == "start" and name in strange else set()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("server", "name"), CASES)
def test_a_single_fault_at_any_click_changes_nothing_in_the_end(
    server: str, name: str, tmp_path: Path
) -> None:
    clock = FakeClock()
    with Scene(server, tmp_path, clock) as scene:
        for verb in VERBS:
            scene.renew()
            with life_of(scene, tmp_path / verb, clock) as life:
                diary = Diary()
                for clicked in VERBS:
                    clock.advance(61.25)
                    life.click(diary, clicked, "Ночь 🌙")
                    if clicked == verb:
                        scene.proxy.play([FAULTS[name]], only=is_write)
                        life.rest()
                        assert causes(life) == needs_user(server, name, verb)
                    life.rest()
                if life.core.status().failed:
                    life.retry_all()
                    life.rest()
                assert any(seen.fault is FAULTS[name] for seen in scene.proxy.ledger)
                assert complaints(scene, life, diary) == [], verb
                assert diary.recorded == len(VERBS)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("server", SERVERS)
def test_a_single_fault_while_a_token_is_renewed_changes_nothing_in_the_end(
    server: str, name: str, tmp_path: Path
) -> None:
    clock, diary = FakeClock(), Diary()
    with Scene(server, tmp_path, clock) as scene, life_of(scene, tmp_path, clock) as life:
        for verb in VERBS:
            clock.advance(61.25)
            life.click(diary, verb, "Ночь 🌙")
            if verb == "pause":
                scene.auth.expire_access()
                scene.proxy.play([FAULTS[name]], only=is_refresh)
            life.rest()
        refused = name in {"401", "403"}
        assert causes(life) == ({Cause.SIGNED_OUT} if refused else set())
        if refused:
            (task,) = life.core.reader.failed(limit=2)
            assert task.reason.startswith("Token refresh failed: ")
            scene.sign_in(scene.tokens)
            life.core.sign_in_again()
            life.rest()
        assert any(seen.fault is FAULTS[name] for seen in scene.proxy.ledger)
        assert complaints(scene, life, diary) == []


def complaints(scene: Scene, life: Life, diary: Diary) -> list[str]:
    log = life.log()
    return [*life.unsent(), *diary.complaints(log), *scene.complaints(log)]


def test_throttled_until_a_date_nothing_is_sent_before_it(tmp_path: Path) -> None:
    clock = FakeClock()
    with Scene(EMBEDDED, tmp_path, clock) as scene, life_of(scene, tmp_path, clock) as life:
        diary = Diary()
        life.click(diary, "start", "throttled")
        scene.proxy.play([SAY_429_DATE], only=is_write)
        life.work(10)
        clock.advance(61.25)
        life.click(diary, "pause")
        life.work(10)
        assert len(scene.proxy.ledger) == 1
        assert life.core.status().next_attempt_at == datetime(2026, 1, 8, 10, 0, tzinfo=UTC)
        life.rest()
        assert clock.now() >= datetime(2026, 1, 8, 10, 0, tzinfo=UTC)
        assert complaints(scene, life, diary) == []


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("server", SERVERS)
def test_in_chaos_every_click_arrives_once_and_nothing_fails_that_heals(
    server: str, seed: int, tmp_path: Path
) -> None:
    clock = FakeClock()
    script = Script(seed)
    dice = random.Random(seed)  # noqa: S311  # a repeatable story
    faults = (*CHAOS, SAY_429_SECONDS, Say(status=429), SAY_404, SAY_HTML, SAY_ELSEWHERE)
    faults += (Double(),) if server == EMBEDDED else ()
    with Scene(server, tmp_path, clock) as scene, life_of(scene, tmp_path, clock) as life:
        diary = Diary()
        life.click(diary, "start", "a first one, so that the address is known to be good")
        life.rest()
        scene.proxy.play(chaos(seed, faults=faults))
        while diary.recorded < EVENTS:
            click = script.next()
            clock.advance(dice.uniform(1, 90))
            life.click(diary, click.name, click.note)
            life.work(dice.choice((0, 0, 1, 3, 10)))
            if dice.random() < 0.1:
                scene.auth.expire_access()
            if dice.random() < 0.1:
                life.rest()
                assert causes(life) <= {Cause.SERVER_TROUBLE}
        spoilt = sum(1 for seen in scene.proxy.ledger if seen.fault in faults)
        scene.proxy.play(())
        life.rest()
        if life.core.status().failed:
            assert_only_what_had_its_trial_failed(life)
            life.retry_all()
            life.rest()
        assert complaints(scene, life, diary) == []
        assert spoilt > EVENTS / 2


def assert_only_what_had_its_trial_failed(life: Life) -> None:
    """Five attempts and, after a success, one more: then a task does need the user."""
    failed = life.core.reader.failed(limit=EVENTS)
    assert {(task.cause, task.retry_count) for task in failed} == {(Cause.SERVER_TROUBLE, 5)}
    with life.core._queue.lock() as guard:
        account = guard.value.accounts.active()
        assert not guard.value.tasks.has_untried(account.id, [Cause.SERVER_TROUBLE])


@contextmanager
def hasty_client(scene: Scene) -> Iterator[TimeServer]:
    """A client that does not wait long for an answer."""
    refresh = token_refresher(HttpClient(scene.proxy.url), "/token/refresh")
    auth = TokenSource(scene.tokens, refresh)
    timeouts = Timeouts(read_seconds=0.3)
    client = PlainClient(HttpClient(scene.proxy.url, auth=auth, timeouts=timeouts))
    try:
        yield client
    finally:
        client.close()


def wait_until_landed(scene: Scene, posts: int) -> None:
    deadline = time.monotonic() + 10
    pulse = threading.Event()
    while sum(seen.reached for seen in scene.proxy.ledger if seen.method == "POST") < posts:
        assert time.monotonic() < deadline, "the request that was held never landed"
        pulse.wait(0.01)


def test_a_request_that_lands_after_two_looks_is_shown_as_a_possible_double(
    tmp_path: Path,
) -> None:
    clock, release, diary = FakeClock(), threading.Event(), Diary()
    with (
        Scene(PLAIN, tmp_path, clock) as scene,
        hasty_client(scene) as client,
        life_of(scene, tmp_path, clock, wrap=lambda _server: client) as life,
    ):
        for name in ("start", "stop"):
            clock.advance(61.25)
            life.click(diary, name, "late")
        scene.proxy.play([Delay(until=release)], only=is_write)
        life.rest()
        assert complaints(scene, life, diary) == []
        release.set()
        wait_until_landed(scene, 2)
        clock.advance(61.25)
        life.click(diary, "start", "the next contact")
        life.rest()
        assert life.core.status().possible_doubles == 1
        assert not life.core.status().all_sent
        assert life.unsent() == ["1 doubles"]
        assert [words.split(":")[0] for words in scene.complaints(life.log())] == ["twice"]
