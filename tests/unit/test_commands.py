"""Clicks as requests: what each says, and what cannot be done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import tzlocal

from tests.fakes import START, FakeClock
from tests.integration.core_support import bench_inside
from trayapp import i18n
from trayapp.clock import SystemClock
from trayapp.commands import (
    MAX_TEXT_CHARACTERS,
    BadText,
    check_text,
    click,
    click_request,
    moment_typed,
    not_recorded,
)
from trayapp.control.messages import JSON, MAX_LINE_BYTES, Reply, Request
from trayapp.queue.errors import QueueBusyError
from trayapp.timer import Timer
from trayapp.tracking.entry import Stamp, to_ms
from trayapp.tracking.tracker import AlreadySo, Changed, Command


class Desk:
    """Where clicks are handed in: a real timer and a clock driven by hand."""

    def __init__(self, timer: Timer, clock: FakeClock) -> None:
        self.timer = timer
        self.clock = clock

    def click(
        self,
        name: str,
        *,
        project: str | None = None,
        note: str | None = None,
        at: datetime | None = None,
    ) -> Reply:
        self.clock.advance(60)
        given = None if at is None else to_ms(at)
        request = click_request(
            name, self.clock.stamp(), project=project, note=note, given_at_ms=given
        )
        # As it arrives at the other end of the channel.
        request = Request.parse(request.line())
        return click(self.timer, request, now=self.clock.stamp(), zone=UTC)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with bench_inside(tmp_path) as (bench, _plug):
        yield Desk(bench.core.timer, bench.clock)


def test_each_click_says_what_it_did_and_when(desk: Desk) -> None:
    said = [
        desk.click("start", project="Website", note="Front page"),
        desk.click("pause"),
        desk.click("resume"),
        desk.click("stop"),
        desk.click("start"),
    ]
    assert said == [
        Reply(ok=True, changed=True, message="Started at 09:01: Website – Front page"),
        Reply(ok=True, changed=True, message="Paused at 09:02: Website – Front page"),
        Reply(ok=True, changed=True, message="Resumed at 09:03: Website – Front page"),
        Reply(ok=True, changed=True, message="Stopped at 09:04: Website – Front page"),
        Reply(ok=True, changed=True, message="Started at 09:05: Website – Front page"),
    ]


def test_what_is_so_already_changes_nothing_and_says_so(desk: Desk) -> None:
    assert desk.click("stop") == Reply(ok=True, message="Already stopped.")
    desk.click("start", project="Website")
    assert desk.click("resume") == Reply(ok=True, message="Already running: Website")
    desk.click("pause")
    assert desk.click("pause") == Reply(ok=True, message="Already paused: Website")


def test_an_entry_without_a_name_is_told_without_one(desk: Desk) -> None:
    assert desk.click("start").message == "Started at 09:01."


def test_the_day_is_told_where_it_is_not_today(desk: Desk) -> None:
    desk.click("start", at=START - timedelta(days=1))
    assert desk.click("stop", at=START - timedelta(hours=20)).message == "Stopped at Wed 13:00."


def test_what_cannot_be_done_says_why_and_what_can(desk: Desk) -> None:
    assert desk.click("pause") == Reply(
        ok=False,
        message="Nothing is being tracked, so nothing was changed. Start an entry first.",
    )
    desk.click("start")
    early = desk.click("stop", at=START)
    assert not early.ok
    assert early.message.endswith("Give a time after 09:02:00.")
    late = desk.click("stop", at=START + timedelta(days=1))
    assert late.message.startswith("That time is in the future, so nothing was recorded.")


def test_the_time_of_a_click_is_that_of_its_request(desk: Desk) -> None:
    clicked = desk.clock.stamp()
    desk.clock.advance(timedelta(minutes=30))
    request = click_request("start", clicked)
    reply = click(desk.timer, request, now=desk.clock.stamp(), zone=UTC)
    assert reply.message == "Started at 09:00."


def test_a_request_without_a_time_is_a_click_of_now(desk: Desk) -> None:
    request = replace(click_request("start", desk.clock.stamp()), stamp=None)
    desk.clock.advance(timedelta(minutes=30))
    reply = click(desk.timer, request, now=desk.clock.stamp(), zone=UTC)
    assert reply.message == "Started at 09:30."


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"project": 7}, id="a project that is a number"),
        pytest.param({"note": ["a"]}, id="a note that is a list"),
        pytest.param({"given_at_ms": "14:02"}, id="a time that is a text"),
        pytest.param({"given_at_ms": True}, id="a time that is a truth"),
        pytest.param({"given_at_ms": 2**62}, id="a time beyond all calendars"),
        pytest.param({"note": "\0"}, id="a NUL"),
        pytest.param({"project": "x" * (MAX_TEXT_CHARACTERS + 1)}, id="too long"),
    ],
)
def test_nonsense_that_came_over_the_channel_is_answered(
    desk: Desk, arguments: dict[str, JSON]
) -> None:
    request = Request("start", arguments, desk.clock.stamp())
    reply = click(desk.timer, request, now=desk.clock.stamp())
    assert not reply.ok
    assert "recorded" in reply.message
    assert desk.click("stop").message == "Already stopped."


class BusyTimer(Timer):
    """A timer whose database another process holds."""

    def __init__(self) -> None:
        """It needs no queue."""

    def do(
        self, command: Command, stamp: Stamp, *, given_at: datetime | None = None
    ) -> Changed | AlreadySo:
        del command, stamp, given_at
        msg = "the queue was busy for too long"
        raise QueueBusyError(msg)


def test_a_queue_that_cannot_be_used_is_said_and_what_to_do() -> None:
    stamp = FakeClock().stamp()
    reply = click(BusyTimer(), click_request("start", stamp), now=stamp)
    words = (
        "This was not recorded: the database is in use by another program. "
        "Nothing has changed; try again."
    )
    assert reply == Reply(ok=False, message=words)
    assert not_recorded(QueueBusyError("the queue was busy for too long")) == words


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    """Whose zone is forgotten afterwards."""
    with pytest.MonkeyPatch.context() as made:
        yield made
    time.tzset()
    tzlocal.reload_localzone()


def test_a_typed_time_is_of_the_zone_that_the_clock_shows_though_it_was_another(
    patch: pytest.MonkeyPatch,
) -> None:
    hours: list[int] = []
    for zone in ("Asia/Tashkent", "America/Phoenix"):
        patch.setenv("TZ", zone)
        hours.append(moment_typed("2026-01-08 09:00", SystemClock().stamp()).hour)
    assert hours == [4, 16]


@pytest.mark.parametrize("text", [None, "", "ё", "x" * MAX_TEXT_CHARACTERS, "a\nb\x1b"])
def test_a_text_that_can_be_kept_is_no_matter(text: str | None) -> None:
    check_text(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("caf\udce9", "no valid text", id="half a character"),
        pytest.param("a\0b", "holds a NUL", id="NUL"),
        pytest.param("x" * (MAX_TEXT_CHARACTERS + 1), "longer than 4000", id="too long"),
    ],
)
def test_a_text_that_cannot_be_kept_is_named_in_the_users_language(text: str, words: str) -> None:
    with pytest.raises(BadText, match=words):
        check_text(text)
    i18n.use_language("ru")
    with pytest.raises(BadText, match="ничего не записано"):
        check_text(text)


@pytest.mark.parametrize("character", ["x", "ё", "👍", "\x01", '"', "\\"])
def test_the_longest_texts_fit_a_message_and_so_does_the_answer(desk: Desk, character: str) -> None:
    text = character * MAX_TEXT_CHARACTERS
    request = click_request("start", desk.clock.stamp(), project=text, note=text)
    assert len(request.line()) <= MAX_LINE_BYTES
    reply = desk.click("start", project=text, note=text)
    assert Reply.parse(reply.line()) == reply
    assert reply.changed


def test_an_answer_is_one_line_whatever_the_names_are(desk: Desk) -> None:
    reply = desk.click("start", project="two\nlines", note="\x1b[31mred")
    assert reply.message == "Started at 09:01: two lines – [31mred"
