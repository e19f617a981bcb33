"""What a server lists as its projects decides what can be started, before it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from tests.integration.core_support import Bench, bench_inside
from trayapp.commands import click, click_request
from trayapp.control.messages import Reply
from trayapp.tracking.catalog import Catalog, Project

WEBSITE = Project(id="p-1", name="Website")
OLD = Project(id="p-2", name="Old")


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with bench_inside(tmp_path) as (made, _plug):
        list_projects(made, WEBSITE, OLD)
        yield made


def list_projects(bench: Bench, *projects: Project, needed: bool = False) -> None:
    with bench.core._queue.lock() as guard:
        catalog = Catalog(projects=projects, binds=True, needed=needed)
        guard.value.accounts.set_catalog(1, catalog, bench.clock.now())


def do(bench: Bench, name: str, *, project: str | None = None) -> Reply:
    bench.clock.advance(60)
    request = click_request(name, bench.clock.stamp(), project=project)
    return click(bench.core.timer, request, now=bench.clock.stamp(), zone=UTC)


def test_a_project_goes_by_its_own_name_whatever_was_typed(bench: Bench) -> None:
    assert do(bench, "start", project="website").message == "Started at 09:01: Website"
    assert do(bench, "start", project="p-1").message == "Already running: Website"
    assert [event.project for event in bench.clicked] == ["Website"]


def test_an_unknown_project_is_refused_and_nothing_is_recorded(bench: Bench) -> None:
    do(bench, "start", project="Website")
    reply = do(bench, "start", project="Garden\nshed")
    assert not reply.ok
    assert "no active project “Garden shed”" in reply.message
    assert len(bench.clicked) == 1
    assert bench.status.entry is not None


def test_an_archived_project_is_told_at_the_click_that_takes_it_up_again(bench: Bench) -> None:
    do(bench, "start", project="Old")
    do(bench, "stop")
    list_projects(bench, WEBSITE)
    assert "not active on your server any more" in do(bench, "start").message
    assert len(bench.clicked) == 2


def test_what_runs_goes_on_though_its_project_was_archived(bench: Bench) -> None:
    do(bench, "start", project="Old")
    list_projects(bench, WEBSITE)
    assert [do(bench, name).changed for name in ("pause", "resume", "stop")] == [True] * 3


def test_no_project_is_taken_unless_one_is_needed(bench: Bench) -> None:
    assert do(bench, "start", project="").changed
    do(bench, "stop")
    list_projects(bench, WEBSITE, needed=True)
    reply = do(bench, "start", project="")
    assert not reply.ok
    assert "no time without a project" in reply.message


def test_the_list_is_shown_also_while_nothing_can_be_asked(bench: Bench) -> None:
    assert bench.status.projects == ("Old", "Website")
