"""Where the failed-tasks window reads: the database itself, read-only.

Runs on Tk's thread and reads no more than what is seen at once; `study` reads all, with a
connection of its own and in many short steps, which may take seconds together.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from trayapp.desktop.windows.failed_model import Findings, glanced, studied
from trayapp.desktop.windows.failed_row import Context, Details, Row, details_of, row_of, task_text
from trayapp.light import dataclass
from trayapp.queue.errors import QueueError
from trayapp.queue.reader import QueueReader
from trayapp.queue.task import SyncTask
from trayapp.sync.diagnosis import Study
from trayapp.sync.diagnosis_words import Moments
from trayapp.sync.ids import Ids
from trayapp.sync.snapshot import read_status
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import Event

AT_ONCE = 400
"""So many tasks are diagnosed before the window shows; of more only the counts are, at first."""
_PAGE = 1000
_CACHED = 600

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One moment of the queue. `whole`: the findings are complete."""

    status: SyncStatus
    findings: Findings
    whole: bool


class Source:
    """The queue as the window sees it. Raises QueueError."""

    def __init__(self, database: Path, *, most_attempts: int) -> None:
        self._database = database
        self._most_attempts = most_attempts
        self._reader = QueueReader(database) if database.exists() else None
        self._context = self._new_context()
        self._findings = Findings()
        self._first: tuple[SyncTask, ...] = ()
        self._tasks: dict[int, SyncTask] = {}
        self._entries: dict[str, tuple[Event, ...]] = {}

    @property
    def reader(self) -> QueueReader | None:
        """For counts while a retry runs; None where there is no database yet."""
        return self._reader

    def close(self) -> None:
        """Give the connection up."""
        if self._reader is not None:
            self._reader.close()

    def look(self) -> View:
        """How it stands now; only a short queue is diagnosed in full."""
        self._tasks.clear()
        if self._reader is None and self._database.exists():
            self._reader = QueueReader(self._database)
        if self._reader is None:
            return View(status=SyncStatus(as_of=_now()), findings=Findings(), whole=True)
        status = read_status(self._reader, _now())
        self._context = self._new_context(status)
        whole = status.failed <= AT_ONCE
        if whole:
            found = next(filter(None, _diagnosed(self._reader, status)))
        else:
            found = glanced(status)
            self._first = self._reader.failed(limit=60)
        if whole or self._findings.ids is None:
            self._findings = found
        return View(status=status, findings=found, whole=whole)

    def study(self, status: SyncStatus) -> Iterator[Findings | None]:
        """Diagnose everything, however long the queue: None after each step, at last what is found.

        It just ends where the queue cannot be read.
        """
        try:
            with closing(QueueReader(self._database)) as reader:
                yield from _diagnosed(reader, status)
        except QueueError:
            logger.warning("The failed tasks could not be diagnosed", exc_info=True)

    def learn(self, found: Findings) -> None:
        """What a study has found."""
        self._findings = found

    # -- rows ------------------------------------------------------------------------------

    def row(self, index: int, ids: Sequence[int] | None) -> Row | None:
        """The row at this place of the list; None where it is not known (any more)."""
        task = self._at(index, ids)
        if task is None:
            return None
        sign = self._findings.sign(task.id)
        return row_of(task, self._entry(task), self._context, sign=sign)

    def details(self, task_id: int) -> Details | None:
        """What unfolds below a row."""
        task = self._task(task_id)
        if task is None or self._reader is None:
            return None
        history = self._reader.history([task_id])
        return details_of(task, self._entry(task), history, self._context)

    def task(self, task_id: int) -> SyncTask | None:
        """A failed task; None where it has gone."""
        return self._task(task_id)

    def entry(self, task: SyncTask) -> tuple[Event, ...]:
        """The events of a task's entry."""
        return self._entry(task)

    def projects(self, account_id: int) -> tuple[str, ...]:
        """What the account's server takes time for, by name."""
        if self._reader is None:
            return ()
        return tuple(project.name for project in self._reader.catalog(account_id).projects)

    def text(self, ids: Sequence[int]) -> str:
        """These tasks as one text."""
        wanted = frozenset(ids)
        return "\n\n".join(
            task_text(task, self._entry(task), self._context)
            for task in self._all(ids)
            if task.id in wanted
        )

    def _all(self, ids: Sequence[int]) -> Iterator[SyncTask]:
        if len(ids) < _PAGE // 10:
            yield from filter(None, map(self._task, ids))
        elif self._reader is not None:
            yield from _pages(self._reader)

    def _at(self, index: int, ids: Sequence[int] | None) -> SyncTask | None:
        if ids is None:
            return self._first[index] if index < len(self._first) else None
        return self._task(ids[index]) if index < len(ids) else None

    def _task(self, task_id: int) -> SyncTask | None:
        known = self._tasks.get(task_id)
        if known is None and self._reader is not None:
            _make_room(self._tasks)
            found = self._reader.failed(limit=1, after_id=task_id - 1)
            known = found[0] if found and found[0].id == task_id else None
            if known is not None:
                self._tasks[task_id] = known
        return known

    def _entry(self, task: SyncTask) -> tuple[Event, ...]:
        if not task.entry_id or self._reader is None:
            return ()
        if task.entry_id not in self._entries:
            _make_room(self._entries)
            self._entries[task.entry_id] = self._reader.events(task.entry_id)[:1]
        return self._entries[task.entry_id]

    def _new_context(self, status: SyncStatus | None = None) -> Context:
        return Context(
            as_of=status.as_of if status else _now(),
            most_attempts=self._most_attempts,
            due_at=status.next_attempt_at if status else None,
        )


def _make_room(cache: dict[int, SyncTask] | dict[str, tuple[Event, ...]]) -> None:
    if len(cache) >= _CACHED:
        cache.clear()


def _diagnosed(reader: QueueReader, status: SyncStatus) -> Iterator[Findings | None]:
    study, elsewhere = Study(), array("q")
    with reader.snapshot():
        active = reader.accounts()[0]
        for page in reader.failed_pages():
            study.take(page.tasks, page.tried)
            study.look_into(page.entries)
            elsewhere.extend(one.id for one in page.tasks if one.account_id != active.id)
            yield None
    yield studied(
        study.found(),
        Moments(status.as_of),
        url=status.account.url,
        elsewhere=Ids(elsewhere),
        unsent=status.held_up,
    )


def _pages(reader: QueueReader) -> Iterable[SyncTask]:
    last = 0
    while page := reader.failed(limit=_PAGE, after_id=last):
        yield from page
        last = page[-1].id


def _now() -> datetime:
    return datetime.now(UTC)
