"""What the tracker's state is known to be between clicks: never other than what the log says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.queue.support import OopsError, Queue, open_writer, statements
from trayapp.queue.store import QueueWriter
from trayapp.tracking.entry import Event, EventKind
from trayapp.tracking.tracker import Paused, Running, State, Stopped, state_of

CLICKS = (
    (EventKind.START, Running),
    (EventKind.PAUSE, Paused),
    (EventKind.RESUME, Running),
    (EventKind.STOP, Stopped),
)


def led_to(writer: QueueWriter, event: Event) -> None:
    """Record a click as the timer does."""
    writer.events.state()
    writer.record((event,), event.at)
    writer.events.lead_to(as_logged(writer), event)


def click(queue: Queue, kind: EventKind = EventKind.START) -> None:
    event = queue.event("e1", kind)
    queue.do(lambda writer: led_to(writer, event))


def as_logged(writer: QueueWriter) -> State:
    return state_of(writer.events.newest_entry())


def test_the_state_is_that_of_the_log_after_every_click(queue: Queue) -> None:
    kinds: list[type[State]] = []
    for kind, _leads_to in CLICKS:
        click(queue, kind)
        with queue.writing() as writer:
            assert writer.events.state() == as_logged(writer)
            kinds.append(type(writer.events.state()))
    assert kinds == [leads_to for _kind, leads_to in CLICKS]


def test_what_is_known_is_not_read_again(queue: Queue) -> None:
    for kind in (EventKind.START, EventKind.PAUSE):
        click(queue, kind)
    with queue.writing() as writer:
        first = statements(writer._connection, writer.events.state)
        led_to(writer, queue.event("e1", EventKind.RESUME))
        asked = [*first, *statements(writer._connection, writer.events.state)]
        assert isinstance(writer.events.state(), Running)
    assert not [sql for sql in asked if sql.startswith("SELECT *")]


def test_what_another_process_clicked_is_seen(queue: Queue, folder: Path) -> None:
    click(queue)
    other = open_writer(folder)
    other.begin()
    other.record((queue.event("e1", EventKind.PAUSE),), queue.now)
    other.commit()
    other.close()
    with queue.writing() as writer:
        assert isinstance(writer.events.state(), Paused)


def test_a_correction_is_seen(queue: Queue) -> None:
    click(queue)
    queue.click("e1", EventKind.DELETE)
    with queue.writing() as writer:
        assert writer.events.state() == Stopped()


def test_a_click_that_was_undone_leads_to_nothing(queue: Queue) -> None:
    click(queue)

    def stop(writer: QueueWriter) -> None:
        led_to(writer, queue.event("e1", EventKind.STOP))
        raise OopsError

    with pytest.raises(OopsError):
        queue.do(stop)
    with queue.writing() as writer:
        assert isinstance(writer.events.state(), Running)


def test_what_was_brought_over_meanwhile_is_not_what_is_tracked(queue: Queue) -> None:
    click(queue)
    queue.sql(
        "INSERT INTO event SELECT -1, 'x', account, entry, 'time_entry_start', at_ms - 60000,"
        " offset_minutes, zone, boot_id, boot_ms, project, note, '' FROM event"
    )
    with queue.writing() as writer:
        read = statements(writer._connection, writer.events.state)
        assert writer.events.state() == as_logged(writer)
    assert not [sql for sql in read if sql.startswith("SELECT *")]


def test_a_file_that_was_opened_anew_is_read_anew(queue: Queue) -> None:
    click(queue)
    queue.mutex.recover(lambda writer: writer.reopen())
    with queue.writing() as writer:
        read = statements(writer._connection, writer.events.state)
    assert [sql for sql in read if sql.startswith("SELECT *")]
