"""Menu, command line, windows and worker, all hammering the real app at once.

Then tests of this test: what it looks for is found when it is there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import made_paths, rows_of
from tests.integration.hammer import MENU, Hammer, hammered
from tests.integration.hammer_books import (
    Counts,
    Logged,
    OwnerWatch,
    Told,
    log_complaints,
    log_in,
    sequence_complaints,
    server_complaints,
    snapshot_complaints,
)
from tests.integration.hammer_crew import (
    Auditor,
    CommandLine,
    FailedWindow,
    Menu,
    Onlooker,
    Pulse,
    outside_clicker,
    window_clicker,
)
from tests.integration.hammer_watchdog import Watchdog
from tests.soak import Soak
from trayapp.app import surroundings
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.core import Core
from trayapp.queue.reader import QueueReader
from trayapp.queue.task import SyncTask
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import EntryView, RecentView, RetryResult, SyncStatus
from trayapp.tracking.entry import TrackerState
from trayapp.tracking.tracker import Pause, Start

MEET_SECONDS = 10.0


def everybody(hammer: Hammer, stack: ExitStack) -> list[Onlooker]:
    """All who can ask the app do, from now on."""
    onlookers = [Onlooker(hammer) for _ in range(2)]
    for number, onlooker in enumerate(onlookers):
        hammer.hire(f"onlooker {number}", onlooker, pause=0.05)
    hammer.hire(MENU, Menu(hammer), pause=0.04)
    for who in ("window 1", "window 2"):
        hammer.hire(who, window_clicker(hammer, who), pause=0.04)
    for who in ("outside 1", "outside 2"):
        hammer.hire(who, stack.enter_context(outside_clicker(hammer, who)), pause=0.1)
    for who, zone in (("shell 1", "Europe/Berlin"), ("shell 2", "Asia/Tokyo")):
        hammer.hire(who, CommandLine(hammer, who, zone), pause=0.2)
    hammer.hire("failed tasks", FailedWindow(hammer), pause=0.05)
    auditor = stack.enter_context(Auditor(hammer).at_work())
    hammer.hire("auditor", auditor, pause=0.02)
    hammer.hire("pulse", Pulse(hammer), pause=0.05)
    stack.callback(hammer.disband)  # before what they work with is closed
    return onlookers


@pytest.mark.slow
@pytest.mark.soak(2)
@pytest.mark.timeout(240)
def test_everybody_at_once_for_a_minute(
    tmp_path: Path, soak: Soak, record_property: Callable[[str, object], None]
) -> None:
    with hammered(tmp_path, seed=soak.first) as hammer:
        with ExitStack() as stack:
            onlookers = everybody(hammer, stack)
            for _ in soak.rounds("seconds of everybody at once", ci=10, full=60):
                hammer.go_on(1)
            hammer.rest()
        database, log = hammer.paths.database, log_in(hammer.paths.database)
        assert hammer.wrong == []
        assert hammer.owner.wrong == []
        assert log_complaints(log, hammer.told) == []
        assert server_complaints(log, tmp_path / "server-1.db", database) == []
    shown = hammer.faces.shown
    assert [wrong for status in shown for wrong in snapshot_complaints(status)] == []
    assert sequence_complaints(shown) == []
    assert [wrong for one in onlookers for wrong in one.complaints()] == []
    assert {"app", "sync"} <= hammer.owner.transactions.keys()
    assert Counts.of_status(shown[-1]).pending == shown[-1].failed == shown[-1].doubtful == 0
    assert rows_of(database, "SELECT COUNT(*) FROM sync_queue WHERE status <> 'discarded'") == [
        (0,)
    ]
    assert min(hammer.done[member.name] for member in hammer.crew) > 0, hammer.done
    record_property("soak", f"{len(log)} events logged; {figures(hammer)}")


def figures(hammer: Hammer) -> str:
    """What was done, in one line."""
    recorded = sum(1 for one in hammer.told if one.recorded)
    done = ", ".join(f"{count} {who}" for who, count in sorted(hammer.done.items()))
    return (
        f"{len(hammer.told)} clicks ({recorded} answered as recorded), "
        f"{len(hammer.scene.proxy.ledger)} requests to the server, "
        f"{len(hammer.faces.shown)} statuses shown, "
        f"{sum(hammer.owner.transactions.values())} transactions; {done}"
    )


# -- the watchdog --------------------------------------------------------------------------


def test_a_deadlock_is_found_and_told_with_every_threads_stack() -> None:
    locks = threading.Lock(), threading.Lock()

    def crosswise(watchdog: Watchdog, first: threading.Lock, second: threading.Lock) -> None:
        with first:
            both_hold_one.wait(MEET_SECONDS)
            second.acquire()
        watchdog.leave(threading.current_thread().name)

    def both_beat(watchdog: Watchdog) -> None:
        """At one moment: else the machine may stand still between them."""
        for name in ("to and", "fro"):
            watchdog.beat(name)

    with Watchdog(0.3) as watchdog:
        both_hold_one = threading.Barrier(2, lambda: both_beat(watchdog))
        threads = [
            threading.Thread(target=crosswise, args=(watchdog, *pair), name=name, daemon=True)
            for name, pair in (("to and", locks), ("fro", locks[::-1]))
        ]
        for thread in threads:
            thread.start()
        assert watchdog.bitten.wait(MEET_SECONDS)
        assert all(thread.is_alive() for thread in threads)
        locks[1].release()  # what no program of ours could do
        for thread in threads:
            thread.join(MEET_SECONDS)
    assert watchdog.report.startswith("no progress in 0.3 s: fro, to and\n")
    for thread in threads:
        _before, _name, stack = watchdog.report.partition(f"--- {thread.name}\n")
        assert "in crosswise" in stack.partition("--- ")[0]
        assert "second.acquire()" in stack.partition("--- ")[0]
    assert "--- MainThread\n" in watchdog.report


def test_one_who_stands_still_among_many_who_run_is_found() -> None:
    with Watchdog(0.3) as watchdog:
        watchdog.beat("stands")
        watchdog.beat("has ended")
        watchdog.leave("has ended")
        while not watchdog.bitten.wait(0.01):
            watchdog.beat("runs")
    assert watchdog.report.startswith("no progress in 0.3 s: stands\n")


def test_a_main_thread_that_hangs_ends_the_hammering(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def hang() -> None:
        goes_on.wait(MEET_SECONDS)

    with hammered(tmp_path, seed=1, patience=0.5) as hammer:
        hammer.hire("pulse", Pulse(hammer), pause=0.01)
        hammer.app.post(hang)
        with pytest.raises(
            AssertionError, match=r"(?s)no progress in 0.5 s: pulse\n.*goes_on.wait"
        ):
            hammer.go_on(MEET_SECONDS)
        goes_on.set()
        hammer.end.set()
        hammer.crew[0].join(MEET_SECONDS)


# -- the books -----------------------------------------------------------------------------

LOG = [
    Logged(1, "a", "e", "time_entry_start", 1, "w-0", 1),
    Logged(2, "b", "e", "time_entry_pause", 2, "w-1", 2),
    Logged(3, "c", "e", "time_entry_stop", 3, "w-2", 3),
    Logged(4, "d", "f", "time_entry_start", 3, "w-2", 3),
]
TOLD = [
    Told("w", "start", "w-0", recorded=True),
    Told("w", "pause", "w-1", recorded=None),
    Told("w", "pause", "w-9", recorded=None),
    Told("w", "start", "w-2", recorded=True),
    Told("w", "stop", "w-8", recorded=False),
]


def test_books_that_agree_have_no_complaints() -> None:
    assert log_complaints(LOG, TOLD) == []


@pytest.mark.parametrize(
    ("log", "complaint"),
    [
        pytest.param(LOG[1:], "missing: ('w-0'", id="a click is lost"),
        pytest.param(
            [*LOG, replace(LOG[3], seq=5, id="x", at_ms=9, boot_ms=9)],
            "twice: ('w-2'",
            id="a click is there twice",
        ),
        pytest.param(
            [*LOG, replace(LOG[1], seq=5, id="x", zone="w-8")],
            "strange: ('w-8'",
            id="what was refused is recorded",
        ),
        pytest.param(
            [*LOG, replace(LOG[1], seq=5, id="x", zone="?")], "nobody", id="nobody clicked"
        ),
        pytest.param(LOG[:3], "strange: ('w-2', 'time_entry_stop')", id="half of a click is lost"),
        pytest.param([replace(LOG[3], seq=0), *LOG[:2]], "out of order", id="out of order"),
        pytest.param(
            [LOG[0], LOG[1], replace(LOG[1], seq=3, id="x", at_ms=3)],
            "twice in a row",
            id="two pauses in a row",
        ),
        pytest.param([LOG[0], replace(LOG[1], at_ms=1)], "not later", id="not later"),
    ],
)
def test_a_log_that_is_not_what_was_told_is_found(log: list[Logged], complaint: str) -> None:
    assert any(complaint in one for one in log_complaints(log, TOLD))


# -- snapshots -----------------------------------------------------------------------------

NOW = datetime(2026, 1, 8, 12, tzinfo=UTC)
RUNS = SyncStatus(
    as_of=NOW,
    tracker=TrackerState.RUNNING,
    entry=EntryView(id="e", project="A", note="", started_at=NOW, worked=timedelta()),
    has_history=True,
    pending=1,
    waiting_since=NOW,
)


def test_a_status_of_one_moment_has_no_complaints() -> None:
    assert snapshot_complaints(RUNS) == snapshot_complaints(SyncStatus(as_of=NOW)) == []


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param(replace(RUNS, pending=0), id="waits for nothing"),
        pytest.param(replace(RUNS, waiting_since=None), id="waits since never"),
        pytest.param(replace(RUNS, failed=1), id="failed for no cause"),
        pytest.param(replace(RUNS, own_pending=2), id="more own than all"),
        pytest.param(replace(RUNS, doubtful=2), id="more in doubt than unsent"),
        pytest.param(replace(RUNS, tracker=TrackerState.STOPPED), id="stopped with an entry"),
        pytest.param(replace(RUNS, entry=None), id="running without one"),
        pytest.param(replace(RUNS, has_history=False), id="without a history"),
        pytest.param(replace(RUNS, recent=(RecentView(project="a", note=""),)), id="recent"),
    ],
)
def test_a_status_that_contradicts_itself_is_found(torn: SyncStatus) -> None:
    assert snapshot_complaints(torn)


def test_a_status_that_goes_back_is_found() -> None:
    retry = RetryResult(number=2, sent=1, failed=0, waiting=0, reason="")
    second = replace(RUNS, retry=retry)
    first = replace(RUNS, retry=replace(retry, number=1))
    assert sequence_complaints([RUNS, first, second]) == []
    assert sequence_complaints([second, first])
    assert sequence_complaints([replace(RUNS, as_of=NOW + timedelta(seconds=1)), RUNS])


@contextmanager
def a_core(paths: Paths) -> Iterator[Core]:
    core = Core(surroundings(paths, Settings(), SystemClock()))
    try:
        yield core
    finally:
        core.close()


class TornReader(QueueReader):
    """Reads without a transaction, and something happens between two of its looks."""

    def __init__(self, paths: Paths, meanwhile: Callable[[], object]) -> None:
        super().__init__(paths.database)
        self._meanwhile = meanwhile

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        yield

    def oldest_open(self, account_id: int) -> SyncTask | None:
        self._meanwhile()
        return super().oldest_open(account_id)


def test_a_status_read_at_two_moments_is_found(tmp_path: Path) -> None:
    paths, clock = made_paths(tmp_path), SystemClock()
    with a_core(paths) as core:
        reader = TornReader(paths, lambda: core.timer.do(Start("A"), clock.stamp()))
        torn = read_status(reader, clock.now())
        reader.close()
        assert snapshot_complaints(torn)
        assert snapshot_complaints(core.status()) == []


# -- the mutex -----------------------------------------------------------------------------


def test_who_writes_without_the_lock_is_found(tmp_path: Path) -> None:
    clock = SystemClock()
    with a_core(made_paths(tmp_path)) as core:
        owner = OwnerWatch(core)
        core.timer.do(Start("A"), clock.stamp())
        core.timer.do(Pause(), clock.stamp())
        assert (owner.wrong, owner.transactions) == ([], {"MainThread": 2})
        with core._queue.lock() as guard:
            writer = guard.value
        writer.rows("SELECT COUNT(*) FROM event")
        assert len(owner.wrong) == 2
        assert owner.wrong[0].startswith("MainThread runs SELECT COUNT(*)")
