"""What the worker makes of a queue that cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import benches
from tests.fake_server import Bench, Call, a_bench
from tests.unit.sync.worker_support import running
from trayapp.mutex import Mutex
from trayapp.queue.errors import QueueError
from trayapp.queue.store import QueueWriter
from trayapp.queue.task import Doubt

bench = benches.bench


class FaultyWriter(QueueWriter):
    """A QueueWriter whose transactions fail on request; nothing of them stays."""

    commits_to_fail = 0
    rollbacks_to_fail = 0
    reopenings_to_fail = 0

    def commit(self) -> None:
        if self.commits_to_fail:
            self.commits_to_fail -= 1
            msg = "disk full"
            raise QueueError(msg)
        super().commit()

    def rollback(self) -> None:
        if self.rollbacks_to_fail:
            self.rollbacks_to_fail -= 1
            msg = "disk gone"
            raise QueueError(msg)
        super().rollback()

    def reopen(self) -> FaultyWriter:
        if self.reopenings_to_fail:
            self.reopenings_to_fail -= 1
            msg = "disk still gone"
            raise QueueError(msg)
        return super().reopen()


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[tuple[Bench, FaultyWriter]]:
    with a_bench(tmp_path / "queue") as made:
        writer = FaultyWriter(made.folder / "queue.db", made.folder / "queue.lock")
        made.mutex = Mutex(writer)
        made.new_worker()
        yield made, writer
        writer.close()


class TestTroubleWithTheQueue:
    def test_an_answer_that_could_not_be_written_down_is_settled_later_and_not_asked_again(
        self, faulty: tuple[Bench, FaultyWriter]
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        bench.worker.run_once()
        bench.worker.run_once()
        writer.commits_to_fail = 2
        for _ in range(2):
            with pytest.raises(QueueError):
                bench.worker.run_once()
        assert bench.task(1).doubt is Doubt.SENT
        bench.run()
        assert bench.all_arrived()
        assert len(bench.server.calls) == 1

    def test_an_answer_that_cannot_be_written_down_at_the_end_is_in_doubt_next_time(
        self, faulty: tuple[Bench, FaultyWriter], caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        bench.worker.run_once()
        bench.worker.run_once()
        writer.commits_to_fail = 1
        bench.worker.settle()
        assert "could not be written down" in caplog.text
        bench.new_worker()
        bench.run()
        assert [call.verb for call in bench.server.calls] == ["send", "look"]
        assert bench.all_arrived()

    def test_a_busy_queue_is_tried_again(
        self, faulty: tuple[Bench, FaultyWriter], caplog: pytest.LogCaptureFixture
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        writer.commits_to_fail = 1
        with running(bench) as step:
            step(lambda: "cannot be used now" in caplog.text)
            bench.worker.wake()
            step(lambda: len(bench.server.ledger) == 1)
        assert bench.all_arrived()

    @pytest.mark.parametrize("reopenings_to_fail", [0, 1])
    def test_a_poisoned_queue_is_opened_again(
        self,
        faulty: tuple[Bench, FaultyWriter],
        caplog: pytest.LogCaptureFixture,
        reopenings_to_fail: int,
    ) -> None:
        bench, writer = faulty
        bench.click("a")
        writer.commits_to_fail = writer.rollbacks_to_fail = 1
        writer.reopenings_to_fail = reopenings_to_fail
        with running(bench) as step:
            step(lambda: "opening it again" in caplog.text)
            step(lambda: bool(reopenings_to_fail) == ("cannot be opened again yet" in caplog.text))
            while not bench.server.ledger:
                bench.worker.wake()
        assert bench.all_arrived()
        caplog.clear()

    def test_the_unexpected_is_logged_and_the_thread_goes_on(
        self, bench: Bench, caplog: pytest.LogCaptureFixture
    ) -> None:
        def explode(_: Call) -> None:
            bench.server.during = lambda _: None
            msg = "a server that breaks its promise"
            raise RuntimeError(msg)

        bench.server.during = explode
        bench.click("a")
        with running(bench) as step:
            step(lambda: "Unexpected" in caplog.text)
            bench.worker.wake()
            step(lambda: len(bench.server.ledger) == 1)
        assert [call.verb for call in bench.server.calls] == ["send", "look", "send"]
        caplog.clear()

    def test_without_a_server_there_is_nothing_to_ask(self, bench: Bench) -> None:
        with pytest.raises(RuntimeError, match="no server"):
            bench.worker._turns._connected()
