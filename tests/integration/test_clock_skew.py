"""What the dates of a server's answers say of our clock: told once, and nothing is changed."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from tests.fakes import START
from tests.integration.core_support import Bench, Plug, bench_inside
from trayapp.demo.proxy import SAY_429_DATE, Say
from trayapp.desktop.menu import build_menu
from trayapp.desktop.notices import Notice, NoticeRules
from trayapp.sync.status import Link
from trayapp.tracking.entry import to_ms
from trayapp.tracking.tracker import Start

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AHEAD = datetime(2099, 1, 1, tzinfo=UTC) - START


class Dated:
    """A server whose answers say what time it is there: `ahead` is how far ours is ahead."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app
        self.ahead: timedelta | None = None
        self.more: list[tuple[str, str]] = []

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def dated(status: str, headers: list[tuple[str, str]], *_: object) -> object:
            if self.ahead is not None:
                date = format_datetime(datetime.now(UTC) - self.ahead, usegmt=True)
                headers = [*headers, ("Date", date), *self.more]
            return start(status, headers)

        return self._app(environ, dated)  # type: ignore[arg-type]  # an app calls it so


def _dated(plug: Plug) -> Dated:
    dated = plug._app = Dated(plug._app)
    return dated


def _say(bench: Bench) -> None:
    bench.clock.advance(HOUR)
    bench.click(Start(f"at {bench.clock.now()}"))
    bench.work()


def test_answers_from_another_time_tell_the_user_once_and_change_nothing(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        server, said = _dated(plug), NoticeRules(waiting_after=HOUR)
        server.ahead = 3 * HOUR
        notices: list[Notice] = []
        for _ in range(3):
            _say(bench)
            notices += said.on_status(bench.status)
        skew = bench.status.clock_skew
        assert skew is not None
        assert abs(skew - 3 * HOUR) < MINUTE
        assert [notice.key for notice in notices] == ["clock-skew"]
        row = "This computer's clock is 3:00 ahead of the server's"
        assert any(row in getattr(one, "label", "") for one in build_menu(bench.status))
        assert [one.at_ms for one in bench.arrived] == [to_ms(one.at) for one in bench.clicked]
        server.ahead = MINUTE
        _say(bench)
        assert bench.status.clock_skew is None
        assert not any("clock" in getattr(one, "label", "") for one in build_menu(bench.status))


@pytest.mark.parametrize(
    "ahead", [None, 2 * MINUTE, -2 * MINUTE], ids=["no date", "two minutes", "two minutes behind"]
)
def test_a_clock_that_is_about_right_is_no_news(tmp_path: Path, ahead: timedelta | None) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        _dated(plug).ahead = ahead
        _say(bench)
        assert bench.status.clock_skew is None


def test_a_portals_page_and_a_kept_answer_tell_nothing(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        server = _dated(plug)
        _say(bench)
        server.ahead = 3 * HOUR
        plug.play([Say(status=200, content_type="text/html", body="<html>Sign in</html>")])
        _say(bench)
        assert bench.status.link is Link.WRONG_ADDRESS
        assert bench.status.clock_skew is None
        page = Say(status=403, content_type="text/html", body="<html>Sign in</html>")
        plug.play(itertools.repeat(page))
        bench.live(HOUR)
        assert bench.status.failed
        assert bench.status.clock_skew is None
        plug.play([])
        bench.retry_all()
        server.more = [("Age", "10800")]
        bench.live(HOUR)
        assert bench.status.all_sent
        assert bench.status.clock_skew is None


def test_setting_the_clock_right_is_enough(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        _dated(plug).ahead = 3 * HOUR
        _say(bench)
        bench.clock.set_wall(bench.clock.now() - 3 * HOUR)
        assert bench.status.clock_skew is None


def test_a_date_to_retry_after_is_measured_by_the_servers_own_clock(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        date = {"Date": "Thu, 08 Jan 2026 09:50:00 GMT"}
        plug.play([replace(SAY_429_DATE, headers={**SAY_429_DATE.headers, **date})])
        bench.clock.set_wall(START + AHEAD)
        bench.click(Start("A"))
        assert bench.work() == START + AHEAD + 10 * MINUTE


def test_the_server_inside_says_nothing_of_the_clock(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        _say(bench)
        assert bench.status.all_sent
        assert bench.rows("SELECT * FROM meta WHERE key = 'clock_skew'") == []
