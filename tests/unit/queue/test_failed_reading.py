"""What failed, page by page: all of it, each entry once, and no more than a page at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from tests.unit.queue.support import Queue
from trayapp.queue.failed_reading import EntryLog, FailedPage
from trayapp.sync.diagnosis import Diagnosis, Study, diagnose
from trayapp.tracking.entry import EventKind


@pytest.fixture(autouse=True)
def clicks(queue: Queue) -> None:
    """Tasks 1 to 4 of one entry, 5 of another, 6 and 7 of a third; then 8 and 9 of the first."""
    queue.click_many("first", 4)
    queue.click("alone")
    queue.click_many("third", 2)
    queue.click("first", EventKind.PAUSE)
    queue.click("first", EventKind.PAUSE)


def fail(queue: Queue, ids: Iterable[int]) -> None:
    for one in ids:
        queue.fail(one)


def ids_in(pages: Iterable[FailedPage]) -> list[list[int]]:
    return [[task.id for task in page.tasks] for page in pages]


def entries_in(pages: Iterable[FailedPage]) -> Iterator[EntryLog]:
    return (entry for page in pages for entry in page.entries)


def studied(pages: Iterable[FailedPage]) -> Diagnosis:
    study = Study()
    for page in pages:
        study.take(page.tasks, page.tried)
        study.look_into(page.entries)
    return study.found()


def test_where_nothing_failed_there_is_no_page(queue: Queue) -> None:
    assert not list(queue.reader.failed_pages())


def test_the_pages_are_in_order_and_no_longer_than_wanted(queue: Queue) -> None:
    fail(queue, (9, 1, 5, 7, 3))
    assert ids_in(queue.reader.failed_pages(2)) == [[1, 3], [5, 7], [9]]
    assert ids_in(queue.reader.failed_pages()) == [[1, 3, 5, 7, 9]]


def test_an_entry_is_on_the_page_of_its_oldest_failed_task_only(queue: Queue) -> None:
    fail(queue, range(2, 10))
    found = [
        [entry.events[0].entry_id for entry in page.entries]
        for page in queue.reader.failed_pages(3)
    ]
    assert found == [["first"], ["third"], []]


def test_an_entry_has_all_its_events_and_what_became_of_them(queue: Queue) -> None:
    fail(queue, (3, 8, 9))
    discarded = [queue.task(9)]
    queue.do(lambda writer: writer.discards.add(discarded, queue.now))
    events = queue.reader.events("first")
    assert list(entries_in(queue.reader.failed_pages())) == [
        EntryLog(
            events=events,
            failed={events[2].id: 3, events[4].id: 8},
            discarded=frozenset([events[5].id]),
        )
    ]


def test_a_single_event_repeats_nothing(queue: Queue) -> None:
    queue.fail(5)
    assert not list(entries_in(queue.reader.failed_pages()))


def test_a_page_tells_which_trials_were_in_vain(queue: Queue) -> None:
    fail(queue, (1, 2, 3))
    queue.sql("UPDATE sync_queue SET trial = 2 WHERE id IN (2, 3, 4)")
    assert [sorted(page.tried) for page in queue.reader.failed_pages(2)] == [[2], [3]]


@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_page_by_page_the_diagnosis_is_that_of_all_at_once(queue: Queue, size: int) -> None:
    fail(queue, range(1, 10))
    queue.sql("UPDATE sync_queue SET cause = 'network', error_message = 'x' WHERE id % 3 = 0")
    queue.sql("UPDATE sync_queue SET trial = 2 WHERE id = 6")
    log = queue.reader.failed_log()
    whole = diagnose(
        queue.reader.failed(limit=99),
        history=log.events,
        discarded=log.discarded,
        tried=log.tried,
    )
    assert whole.duplicates is not None
    assert whole.duplicates.task_ids == (8, 9)
    assert studied(queue.reader.failed_pages(size)) == whole


def test_a_reader_keeps_little_of_what_it_read(queue: Queue) -> None:
    assert queue.reader._rows("PRAGMA cache_size")[0][0] == -256
