"""A retry of very many tasks leaves room for whoever clicks meanwhile."""

from __future__ import annotations

import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from tests.integration.core_support import made_paths
from tests.integration.test_app_broken_queue import a_core
from trayapp.config import Paths
from trayapp.retries import Retries
from trayapp.sync.retry import CHUNK

MEET_SECONDS = 10
FAILED = """
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < ?)
INSERT INTO sync_queue (account, entity_type, payload, status, created_at, entry, event)
SELECT 1, 'time_entry_start', '{}', 'failed', 5, 'entry ' || n, 'event ' || n FROM number
"""


def fail_many(paths: Paths, tasks: int) -> None:
    with contextlib.closing(sqlite3.connect(paths.database)) as connection, connection:
        connection.execute(FAILED, (tasks,))


def test_now_and_then_it_pauses_so_that_other_processes_see_that_they_may_write(
    tmp_path: Path,
) -> None:
    paths = made_paths(tmp_path)
    jobs: queue.SimpleQueue[tuple[bool, Callable[[], None]]] = queue.SimpleQueue()
    me = threading.get_ident()

    def post(job: Callable[[], None]) -> None:
        jobs.put((threading.get_ident() != me, job))

    with a_core(paths) as core:
        fail_many(paths, 5 * CHUNK)
        retries = Retries(core, post=post)
        assert retries.start() == 5 * CHUNK
        paused: list[bool] = []
        while core.status().failed:
            was_later, job = jobs.get(timeout=MEET_SECONDS)
            paused.append(was_later)
            job()
        assert paused == [False, False, False, True]
