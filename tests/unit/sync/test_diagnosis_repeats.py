"""Repeats: exactly the steps whose removal leaves the replay of their entry unchanged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trayapp.queue.task import SyncTask, TaskStatus
from trayapp.sync.diagnosis import Action, Duplicates, Pattern, Run, Span, diagnose, events_of
from trayapp.tracking.entry import Event, EventKind, Stamp
from trayapp.tracking.replay import replay

NOON = datetime(2026, 1, 8, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
KINDS = {
    "S": EventKind.START,
    "P": EventKind.PAUSE,
    "R": EventKind.RESUME,
    "E": EventKind.STOP,
}
STATUSES = {"f": TaskStatus.FAILED, "p": TaskStatus.PENDING, "d": TaskStatus.DISCARDED}


def task(
    number: int,
    letter: str,
    *,
    at: float | None = None,
    entry: str = "e",
    status: str = "f",
) -> SyncTask:
    """A task of an older app; without a time: one a minute."""
    return SyncTask(
        id=number,
        account_id=1,
        kind=KINDS.get(letter, "screenshot"),
        entry_id=entry,
        event_id=None,
        payload="{}",
        status=STATUSES[status],
        created_at=NOON + (60 * number if at is None else at) * SECOND,
        cause="unknown",
    )


def history(letters: str) -> list[SyncTask]:
    """Start, Pause, Resume, End, and "?" for what nobody knows."""
    return [task(n, letter) for n, letter in enumerate(letters)]


def pauses(*times: float) -> list[SyncTask]:
    return [task(n, "P", at=at) for n, at in enumerate(times)]


def repeats(tasks: Sequence[SyncTask], *, discarded: Sequence[int] = ()) -> tuple[int, ...]:
    """The ids of those that repeat; who has not failed is only part of the history."""
    found = diagnose(
        [one for one in tasks if one.status is TaskStatus.FAILED],
        history=events_of(tasks),
        discarded={f"task {number}" for number in discarded},
    )
    return tuple(found.duplicates.task_ids) if found.duplicates else ()


def found_in(tasks: Sequence[SyncTask]) -> Duplicates:
    found = diagnose(tasks, history=events_of(tasks)).duplicates
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("letters", "ids"),
    [
        pytest.param("S", (), id="one step"),
        pytest.param("SPRE", (), id="all of them count"),
        pytest.param("SPPPPPP", (2, 3, 4, 5, 6), id="six pauses"),
        pytest.param("PPRRE", (1, 3), id="a leading pause is believed"),
        pytest.param("SR", (1,), id="a resume while running"),
        pytest.param("SEPRE", (2, 3, 4), id="after the stop"),
        pytest.param("PP?", (), id="a step nobody knows may change anything"),
    ],
)
def test_the_steps_that_change_nothing_repeat(letters: str, ids: tuple[int, ...]) -> None:
    assert repeats(history(letters)) == ids


def test_entries_are_told_apart() -> None:
    apart = [task(1, "P", entry="a"), task(2, "P", entry="b")]
    assert repeats(apart) == ()
    assert repeats([*apart, task(3, "P", entry="a"), task(4, "P", entry="b")]) == (3, 4)


def test_starts_that_name_no_entry_never_repeat() -> None:
    starts = [task(1, "S", entry=""), task(2, "S", entry=""), task(3, "R", entry="e")]
    assert repeats([*starts, task(4, "P"), task(5, "P")]) == (5,)


def test_without_a_history_nothing_is_proven() -> None:
    assert diagnose(pauses(0, 0, 0)).duplicates is None


def test_a_break_that_has_not_failed_makes_two_pauses_honest() -> None:
    assert repeats([task(1, "P"), task(3, "P")]) == (3,)
    assert repeats([task(1, "P"), task(2, "R", status="p"), task(3, "P")]) == ()


def test_only_what_failed_is_told_though_what_waits_may_repeat_too() -> None:
    tasks = [task(1, "P", status="p"), task(2, "P", status="p"), task(3, "P")]
    assert repeats(tasks) == (3,)


def test_what_is_kept_has_no_task_when_it_has_not_failed() -> None:
    tasks = [task(1, "P", status="p"), task(2, "P")]
    found = diagnose(tasks[1:], history=events_of(tasks)).duplicates
    assert found is not None
    assert [(run.kept_id, run.task_ids) for run in found.runs] == [(None, (2,))]


def test_behind_a_discarded_step_that_counts_nothing_is_proven() -> None:
    tasks = [task(1, "P", status="d"), task(2, "P"), task(3, "P")]
    assert repeats(tasks, discarded=[1]) == ()


def test_a_discarded_repeat_changes_nothing() -> None:
    tasks = [task(1, "P"), task(2, "P", status="d"), task(3, "P")]
    assert repeats(tasks, discarded=[2]) == (3,)


def test_a_task_is_found_by_its_event() -> None:
    first, second = (replace(one, event_id=f"event {one.id}") for one in pauses(0, 9))
    history = events_of([first, second])
    assert [event.id for event in history] == ["event 0", "event 1"]
    found = diagnose([second, first], history=history).duplicates
    assert found is not None
    assert found.task_ids == (1,)


@pytest.mark.parametrize(
    ("times", "pattern", "interval", "first", "last"),
    [
        pytest.param([0, 0, 0, 1, 1, 1], "within_one_second", None, 0, 1, id="a burst"),
        pytest.param([0, 1], "within_one_second", None, 0, 1, id="a double click"),
        pytest.param([0, 1.1], "irregular", None, 1.1, 1.1, id="a bit more than a second"),
        pytest.param([0, 90, 90.5], "within_one_second", None, 90, 90.5, id="a burst of its own"),
        pytest.param([0, 30, 60], "steady", 30, 0, 60, id="every half minute"),
        pytest.param([0, 30, 60, 92, 120], "steady", 30, 0, 120, id="two seconds off"),
        pytest.param([0, 30, 60, 92.1, 120], "irregular", None, 30, 120, id="more than that"),
        pytest.param([0, 28, 58, 88], "steady", 30, 0, 88, id="two seconds early"),
        pytest.param([0, 30.2, 60.4, 90.6], "steady", 30, 0, 90.6, id="in whole seconds"),
        pytest.param([0, 500, 530, 560], "steady", 30, 500, 560, id="long after the first one"),
        pytest.param([0, 30], "irregular", None, 30, 30, id="two are no rhythm"),
        pytest.param([0, 1, 2, 3], "irregular", None, 1, 3, id="fast clicks are no rhythm"),
        pytest.param([0, 7, 100, 3600], "irregular", None, 7, 3600, id="now and then"),
        pytest.param([60, 30, 0], "irregular", None, 0, 30, id="a clock that was set back"),
    ],
)
def test_a_run_of_repeats_has_its_pattern(
    times: list[float], pattern: str, interval: float | None, first: float, last: float
) -> None:
    assert found_in(pauses(*times)).runs == (
        Run(
            kept_id=0,
            task_ids=tuple(range(1, len(times))),
            pattern=Pattern(pattern),
            interval=None if interval is None else interval * SECOND,
            span=Span(NOON + first * SECOND, NOON + last * SECOND),
        ),
    )


def test_each_run_is_told_with_the_step_that_is_kept() -> None:
    tasks = [
        task(1, "P", entry="late"),
        task(2, "P", entry="early"),
        task(3, "P", entry="early"),
        task(4, "R", entry="early"),
        task(5, "P", entry="late"),
        task(6, "R", entry="early"),
    ]
    found = found_in(tasks)
    assert [(run.kept_id, run.task_ids) for run in found.runs] == [(2, (3,)), (1, (5,)), (4, (6,))]
    assert (found.task_ids, found.count) == ((3, 5, 6), 3)
    assert found.span == Span(NOON + 180 * SECOND, NOON + 360 * SECOND)
    assert (found.action, found.needs_user) == (Action.REMOVE_DUPLICATES, True)


# -- what goes for all ---------------------------------------------------------------------


def steps(tasks: Sequence[SyncTask]) -> list[Event]:
    zero = timedelta()
    return [
        Event(
            id=f"{one.id}",
            entry_id=one.entry_id,
            kind=EventKind(one.kind),
            stamp=Stamp(at=one.created_at, offset=zero, zone="", boot_id="", boot=zero),
            project="",
            note="",
        )
        for one in tasks
    ]


def without(tasks: Sequence[SyncTask], ids: Sequence[int]) -> list[SyncTask]:
    return [one for one in tasks if one.id not in ids]


@given(st.text(alphabet="SPRE", max_size=25), st.lists(st.integers(0, 3), min_size=25))
def test_without_the_repeats_the_replay_is_the_same(letters: str, gaps: list[int]) -> None:
    times = [sum(gaps[: n + 1]) for n in range(len(letters))]
    tasks = [task(n, letters[n], at=at) for n, at in enumerate(times)]
    kept = without(tasks, repeats(tasks))
    assert replay(steps(kept)).entry == replay(steps(tasks)).entry
    assert repeats(kept) == ()


@given(st.sampled_from("SR"), st.text(alphabet="SPRE", max_size=25))
def test_without_any_other_step_the_replay_changes(first: str, letters: str) -> None:
    tasks = history(first + letters)
    kept = without(tasks, repeats(tasks))
    entry = replay(steps(kept)).entry
    for one in kept:
        assert replay(steps(without(kept, [one.id]))).entry != entry


@given(st.lists(st.tuples(st.sampled_from("SPRE"), st.sampled_from("fp")), max_size=25))
def test_what_waits_counts_in_the_replay_and_stays(clicks: list[tuple[str, str]]) -> None:
    tasks = [task(n, letter, status=status) for n, (letter, status) in enumerate(clicks)]
    ids = repeats(tasks)
    assert all(tasks[i].status is TaskStatus.FAILED for i in ids)
    assert replay(steps(without(tasks, ids))).entry == replay(steps(tasks)).entry
    assert set(ids) == {
        i
        for i in repeats([replace(one, status=TaskStatus.FAILED) for one in tasks])
        if tasks[i].status is TaskStatus.FAILED
    }
