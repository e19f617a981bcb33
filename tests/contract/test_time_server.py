"""What every TimeServer promises."""

from __future__ import annotations

import logging

import pytest

from tests.contract.stages import Stage
from trayapp.demo.proxy import (
    SAY_401,
    SAY_403,
    SAY_404,
    SAY_429_DATE,
    SAY_429_SECONDS,
    SAY_500,
    SAY_503,
    SAY_ELSEWHERE,
    SAY_HTML,
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
    Truncate,
)
from trayapp.servers.http_answer import parse_retry_after
from trayapp.sync.outcome import (
    Absent,
    Conflict,
    Delivered,
    Doubtful,
    Offline,
    Outcome,
    Refused,
    Removed,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)
from trayapp.sync.server import Unit
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind


class TestDelivery:
    def test_what_is_clicked_live_shows_with_its_times(self, stage: Stage) -> None:
        courier = stage.courier()
        for kind in (START, PAUSE, RESUME, STOP):
            courier.click(kind)
            courier.deliver()
            assert stage.times() == stage.wanted(courier.entry)
        assert [end is None for _, end in stage.times()] == [False, False]

    def test_what_was_clicked_offline_shows_the_same_three_days_later(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START, PAUSE, RESUME, STOP)
        stage.clock.advance(3 * 24 * 3600)
        courier.deliver()
        assert stage.times() == stage.wanted(courier.entry)

    def test_a_stop_while_paused_ends_at_the_pause(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START, PAUSE, STOP)
        courier.deliver()
        assert stage.times() == stage.wanted(courier.entry)

    def test_who_we_are_is_known(self, stage: Stage) -> None:
        assert stage.server.check() == Delivered()

    def test_a_plan_for_nothing_is_an_error(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        with pytest.raises(ValueError, match="nothing is pending"):
            stage.server.plan(Unit(entry=courier.entry, pending=()))

    def test_a_note_that_no_request_can_carry_is_an_error_of_the_plan(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.note = "half a pair: \ud83c"
        courier.click(START)
        with pytest.raises(ValueError, match="surrogates"):
            courier.plan()

    def test_after_closing_a_new_connection_is_made(self, stage: Stage) -> None:
        stage.server.close()
        stage.server.close()
        assert stage.server.check() == Delivered()


class TestDoubt:
    @pytest.mark.parametrize("kind", [START, PAUSE], ids=["create", "update"])
    def test_a_lost_answer_is_found_by_a_look(self, stage: Stage, kind: EventKind) -> None:
        courier = stage.courier()
        courier.click(START)
        if kind is PAUSE:
            courier.deliver()
            courier.click(PAUSE)
        write = courier.plan()
        stage.play(_lost(write.body, DropAfter()))
        doubtful = stage.server.send(write)
        assert isinstance(doubtful, Doubtful)
        assert doubtful.reason.startswith("Network error: ")
        stage.play([])
        courier.take(write, stage.server.look(courier.unit, write))
        courier.deliver()
        assert stage.times() == stage.wanted(courier.entry)

    @pytest.mark.parametrize("kind", [START, PAUSE], ids=["create", "update"])
    def test_what_never_arrived_is_absent_and_sent_again(
        self, stage: Stage, kind: EventKind
    ) -> None:
        courier = stage.courier()
        courier.click(START)
        if kind is PAUSE:
            courier.deliver()
            courier.click(PAUSE)
        write = courier.plan()
        stage.play(_lost(write.body, DropBefore()))
        assert isinstance(stage.server.send(write), Doubtful)
        stage.play([])
        assert stage.server.look(courier.unit, write) == Absent()
        courier.deliver()
        assert stage.times() == stage.wanted(courier.entry)

    def test_half_an_answer_is_no_answer(self, networked: Stage) -> None:
        courier = networked.courier()
        courier.click(START)
        write = courier.plan()
        networked.play([Truncate()])
        assert networked.server.send(write) == Doubtful("Network error: answer cut short")
        courier.take(write, networked.server.look(courier.unit, write))
        assert networked.times() == networked.wanted(courier.entry)

    def test_a_look_that_gets_no_answer_is_only_offline(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        write = courier.plan()
        stage.play([DropAfter()])
        assert isinstance(stage.server.look(courier.unit, write), Offline)
        stage.play([DropBefore()])
        assert isinstance(stage.server.check(), Offline)

    def test_nothing_delivered_once_looks_double(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START, STOP)
        courier.deliver()
        (segment,) = courier.entry.segments
        assert stage.server.twins(courier.unit, segment.id) == ()


class TestOthers:
    def test_what_was_removed_there_is_not_made_again(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        courier.deliver()
        stage.remove()
        courier.click(PAUSE)
        write = courier.plan()
        assert isinstance(stage.server.send(write), Removed)
        assert isinstance(stage.server.look(courier.unit, write), Removed)
        assert stage.times() == []

    def test_what_somebody_changed_there_is_not_overwritten(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        courier.deliver()
        stage.contradict(courier)
        before = stage.times()
        write = courier.plan()
        for outcome in (stage.server.send(write), stage.server.look(courier.unit, write)):
            assert isinstance(outcome, Conflict)
            assert outcome.reason.startswith("Conflict: the server shows ")
        assert stage.times() == before

    def test_a_wrong_address_is_told_from_an_unknown_entry(self, stage: Stage) -> None:
        courier = stage.courier()
        courier.click(START)
        write = courier.plan()
        wrong = WrongAddress("HTTP 404: Not Found")
        assert stage.stray.check() == wrong
        assert stage.stray.send(write) == wrong
        assert stage.stray.look(courier.unit, write) == wrong


class TestTrouble:
    @pytest.mark.parametrize(
        ("said", "wanted"),
        [
            pytest.param(SAY_403, Refused("HTTP 403: not yours"), id="403"),
            pytest.param(SAY_404, WrongAddress("HTTP 404: Not Found"), id="404"),
            pytest.param(
                SAY_429_SECONDS,
                Throttled("HTTP 429: Too Many Requests", retry_after=parse_retry_after("7")),
                id="429-seconds",
            ),
            pytest.param(
                SAY_429_DATE,
                Throttled(
                    "HTTP 429: Too Many Requests",
                    retry_after=parse_retry_after("Thu, 08 Jan 2026 10:00:00 GMT"),
                ),
                id="429-date",
            ),
            pytest.param(SAY_ELSEWHERE, WrongAddress("HTTP 302: Found"), id="redirect"),
        ],
    )
    def test_an_answer_that_tells_leaves_no_doubt(
        self, stage: Stage, said: Say, wanted: Outcome
    ) -> None:
        courier = stage.courier()
        courier.click(START)
        write = courier.plan()
        stage.play([said, said])
        assert stage.server.send(write) == wanted
        assert stage.server.look(courier.unit, write) == wanted
        assert stage.times() == []

    @pytest.mark.parametrize(
        ("said", "wanted"),
        [
            pytest.param(SAY_500, ServerTrouble("HTTP 500: Internal Server Error"), id="500"),
            pytest.param(
                SAY_503,
                ServerTrouble("HTTP 503: Service Unavailable", retry_after=parse_retry_after("5")),
                id="503",
            ),
            pytest.param(
                SAY_HTML,
                WrongAddress("HTTP 200: a web page where the server's answer belongs"),
                id="html",
            ),
        ],
    )
    def test_an_answer_that_does_not_tell_is_a_doubt_unless_repeatable(
        self, stage: Stage, said: Say, wanted: Outcome
    ) -> None:
        courier = stage.courier()
        courier.click(START)
        write = courier.plan()
        stage.play([said, said])
        told = wanted.retry_after if isinstance(wanted, ServerTrouble) else None
        in_doubt = Doubtful(wanted.reason, answered=True, retry_after=told)
        sent = stage.server.send(write)
        assert sent == (wanted if write.repeatable else in_doubt)
        assert stage.server.look(courier.unit, write) == wanted

    def test_a_closed_port_is_offline(self, networked: Stage) -> None:
        courier = networked.courier()
        courier.click(START)
        write = courier.plan()
        assert networked.unplug is not None
        networked.unplug()
        refused = Offline("Network error: connection refused")
        assert networked.server.send(write) == refused
        assert networked.server.look(courier.unit, write) == refused


class TestTokens:
    def test_an_ended_token_is_renewed_and_the_request_repeated(
        self, networked: Stage, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)
        courier = networked.courier()
        courier.click(START)
        assert networked.auth is not None
        networked.auth.expire_access()
        courier.deliver()
        assert networked.times() == networked.wanted(courier.entry)
        assert "Token expired (401)" in caplog.messages

    def test_a_refused_refresh_says_so(self, networked: Stage) -> None:
        courier = networked.courier()
        courier.click(START)
        assert networked.auth is not None
        networked.auth.revoke()
        wanted = SignedOut("Token refresh failed: 400 Bad Request")
        assert networked.server.send(courier.plan()) == wanted
        assert networked.server.check() == wanted

    def test_a_network_error_during_the_refresh_is_offline(self, networked: Stage) -> None:
        networked.play([SAY_401, DropBefore()])
        outcome = networked.server.check()
        assert outcome == Offline("Network error: connection closed without an answer")

    def test_a_lost_answer_of_the_refresh_costs_nothing(self, networked: Stage) -> None:
        assert networked.auth is not None
        networked.auth.expire_access()
        networked.play([SAY_401, DropAfter()])
        assert isinstance(networked.server.check(), Offline)
        assert networked.server.check() == Delivered()

    def test_a_new_token_that_is_refused_too_means_signed_out(self, networked: Stage) -> None:
        networked.play([SAY_401, Pass(), SAY_401])
        assert networked.server.check() == SignedOut("HTTP 401: Unauthorized")
        assert networked.server.check() == Delivered()


def _lost(body: str, fault: Fault) -> list[Fault]:
    """The script that spoils the writing request: an update is preceded by a look."""
    return [Pass(), fault] if '"method":"PATCH"' in body else [fault]
