"""Corrections on their way: each server shows in the end what the local log says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from tests.hubnity_server_house import house_of as hubnity_house
from tests.integration.core_support import Bench, Plug, bench_inside
from tests.integration.correcting import another_bench, correct, minute
from tests.plain_client import plain_over_http
from tests.plain_server import PlainServer, shown_times
from trayapp.demo.loopback import Loopback
from trayapp.tracking.corrections import Delete, Edit, Undo
from trayapp.tracking.tracker import (
    Pause,
    Resume,
    Start,
    Stop,
)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[Bench, Plug]]:
    with bench_inside(tmp_path) as found:
        yield found


@pytest.fixture
def bench(line: tuple[Bench, Plug]) -> Bench:
    return line[0]


def story(bench: Bench, work: Callable[[], object]) -> None:
    """All kinds of corrections, of the entry that runs and of another, with undos."""
    bench.clicks(Start("Website", "one"), Pause(), Resume())
    work()
    correct(bench, Edit("", note="two", started_at=minute(-5)))
    work()
    bench.clicks(Start("Website", "three"))
    work()
    first = bench.core.reader.recent(2)[1].entry.id
    correct(bench, Edit(first, note="four", stopped_at=minute(3.5)))
    work()
    correct(bench, Undo())
    work()
    bench.clicks(Start("Website", "five"))
    work()
    correct(bench, Undo())
    work()
    bench.clicks(Stop())
    work()
    correct(bench, Undo())
    correct(bench, Edit("", stopped_at=minute(8.5)))
    work()
    bench.clicks(Start("Website", "six"), Stop())
    work()
    correct(bench, Delete(""))
    work()


@pytest.mark.parametrize("live", [True, False], ids=["live", "offline"])
def test_the_server_inside_shows_what_the_log_says(bench: Bench, *, live: bool) -> None:
    story(bench, bench.work if live else lambda: None)
    bench.work()
    assert bench.status.all_sent
    assert [event.id for event in bench.arrived if event.entry_id in here(bench)] == [
        event.id for event in bench.clicked
    ]


def here(bench: Bench) -> set[str]:
    return {one.entry.id for one in bench.core.reader.recent(9)}


@pytest.mark.parametrize("live", [True, False], ids=["live", "offline"])
def test_a_server_with_records_alone_shows_what_the_log_says(tmp_path: Path, *, live: bool) -> None:
    app = PlainServer()
    with Loopback(app) as loopback, another_bench(tmp_path) as (bench, servers):
        servers.append(plain_over_http(loopback.url))
        story(bench, bench.work if live else lambda: None)
        bench.live(timedelta(minutes=1))
        assert bench.status.all_sent
        entries = [one.entry for one in bench.core.reader.recent(9)]
        wanted = sorted(
            (entry.note, *shown_times(segment.began_at, segment.ended_at))
            for entry in entries
            for segment in entry.segments
        )
        assert sorted((one.note, one.begin, one.end) for one in app.entries) == wanted
        assert len(wanted) == 3


@pytest.mark.parametrize("live", [True, False], ids=["live", "offline"])
@pytest.mark.parametrize("dialect", ["feb", "dec"])
def test_a_hubnity_server_shows_what_the_log_says(
    tmp_path: Path, dialect: str, *, live: bool
) -> None:
    with another_bench(tmp_path) as (bench, servers), hubnity_house(dialect, bench.clock) as house:
        servers.append(house.server)
        story(bench, bench.work if live else lambda: None)
        bench.live(timedelta(minutes=1))
        assert bench.status.all_sent
        entries = [one.entry for one in bench.core.reader.recent(9)]
        now, found = bench.clock.now(), house.app.books.entries.values()
        assert sorted((one.note, one.duration, one.status) for one in found) == sorted(
            (one.note, one.worked(now) // timedelta(seconds=1), "STOPPED") for one in entries
        )


def test_what_was_never_sent_and_is_deleted_never_goes(line: tuple[Bench, Plug]) -> None:
    bench, plug = line
    bench.clicks(Start("A"), Stop())
    correct(bench, Delete(""))
    bench.work()
    assert (bench.status.pending, bench.arrived, plug.requests) == (0, [], 0)


@pytest.mark.parametrize("server", ["inside", "records", "feb", "dec"])
def test_what_was_deleted_before_it_was_sent_goes_when_it_is_brought_back(
    tmp_path: Path, server: str
) -> None:
    with served(server, tmp_path) as (bench, shown):
        bench.clicks(Start("Website", "back again"), Stop())
        correct(bench, Delete(""))
        bench.live(timedelta(minutes=1))
        assert (bench.status.pending, shown()) == (0, [])
        correct(bench, Undo())
        bench.live(timedelta(minutes=1))
        assert (bench.status.failed, bench.status.all_sent) == (0, True)
        assert shown() == ["back again"]


@contextmanager
def served(server: str, root: Path) -> Iterator[tuple[Bench, Callable[[], list[str]]]]:
    """A bench before that server, and the notes of the entries it shows."""
    if server == "inside":
        with bench_inside(root) as (bench, _plug):
            yield bench, lambda: [event.note for event in bench.arrived]
    elif server == "records":
        app = PlainServer()
        with Loopback(app) as loopback, another_bench(root) as (bench, servers):
            servers.append(plain_over_http(loopback.url))
            yield bench, lambda: [entry.note for entry in app.entries]
    else:
        with another_bench(root) as (bench, servers), hubnity_house(server, bench.clock) as house:
            servers.append(house.server)
            yield bench, lambda: [str(entry.note) for entry in house.app.books.entries.values()]
