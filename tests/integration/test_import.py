"""Tasks of the older app in the whole program: held for their user, sent once, never doubled."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, bench_inside
from tests.unit.transfer.support import USER, V1, V2, Row, all_bytes, dumped, old_file, start, step
from trayapp.sync.diagnosis import cause_of_reason
from trayapp.sync.status import AccountView
from trayapp.tracking.entry import TrackerState
from trayapp.tracking.tracker import Start, Stop
from trayapp.transfer.importing import import_database
from trayapp.transfer.summary import Summary

HUBNITY = AccountView(kind="hubnity", url="https://time.example/api", user="Ada")
_SECONDS = 15
_BREAKS_OFF = """
import os, sys
from pathlib import Path
from trayapp.mutex import Mutex
from trayapp.queue.store import QueueWriter
from trayapp.transfer.importing import import_database
database, lock, old = map(Path, sys.argv[1:])
queue = Mutex(QueueWriter(database, lock))
import_database(old, queue, cause_of=lambda _: "unknown", pause=lambda: os.kill(os.getpid(), 9))
"""


def bring(bench: Bench, path: Path) -> Summary:
    return import_database(path, bench.core._queue, cause_of=cause_of_reason)


def test_what_is_imported_is_shown_as_failed_and_waits_for_its_user(tmp_path: Path) -> None:
    with bench_inside(tmp_path) as (bench, plug):
        bring(bench, dumped(tmp_path, V1))
        status = bench.status
        assert (status.failed, status.pending, status.doubtful) == (100, 0, 100)
        assert [count for _account, count in status.elsewhere] == [100]
        assert (status.tracker, status.entry) == (TrackerState.STOPPED, None)
        assert bench.retry_all() == 0  # of this account, which has none
        bench.live(timedelta(days=1))
        assert plug.requests == 0

        bench.clicks(Start("Website"), Stop())
        bench.live(timedelta(hours=1))
        assert {one.entry_id for one in bench.arrived} == {bench.clicked[-1].entry_id}
        assert bench.status.failed == 100
        assert not bench.status.all_sent
    with bench_inside(tmp_path) as (bench, _plug):
        assert bench.status.failed == 100
        assert bring(bench, dumped(tmp_path, V1)).changed is False


@pytest.mark.parametrize("dump", [V1, V2])
def test_once_their_user_signs_in_everything_is_sent_once_with_the_times_of_the_clicks(
    tmp_path: Path, dump: str
) -> None:
    with bench_inside(tmp_path) as (bench, _plug):
        summary = bring(bench, dumped(tmp_path, dump))
        bench.core.enter(HUBNITY, user_id=summary.users[0])
        assert bench.status.elsewhere == ()
        bench.retry_all()
        bench.live(timedelta(days=1))
        assert bench.status.all_sent
        assert [(one.id, one.at_ms) for one in bench.arrived] == bench.rows(
            "SELECT id, at_ms FROM event ORDER BY seq"
        )
        assert bring(bench, dumped(tmp_path, dump)).changed is False


def test_an_import_that_was_killed_is_finished_by_the_next_and_leaves_no_copy(
    tmp_path: Path,
) -> None:
    rows: list[Row] = []
    for n in range(300):
        entry = f"00000000-0000-4000-8000-{n:012}"
        rows += [start(n * 60), step("stop", n * 60 + 30, entry=entry)]
    path = old_file(tmp_path, *rows)
    with bench_inside(tmp_path) as (bench, _plug):
        paths = bench.paths
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    killed = subprocess.run(  # noqa: S603  # our own program
        [sys.executable, "-c", _BREAKS_OFF, paths.database, paths.writer_lock, path],
        env={**os.environ, "TMPDIR": str(temporary), "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=_SECONDS,
        check=False,
    )
    assert killed.returncode == -9
    assert b"CANARY" not in all_bytes(temporary)
    with bench_inside(tmp_path) as (bench, _plug):
        assert bench.status.failed == 50
        summary = bring(bench, path)
        assert (sum(summary.imported.values()), summary.already) == (550, 50)
        assert bench.status.failed == 600
        assert {account.user for account in bench.core.reader.accounts()} == {"", USER}
