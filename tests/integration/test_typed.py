"""What the start and the times window ask the app: choices, a start and times as typed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, bench_inside
from trayapp.control.messages import JSON, Reply, Request
from trayapp.tracking.catalog import Catalog, Project
from trayapp.tracking.entry import EventKind
from trayapp.tracking.tracker import Pause, Start, Stop
from trayapp.typed import typed_reply

SHOP = Start(project="Shop", note="write the offer")
SITE = Start(project="Website", note="front page")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_inside(tmp_path) as (one, _plug):
        yield one


def ask(bench: Bench, name: str, **arguments: JSON) -> Reply:
    bench.clock.advance(1)
    stamp = bench.clock.stamp()
    request = Request(name, arguments, stamp)
    reply = typed_reply(bench.core, request, stamp)
    Reply.parse(reply.line())  # it fits the channel
    return reply


def keep(bench: Bench, catalog: Catalog) -> None:
    with bench.core._queue.lock() as guard:
        guard.value.accounts.set_catalog(1, catalog, bench.clock.now())


def local(at: datetime) -> str:
    return f"{at.astimezone():%H:%M}"


# -- choices -------------------------------------------------------------------------------


def test_what_was_tracked_can_be_chosen_newest_first(bench: Bench) -> None:
    bench.clicks(SHOP, SITE, Stop(), SHOP)
    value = ask(bench, "choices").value
    assert value["history"] == [("write the offer", "Shop"), ("front page", "Website")]
    assert (value["projects"], value["next"], value["binds"]) == ([], 0, False)


def test_what_the_server_takes_no_more_cannot_be_chosen(bench: Bench) -> None:
    bench.clicks(SHOP, SITE, Stop())
    keep(bench, Catalog(projects=(Project(id="7", name="Shop"),), binds=True))
    value = ask(bench, "choices").value
    assert value["history"] == [("write the offer", "Shop")]
    assert (value["projects"], value["binds"]) == (["Shop"], True)


def test_a_long_list_comes_in_parts_that_fit_the_channel(bench: Bench) -> None:
    names = [f"{'проект ' * 20}{number:04}" for number in range(500)]
    projects = tuple(Project(id=str(n), name=name) for n, name in enumerate(names))
    keep(bench, Catalog(projects=projects, binds=True))
    bench.click(Start(project=names[0], note="n" * 4000))
    found: list[JSON] = []
    after: JSON = 0
    rounds = 0
    while rounds == 0 or after:
        value = ask(bench, "choices", after=after).value
        part, after = value["projects"], value["next"]
        assert isinstance(part, list)
        found += part
        rounds += 1
        assert rounds < 100
    assert found == names
    assert rounds > 1


# -- starting ------------------------------------------------------------------------------


def test_what_was_typed_is_started_and_is_what_runs(bench: Bench) -> None:
    reply = ask(bench, "start_typed", note="front page", project="Website", at=" ")
    assert (reply.ok, reply.changed) == (True, True)
    assert "Website – front page" in reply.message
    entry = bench.status.entry
    assert entry is not None
    assert (entry.project, entry.note, entry.started_at) == (
        "Website",
        "front page",
        bench.clock.now(),
    )


def test_a_start_without_words_has_none_though_something_was_tracked_before(bench: Bench) -> None:
    bench.clicks(SITE, Stop())
    assert ask(bench, "start_typed", note="", project="", at="").changed
    entry = bench.status.entry
    assert entry is not None
    assert (entry.project, entry.note) == ("", "")


def test_a_start_in_the_past_has_the_time_that_was_typed(bench: Bench) -> None:
    bench.clock.advance(3600)
    at = (bench.clock.now() - timedelta(minutes=20)).replace(second=0, microsecond=0)
    assert ask(bench, "start_typed", note="late", at=local(at)).changed
    entry = bench.status.entry
    assert entry is not None
    assert entry.started_at == at


@pytest.mark.parametrize("typed", ["9", "25:00", "soon"])
def test_a_time_that_is_none_is_refused_and_nothing_recorded(bench: Bench, typed: str) -> None:
    reply = ask(bench, "start_typed", note="late", at=typed)
    assert (reply.ok, reply.value) == (False, {"field": "at"})
    assert reply.message
    assert bench.clicked == []


def test_a_time_before_the_last_click_is_refused_as_on_the_command_line(bench: Bench) -> None:
    bench.clicks(SITE, Stop())
    early = local(bench.clock.now() - timedelta(minutes=30))
    reply = ask(bench, "start_typed", note="late", at=early)
    assert (reply.ok, reply.value) == (False, {"field": "at"})
    assert len(bench.clicked) == 2


def test_what_runs_already_is_said_and_changes_nothing(bench: Bench) -> None:
    bench.clicks(SITE)
    reply = ask(bench, "start_typed", note="front page", project="Website")
    assert (reply.ok, reply.changed) == (True, False)
    assert "Already running" in reply.message


def test_an_unknown_project_is_refused_here_too(bench: Bench) -> None:
    keep(bench, Catalog(projects=(Project(id="7", name="Shop"),), binds=True))
    reply = ask(bench, "start_typed", note="x", project="Shopp")
    assert (reply.ok, reply.value) == (False, {"field": "project"})
    assert "“Shopp”" in reply.message


# -- times ---------------------------------------------------------------------------------


def test_without_an_entry_there_is_nothing_to_correct(bench: Bench) -> None:
    assert not ask(bench, "entry").ok


def test_the_times_of_what_runs_are_told_as_they_can_be_typed(bench: Bench) -> None:
    bench.clicks(SITE)
    begun = bench.clock.now()
    value = ask(bench, "entry").value
    assert (value["name"], value["started"], value["stopped"]) == (
        "Website – front page",
        local(begun),
        "",
    )
    bench.clock.advance(timedelta(days=2))
    value = ask(bench, "entry").value
    assert value["started"] == f"{begun.astimezone():%Y-%m-%d %H:%M}"


def test_times_are_corrected_by_events_that_are_sent(bench: Bench) -> None:
    bench.clock.advance(7200)
    bench.clicks(SITE)
    entry = ask(bench, "entry").value["entry"]
    begun = (bench.clock.now() - timedelta(minutes=50)).replace(second=0, microsecond=0)
    ended = begun + timedelta(minutes=40)
    reply = ask(bench, "edit_typed", entry=entry, started=local(begun), stopped=local(ended))
    assert (reply.ok, reply.changed) == (True, True)
    assert [event.kind for event in bench.clicked] == [EventKind.START, EventKind.EDIT]
    bench.work()
    assert bench.status.all_sent
    value = ask(bench, "entry").value
    assert (value["started"], value["stopped"]) == (local(begun), local(ended))


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        pytest.param("started", "nonsense", id="no time"),
        pytest.param("stopped", "2031-01-01 10:00", id="in the future"),
        pytest.param("started", "2031-01-01 10:00", id="begun in the future"),
    ],
)
def test_a_time_that_cannot_be_is_refused_with_its_field(
    bench: Bench, field: str, typed: str
) -> None:
    bench.clicks(SITE, Pause())
    reply = ask(bench, "edit_typed", entry="", **{field: typed})
    assert (reply.ok, reply.value) == (False, {"field": field})
    assert reply.message
    assert len(bench.clicked) == 2
