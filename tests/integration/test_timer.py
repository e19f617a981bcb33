"""The one door for clicks: what it decides, from however many places they come at once."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import START
from tests.integration.core_support import bench_inside, bench_over_http
from trayapp.queue.errors import QueueError
from trayapp.tracking.entry import Event, EventKind, TrackerState
from trayapp.tracking.replay import replay
from trayapp.tracking.tracker import (
    AlreadySo,
    CannotDo,
    Changed,
    Command,
    Impossible,
    Pause,
    Resume,
    Start,
    Stop,
)

MEET_SECONDS = 30.0
ROOT = Path(__file__).parents[2]
MS = timedelta(milliseconds=1)


@pytest.mark.parametrize("command", [Pause(), Start("website")], ids=["pause", "start"])
def test_the_same_click_from_fifty_threads_at_once_makes_one_task(
    tmp_path: Path, command: Command
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        if isinstance(command, Pause):
            bench.clicks(Start("Website"))
        before = len(bench.clicked)
        met = threading.Barrier(50)
        results: list[Changed | AlreadySo] = []

        def click() -> None:
            met.wait(MEET_SECONDS)
            results.extend(bench.click(command) for _ in range(6))

        threads = [threading.Thread(target=click) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(MEET_SECONDS)
        assert len(results) == 300
        assert sum(isinstance(result, Changed) for result in results) == 1
        assert len(bench.clicked) == before + 1
        assert bench.status.pending == before + 1


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["pause", "start"])
def test_the_same_click_from_twenty_processes_at_once_makes_one_task(
    tmp_path: Path, name: str
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        if name == "pause":
            bench.clicks(Start("Website"))
    with contextlib.ExitStack() as stack:
        programs = [stack.enter_context(_clicking(tmp_path, name)) for _ in range(20)]
        for program in programs:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in programs:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        answers = [program.communicate(timeout=MEET_SECONDS)[0] for program in programs]
        assert [program.returncode for program in programs] == [0] * 20
    assert sorted(answers) == ["0\n"] * 19 + ["1\n"]
    with bench_inside(tmp_path) as (bench, _plug):
        expected = [EventKind.START] + [EventKind.PAUSE] * (name == "pause")
        assert [event.kind for event in bench.clicked] == expected
        assert bench.status.pending == len(expected)


def test_a_start_of_something_else_stops_what_runs_at_the_same_moment(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.clicks(Start("Website"), Start("Support"))
        assert _shape(bench.clicked) == [
            (EventKind.START, "Website", 60),
            (EventKind.STOP, "Website", 120),
            (EventKind.START, "Support", 120),
        ]


@pytest.mark.parametrize("at", ["event", "sync_queue"])
def test_the_stop_and_the_start_are_one_transaction(tmp_path: Path, at: str) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.clicks(Start("Website"))
        kind = "kind" if at == "event" else "entity_type"
        with _trouble(bench.paths.database, f"{at} WHEN NEW.{kind} = 'time_entry_start'"):
            with pytest.raises(QueueError, match="no room"):
                bench.click(Start("Support"))
            # Its stop had been written, and is gone with the start that failed.
            assert _shape(bench.clicked) == [(EventKind.START, "Website", 60)]
            assert bench.status.pending == 1
            assert bench.status.tracker is TrackerState.RUNNING
        assert isinstance(bench.click(Start("Support")), Changed)
        assert len(bench.clicked) == bench.status.pending == 3


def test_a_start_of_something_else_while_paused_ends_the_entry_at_its_pause(
    tmp_path: Path,
) -> None:
    with bench_over_http(tmp_path) as (bench, _wire):
        bench.clicks(Start("Website"), Pause())
        bench.clicks(Start("Support"), every=3600)
        first = bench.clicked[:3]
        entry = replay(first).entry
        assert entry is not None
        assert entry.ended_at == START + timedelta(seconds=120)
        assert first[2].at == START + timedelta(seconds=120) + MS
        bench.work()
        assert [one.at_ms for one in bench.arrived][1:3] == [
            _ms(START) + 120_000,
            _ms(START) + 120_001,
        ]


def test_a_start_of_the_same_while_paused_resumes(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.clicks(Start("Website", "x"), Pause(), Start("WEBSITE", "x"))
        kinds = [event.kind for event in bench.clicked]
        assert kinds == [EventKind.START, EventKind.PAUSE, EventKind.RESUME]


@pytest.mark.parametrize(
    ("after", "why"),
    [
        pytest.param(timedelta(0), Impossible.TOO_EARLY, id="at the last event"),
        pytest.param(timedelta(minutes=-1), Impossible.TOO_EARLY, id="before it"),
        pytest.param(timedelta(hours=2) + MS, Impossible.IN_FUTURE, id="in the future"),
    ],
)
def test_a_given_time_lies_after_the_last_event_and_not_in_the_future(
    tmp_path: Path, after: timedelta, why: Impossible
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.click(Start("Website"))
        bench.clock.advance(timedelta(hours=2))
        with pytest.raises(CannotDo) as caught:
            bench.click(Stop(), at=START + after)
        assert caught.value.why is why
        assert _shape(bench.clicked) == [(EventKind.START, "Website", 0)]


@pytest.mark.parametrize("after", [MS, timedelta(hours=1), timedelta(hours=2)])
def test_a_given_time_is_the_truth_on_the_server_too(tmp_path: Path, after: timedelta) -> None:
    with bench_over_http(tmp_path) as (bench, _wire):
        bench.click(Start("Website"))
        bench.clock.advance(timedelta(hours=2))
        bench.click(Stop(), at=START + after)
        bench.work()
        assert bench.arrived[1].at_ms == _ms(START + after)


def test_a_click_not_after_the_last_one_comes_one_millisecond_later(tmp_path: Path) -> None:
    with bench_over_http(tmp_path) as (bench, _wire):
        bench.clicks(Start("Website"), every=0)
        bench.clock.set_wall(START - timedelta(hours=1))
        for command in (Pause(), Resume(), Stop()):
            bench.click(command)
        assert [event.at for event in bench.clicked] == [START + MS * n for n in range(4)]
        bench.live(timedelta(hours=2))
        assert [one.at_ms for one in bench.arrived] == [_ms(START) + n for n in range(4)]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Вёрстка", id="cyrillic"),
        pytest.param("👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿", id="emoji"),
        pytest.param("عميل مهم \u202e-\u202c ישראל", id="right to left"),
        pytest.param("e\u0301 i\u0307 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍", id="combining"),
        pytest.param("a\nb\tc\\d\"e'f<b>&amp;%20{}\x7f", id="control and quoting"),
        pytest.param("𠜎ж" * 2000, id="4000 characters"),
    ],
)
def test_notes_and_projects_keep_any_unicode_all_the_way_to_the_server(
    tmp_path: Path, text: str
) -> None:
    with bench_over_http(tmp_path) as (bench, _wire):
        bench.clicks(Start(text, text), Pause())
        assert {(one.project, one.note) for one in bench.clicked} == {(text, text)}
        bench.work()
        assert [(one.project, one.note) for one in bench.arrived] == [(text, text)] * 2
        assert bench.status.all_sent


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        pytest.param(timedelta(hours=1), timedelta(hours=1), id="forward"),
        pytest.param(timedelta(seconds=-30), timedelta(seconds=-30), id="back"),
        pytest.param(timedelta(seconds=2.001), timedelta(seconds=2.001), id="just more than two"),
        pytest.param(timedelta(seconds=2), timedelta(0), id="two seconds"),
    ],
)
def test_a_step_of_the_clock_during_an_entry_is_shown_and_nothing_is_re_timed(
    tmp_path: Path, step: timedelta, shown: timedelta
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        bench.click(Start("Website"))
        bench.clock.advance(60)
        bench.clock.set_wall(bench.clock.now() + step)
        bench.click(Pause())
        assert bench.status.entry is not None
        assert bench.status.entry.clock_step == shown
        assert bench.clicked[1].at == START + timedelta(seconds=60) + step


def _shape(events: list[Event]) -> list[tuple[EventKind, str, float]]:
    return [(one.kind, one.project, (one.at - START).total_seconds()) for one in events]


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@contextmanager
def _trouble(database: Path, what: str) -> Iterator[None]:
    """Some inserts fail, as on a disk that is full."""
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(
            f"CREATE TRIGGER trouble BEFORE INSERT ON {what}"
            " BEGIN SELECT RAISE (ABORT, 'no room'); END"
        )
        yield
        connection.execute("DROP TRIGGER trouble")


@contextmanager
def _clicking(root: Path, name: str) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-m", "tests.integration.click_program", str(root), name, "6"]
    with subprocess.Popen(  # noqa: S603  # our own program
        program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()
