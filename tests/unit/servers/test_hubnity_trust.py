"""On a Hubnity server: tokens, throttling, and answers of something else."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from tests import hubnity_server_house as houses
from tests.hubnity_server_house import (
    House,
)
from trayapp.accounts.tokens import (
    MemoryTokenStore,
    RefreshError,
    RefreshUnreachable,
    Tokens,
    TokensLocked,
)
from trayapp.demo.proxy import (
    SAY_401,
    SAY_429_SECONDS,
    SAY_500,
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
)
from trayapp.servers.hubnity import over_http
from trayapp.sync.outcome import (
    Delivered,
    Doubtful,
    Locked,
    Offline,
    Outcome,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)
from trayapp.tracking.entry import EventKind, to_ms

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house
feb = houses.feb


class TestTrust:
    def test_an_ended_token_is_renewed_and_the_request_repeated(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        courier = house.courier()
        courier.click(START)
        house.app.tokens.expire_access()
        courier.deliver()
        assert len(house.shown()) == 1
        assert "Token expired (401)" in caplog.messages

    def test_a_refused_refresh_is_signed_out(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        house.app.tokens.revoke()
        wanted = SignedOut("Token refresh failed: 401 Unauthorized")
        assert house.server.send(courier.plan()) == wanted
        assert house.server.check() == wanted

    def test_a_network_error_during_the_refresh_is_offline(self, house: House) -> None:
        house.play(SAY_401, DropBefore())
        words = "Network error: connection closed without an answer"
        assert house.server.check() == Offline(words)
        assert house.server.check() == Delivered()

    def test_a_lost_answer_of_the_refresh_costs_the_session(self, house: House) -> None:
        house.app.tokens.expire_access()
        house.play(Pass(), DropAfter())
        assert isinstance(house.server.check(), Offline)
        assert house.server.check() == SignedOut("Token refresh failed: 401 Unauthorized")

    def test_signed_out_between_the_parts_stays_in_doubt(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        write = courier.plan()
        house.play(Pass(), SAY_401, Say(status=401))
        outcome = house.server.send(write)
        assert isinstance(outcome, Doubtful)
        courier.finish(outcome)
        assert house.shown() == [("2026-01-08T09:01:01.250Z", None, 61, "PAUSED")]

    def test_throttled_between_the_parts_keeps_the_time_it_was_told(self, house: House) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        write = courier.plan()
        house.play(SAY_429_SECONDS, method="PATCH")
        told = timedelta(seconds=7)
        words = "HTTP 429: Too Many Requests"
        outcome = house.server.send(write)
        assert outcome == Doubtful(words, answered=True, retry_after=told)

    def test_a_look_that_is_turned_away_late_keeps_the_time_it_was_told(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        courier.deliver()
        courier.click(STOP)
        write = courier.plan()
        house.play(DropBefore(), method="PATCH")
        assert isinstance(house.server.send(write), Doubtful)
        house.app.me.beat_ms = 0
        house.app.books.sweep()  # so that the look needs two requests more
        house.clock.advance(1)
        house.play(SAY_429_SECONDS, method="PATCH")
        told = timedelta(seconds=7)
        words = "HTTP 429: Too Many Requests"
        assert house.server.look(courier.unit, write) == ServerTrouble(words, retry_after=told)

    def test_a_database_that_is_down_is_server_trouble(self, house: House) -> None:
        house.app.is_down = True
        trouble = ServerTrouble("HTTP 500: Internal Server Error")
        assert house.server.check() == trouble
        house.app.tokens.expire_access()
        assert house.server.check() == trouble

    def test_throttled_waits_as_long_as_it_is_told(self, house: House) -> None:
        house.app._production = True
        for _ in range(100):
            assert house.server.check() == Delivered()
        words = "HTTP 429: Too Many Requests"
        assert house.server.check() == Throttled(words, retry_after=timedelta(seconds=60))

    def test_who_we_are_is_asked_where_the_token_does_not_tell(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        pair = house.tokens.load()
        assert pair is not None
        house.tokens.save(Tokens(access="opaque", refresh=pair.refresh))
        server = over_http(house.proxy.url + house.app.prefix, house.tokens)
        assert isinstance(server.send(courier.plan()), Delivered)
        asked = [seen.path.rpartition("/")[2] for seen in house.proxy.ledger[2:]]
        assert asked == ["me", "refresh", "me", "active", "time-entries"]
        server.close()

    def test_trouble_while_asking_who_we_are_is_told(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        for error, told in (
            (RefreshUnreachable("no bus"), Offline("Token refresh failed: no bus")),
            (TokensLocked("it is locked"), Locked("Keyring: it is locked")),
        ):
            server = over_http(house.proxy.url + house.app.prefix, LostStore(error))
            assert server.send(write) == told
            assert server.look(courier.unit, write) == told
            assert server.check() == told
            server.close()
        assert house.requests() == []


class LostStore(MemoryTokenStore):
    """A place for tokens that gives none away."""

    def __init__(self, error: RefreshError) -> None:
        super().__init__()
        self._error = error

    def load(self) -> Tokens | None:
        raise self._error


class TestStrangers:
    """Answers of something that is not this API, or no longer."""

    @pytest.mark.parametrize(
        ("said", "wanted"),
        [
            pytest.param(
                Say(status=200, body="[]"),
                WrongAddress("HTTP 200: the answer names no user"),
                id="me",
            ),
            pytest.param(
                Say(status=404, body='{"message": "User not found"}'),
                WrongAddress("HTTP 404: Not Found"),
                id="404",
            ),
        ],
    )
    def test_a_check_that_names_nobody(self, house: House, said: Say, wanted: Outcome) -> None:
        house.play(said)
        assert house.server.check() == wanted

    @pytest.mark.parametrize(
        ("said", "wanted"),
        [
            pytest.param(
                Say(status=200), WrongAddress("HTTP 200: an empty batch was taken"), id="2xx"
            ),
            pytest.param(
                Say(status=404, body="<html>", content_type="text/html"),
                WrongAddress("HTTP 404: Not Found"),
                id="a portal's 404",
            ),
            pytest.param(SAY_500, ServerTrouble("HTTP 500: Internal Server Error"), id="500"),
            pytest.param(
                DropAfter(),
                Offline("Network error: connection closed without an answer"),
                id="lost",
            ),
        ],
    )
    def test_a_probe_that_tells_nothing_leaves_no_doubt_and_is_repeated(
        self, house: House, said: Fault, wanted: Outcome
    ) -> None:
        courier = house.courier()
        courier.click(START, STOP)
        house.play(said)
        assert house.server.send(courier.plan()) == wanted
        courier.deliver()
        assert house.entry.status == "STOPPED"

    def test_lists_that_are_none(self, house: House) -> None:
        house.play(Pass(), Say(status=200), Say(status=200))
        wanted = WrongAddress("HTTP 200: the answer is no list")
        assert house.server.catalog() == wanted
        courier = house.courier()
        courier.click(START)
        assert house.server.look(courier.unit, courier.plan()) == wanted

    @pytest.mark.parametrize(
        "body",
        [
            "[]",
            "{}",
            '{"id": "x", "updatedAt": "2026-01-08T09:00:00"}',
            '{"id": "x", "userId": "u", "status": "RUNNING", "duration": 1.5}',
            '{"id": "x", "userId": "u", "status": "RUNNING", "duration": 1, "startTime": 5}',
            '{"id": "x", "userId": "u", "status": "LOST", "duration": 1}',
        ],
    )
    def test_a_good_answer_that_shows_no_entry_is_a_doubt(self, house: House, body: str) -> None:
        courier = house.courier()
        courier.click(START)
        house.play(Say(status=200, body=body))
        words = "HTTP 200: the answer shows no entry"
        assert house.server.send(courier.plan()) == Doubtful(words, answered=True)
        courier.deliver()
        courier.click(PAUSE)
        house.play(Say(status=200, body=body))
        assert house.server.send(courier.plan()) == WrongAddress(words)

    def test_a_batch_answer_without_our_key_is_a_doubt(self, feb: House) -> None:
        courier = feb.courier()
        courier.click(START, STOP)
        write = courier.plan()
        feb.play(Pass(), Say(status=200, body='{"entries": [{"idempotencyKey": "x"}, 5]}'))
        words = "HTTP 200: the answer does not name the entry"
        assert feb.server.send(write) == Doubtful(words, answered=True)

    def test_a_full_list_is_asked_for_more_narrowly(self, house: House) -> None:
        house.app.me.role = "OWNER"
        other = house.app.add_user("other@example.com")
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        assert isinstance(house.server.send(write), Delivered)
        for number in range(500):
            theirs = replace(
                house.app.books.entries[next(iter(house.app.books.entries))],
                id=str(number),
                user_id=other.id,
                start_ms=to_ms(house.clock.now()) + 3_600_000,
            )
            house.app.books.entries[theirs.id] = theirs
        house.requests()
        assert isinstance(house.server.look(courier.unit, write), Delivered)
        assert house.requests() == ["GET /time-entries"] * 2
        for theirs in house.app.books.entries.values():
            theirs.start_ms = to_ms(house.clock.now())
        assert isinstance(house.server.look(courier.unit, write), Delivered)
