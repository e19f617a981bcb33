"""The disk has a click before anybody is told of it: seen in the system calls of real processes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.integration.program_support import running
from tests.integration.test_copies import CLICKS, FRAME_HEAD, Recording
from tests.integration.traced import Call, Did, calls_in, under_strace
from trayapp.queue.reader import QueueReader

NAMES = ("start", "pause", "resume", "stop")
APP_CLICKS = 20


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    return Recording(tmp_path_factory.mktemp("recording"))


def syncs_before(calls: Sequence[Call], answer: int, event_id: str) -> int:
    """How often the WAL was synced between a click's last page there and its answer."""
    needle = event_id.encode()
    pages = [
        number
        for number, call in enumerate(calls[:answer])
        if call.did is Did.WRITE and is_wal(call) and needle in call.data
    ]
    assert pages, "its pages were written before it was told"
    first = _end_of_transaction(calls, pages[0])
    assert first < answer
    return sum(call.did is Did.SYNC and is_wal(call) for call in calls[first:answer])


def is_wal(call: Call) -> bool:
    return call.path.endswith("trayapp.db-wal")


def _end_of_transaction(calls: Sequence[Call], first: int) -> int:
    """Where the frame that commits was written: its head counts the pages of the database."""
    heads = (
        number
        for number in range(first - 1, len(calls))
        if is_wal(calls[number])
        and len(calls[number].data) == FRAME_HEAD
        and any(calls[number].data[4:8])
    )
    return next(heads) + 1


def answers(calls: Sequence[Call], way: str, words: bytes) -> list[int]:
    """Where somebody was told so, over a pipe or a socket."""
    return [
        number
        for number, call in enumerate(calls)
        if call.did is Did.WRITE and call.path.startswith(way) and words in call.data
    ]


def test_each_click_is_in_the_wal_and_synced_before_it_is_told(recording: Recording) -> None:
    calls = recording.calls
    found = answers(calls, "pipe:", b'[["')
    counts = []
    for answer in found:
        said = calls[answer].data
        ids = [one.event_id for one in recording.told if one.event_id.encode() in said]
        assert ids
        counts += [syncs_before(calls, answer, event_id) for event_id in ids]
    assert len(counts) == len(recording.told) >= CLICKS * 3 // 4
    assert min(counts) == 1


def test_the_name_of_a_new_database_and_of_its_wal_are_synced_too(recording: Recording) -> None:
    told = answers(recording.calls, "pipe:", b'[["')[0]
    (wal,) = {call.path for call in recording.calls if is_wal(call)}
    begun = next(number for number, call in enumerate(recording.calls) if call.path == wal)
    folder = str(Path(wal).parent)
    after = recording.calls[begun:told]
    assert any(call.did is Did.SYNC and call.path == folder for call in after)


def test_the_app_answers_a_click_only_when_the_disk_has_it(tmp_path: Path) -> None:
    trace, home = tmp_path / "trace", tmp_path / "home"
    home.mkdir()
    with running(home, under=under_strace(trace)) as app:
        replies = [
            app.click(NAMES[number % 4], project="Website" if number % 4 == 0 else None)
            for number in range(APP_CLICKS)
        ]
        reader = QueueReader(app.paths.database)
        entries = reversed(reader.recent(APP_CLICKS))
        clicked = [event.id for one in entries for event in reader.events(one.entry.id)]
        reader.close()
    assert all(reply.changed for reply in replies)
    assert len(clicked) == APP_CLICKS
    calls = calls_in(trace)
    told = answers(calls, "socket:", b'"changed":true')
    assert len(told) == APP_CLICKS + 1  # the last is that it quits
    counts = [syncs_before(calls, *one) for one in zip(told[:-1], clicked, strict=True)]
    assert min(counts) == 1
