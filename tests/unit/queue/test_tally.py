"""What triggers keep is what looking would give, whatever is done: counts, and who is held."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.unit.queue.support import KINDS, OopsError, Queue, a_queue
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt, TaskStatus
from trayapp.tracking.entry import EventKind

ENTRIES = st.sampled_from(["e1", "e2", "e3"])
CAUSES = st.sampled_from(["", "refused", "network", "server_trouble"])
PICK = st.integers(min_value=0, max_value=99)


class Tallies(RuleBasedStateMachine):
    """Any of the writer's verbs in any order, kept or rolled back."""

    @initialize()
    def open(self) -> None:
        self.files = contextlib.ExitStack()
        folder = Path(self.files.enter_context(tempfile.TemporaryDirectory()))
        self.queue: Queue = self.files.enter_context(a_queue(folder))

    def teardown(self) -> None:
        if hasattr(self, "files"):
            self.files.close()

    def pick(self, number: int, where: str = "status <> 'discarded'") -> int | None:
        rows = self.queue.sql(f"SELECT id FROM sync_queue WHERE {where}")  # noqa: S608
        return int(str(rows[number % len(rows)][0])) if rows else None

    @rule(entry=ENTRIES, kind=st.sampled_from(KINDS))
    def click(self, entry: str, kind: EventKind) -> None:
        self.queue.click(entry, kind)

    @rule(kind=st.sampled_from(["embedded", "hubnity"]))
    def use(self, kind: str) -> None:
        url = "" if kind == "embedded" else "https://example.org"
        self.queue.do(lambda writer: writer.accounts.use(kind, url, ""))

    @rule(
        number=PICK,
        status=st.sampled_from([TaskStatus.PENDING, TaskStatus.FAILED]),
        cause=CAUSES,
        doubt=st.sampled_from(Doubt),
    )
    def change(self, number: int, status: TaskStatus, cause: str, doubt: Doubt) -> None:
        if task := self.pick(number):
            self.queue.change(task, status=status, cause=cause, doubt=doubt)

    @rule(number=PICK)
    def send(self, number: int) -> None:
        if task_id := self.pick(number):
            task = self.queue.task(task_id)
            self.queue.do(lambda writer: writer.tasks.mark_sent([task], "{}", self.queue.now))

    @rule(number=PICK)
    def remove(self, number: int) -> None:
        if task_id := self.pick(number, "TRUE"):
            task = self.queue.task(task_id)
            self.queue.do(lambda writer: writer.tasks.remove([task]))

    @rule(number=PICK)
    def discard(self, number: int) -> None:
        sql = "UPDATE sync_queue SET status = 'discarded' WHERE id = ?"
        self.queue.do(lambda writer: writer.run(sql, (self.pick(number),)))

    @rule(number=PICK)
    def restore(self, number: int) -> None:
        sql = "UPDATE sync_queue SET status = 'failed' WHERE id = ?"
        self.queue.do(lambda writer: writer.run(sql, (self.pick(number, "TRUE"),)))

    @rule(account=st.sampled_from([1, 2]), causes=st.lists(CAUSES))
    def heal(self, account: int, causes: list[str]) -> None:
        self.queue.do(lambda writer: writer.tasks.heal(account, causes))

    @rule(account=st.sampled_from([1, 2]), limit=st.integers(min_value=0, max_value=3))
    def requeue(self, account: int, limit: int) -> None:
        self.queue.do(lambda writer: writer.tasks.requeue(account, after_id=0, limit=limit))

    @rule()
    def change_nothing_after_all(self) -> None:
        def work(writer: QueueWriter) -> None:
            writer.run("DELETE FROM sync_queue")
            raise OopsError

        with contextlib.suppress(OopsError):
            self.queue.do(work)

    @invariant()
    def equals_what_counting_gives(self) -> None:
        if not hasattr(self, "queue"):
            return
        counted: Counter[tuple[object, ...]] = Counter()
        for account, status, cause, doubt in self.queue.sql(
            "SELECT account, status, cause, doubt FROM sync_queue"
        ):
            counted[account, status, cause] += 1
            if doubt != "none" and status != "discarded":
                counted[account, "doubtful", ""] += 1
        kept = {(t.account_id, t.status, t.cause): t.count for t in self.queue.reader.tallies()}
        assert kept == dict(counted)

    @invariant()
    def an_open_task_is_held_by_older_ones_of_its_entry(self) -> None:
        if not hasattr(self, "queue"):
            return
        begun: set[object] = set()
        for entry, held in self.queue.sql(
            "SELECT entry, held FROM sync_queue WHERE status <> 'discarded' ORDER BY id"
        ):
            assert held == (entry in begun)
            begun.add(entry)


TestTallies = Tallies.TestCase
TestTallies.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, derandomize=True
)
