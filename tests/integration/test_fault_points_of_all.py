"""Killed at every step of everything else: accounts, corrections, failures, import, openings.

Each story is told once to count its steps, then once for each of them. A step that was not
answered is asked for again, as its user would. Whatever comes of it, nothing is lost.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests import ram
from tests.integration.core_support import rows_of
from tests.integration.ledger import embedded_complaints, log_of
from tests.integration.world import URL, WORK, Program, Step, Story, World, clicks, tell
from tests.unit.queue.damage import a_used_file, overwrite, pages_of
from tests.unit.queue.support import database_in
from tests.unit.queue.test_migration import EVENT
from tests.unit.transfer.support import V1, dumped
from trayapp.queue.reader import QueueReader
from trayapp.queue.store import QueueWriter
from trayapp.sync.kind import Credentials
from trayapp.sync.sign_in import Form
from trayapp.tracking.corrections import Delete, Edit, Undo
from trayapp.tracking.entry import Event, EventKind
from trayapp.tracking.tracker import Pause, Resume, Start, Stop

tmp_path = ram.tmp_path
DUMPS = Path(__file__).parents[1] / "data"
FORM = Form(kind="example", url=URL, credentials=Credentials(user="Ada", password="right"))
FAR_MS = 10**14
MANY = 600  # failed tasks: more than one chunk of a retry


# -- the stories ---------------------------------------------------------------------------------


def all_is_inside(world: World) -> list[str]:
    """An entry that was deleted is there with all its events, or was never sent."""
    there = set(world.own.entries_begun(0, FAR_MS))
    living = {event.entry_id for event in log_of(world.paths.database)}
    sql = "SELECT entry FROM event GROUP BY entry ORDER BY MIN(seq)"
    entries = [str(row[0]) for row in rows_of(world.paths.database, sql)]
    with closing(QueueReader(world.paths.database)) as reader:
        log = [
            event for entry in entries if entry in there | living for event in reader.events(entry)
        ]
    return [*_unsent(world), *embedded_complaints(world.own, log)]


def each_account_has_its_own(world: World) -> list[str]:
    sql = (
        "SELECT event.id FROM event JOIN account ON account.id = account"
        " WHERE account.kind = 'example'"
    )
    far = {row[0] for row in rows_of(world.paths.database, sql)}
    log = log_of(world.paths.database)
    there = [event for event in log if event.id in far]
    here = {event.id for event in log if event.id not in far}
    own = {
        event.id
        for entry in world.own.entries_begun(0, FAR_MS)
        for event in world.own.events(entry)
    }
    missing = [f"not inside: {event_id}" for event_id in here - own]
    return [*_unsent(world), *missing, *embedded_complaints(world.far, there)]


def _unsent(world: World) -> list[str]:
    rows = rows_of(
        world.paths.database, "SELECT status, entity_type, error_message FROM sync_queue"
    )
    return [f"not sent: {row}" for row in rows]


def all_tasks_wait(world: World) -> list[str]:
    sql = "SELECT status, COUNT(*) FROM sync_queue GROUP BY status"
    found = rows_of(world.paths.database, sql)
    return [] if found == [("pending", MANY)] else [f"tasks: {found}"]


def all_is_imported_once(world: World) -> list[str]:
    sql = (
        "SELECT (SELECT COUNT(*) FROM imported), (SELECT COUNT(*) FROM sync_queue), COUNT(*)"
        " FROM event"
    )
    found = rows_of(world.paths.database, sql)
    return [] if found == [(100, 100, 100)] else [f"imported: {found}"]


def is_there_still(world: World) -> list[str]:
    back = {str(row[0]) for row in rows_of(world.paths.database, "SELECT id FROM event")}
    return [f"lost: {event_id}" for event_id in world.old - back]


def an_older_app(world: World) -> None:
    dumped(world.root, V1)


def an_older_schema(world: World) -> None:
    with closing(sqlite3.connect(world.paths.database)) as connection:
        connection.executescript((DUMPS / "schema" / "100.sql").read_text() + EVENT)
    world.old.add("x")


def a_damaged_file(world: World) -> None:
    folder = world.root / "used"
    a_used_file(folder)
    database = database_in(folder)
    with closing(sqlite3.connect(database)) as connection:
        world.old.update(str(row[0]) for row in connection.execute("SELECT id FROM event"))
    raw = bytearray(database.read_bytes())
    overwrite(raw, pages_of(database, "event_entry")[0], bytes(4096))
    world.paths.database.write_bytes(raw)


def many_failed(world: World) -> None:
    writer = QueueWriter(world.paths.database, world.paths.writer_lock)
    stamp = world.clock.stamp()
    events = [
        Event(id=f"e{n}", entry_id=f"n{n}", kind=EventKind.START, stamp=stamp, project="P", note="")
        for n in range(MANY)
    ]
    writer.begin()
    writer.record(events, stamp.at)
    writer.run("UPDATE sync_queue SET status = 'failed', cause = 'refused'")
    writer.commit()
    writer.close()
    world.old.update(event.id for event in events)


STORIES = {
    "corrections": Story(
        steps=(
            *clicks(Start("A", "one"), Pause(), Resume(), Edit("", note="x")),
            WORK,
            *clicks(Start("B", "two"), Undo(), Undo(), Edit("", project="C"), Stop()),
            WORK,
            *clicks(Start("D", "three"), Stop()),
            WORK,
            *clicks(Delete("")),
            WORK,
            *clicks(Undo()),
            WORK,
        ),
        ends=all_is_inside,
        names=frozenset({"request"}),
    ),
    "accounts": Story(
        steps=(
            *clicks(Start("A", "before"), Stop(), Start("A", "runs on")),
            WORK,
            Step(lambda program: program.signing.enter(FORM)),
            Step(lambda program: program.core.send_earlier()),
            *clicks(Pause(), Start("B", "signed in"), Stop()),
            WORK,
            Step(lambda program: program.signing.leave()),
            *clicks(Start("C", "signed out"), Stop()),
            WORK,
            Step(lambda program: program.signing.enter(FORM)),
            *clicks(Start("D", "signed in again"), Stop()),
            WORK,
        ),
        ends=each_account_has_its_own,
        names=frozenset({"request", "save of tokens", "delete of tokens"}),
    ),
    "failures": Story(
        steps=(
            *clicks(Start("A", "refused"), Stop()),
            Step(Program.refused),
            Step(Program.discard),
            Step(Program.undo_discard),
            Step(Program.retry_all),
            WORK,
        ),
        ends=all_is_inside,
        names=frozenset({"request"}),
    ),
    "a long retry": Story(
        steps=(Step(Program.retry_all),), ends=all_tasks_wait, prepare=many_failed
    ),
    "import": Story(
        steps=(Step(Program.bring_over),),
        ends=all_is_imported_once,
        prepare=an_older_app,
    ),
    "migration": Story(steps=(), ends=is_there_still, prepare=an_older_schema),
    "salvage": Story(
        steps=(),
        ends=is_there_still,
        prepare=a_damaged_file,
        names=frozenset({"os.rename of trayapp"}),
    ),
}


def what(point: str) -> str:
    return point.removeprefix("before ").removeprefix("after ")


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", STORIES)
def test_killed_at_any_step_nothing_is_lost(name: str, tmp_path: Path) -> None:
    story = STORIES[name]
    unharmed = tell(story, tmp_path / "story")
    assert unharmed.complaints == ()
    fate = unharmed.fate
    assert {what(point) for point in fate.points} >= story.names | {"commit"}
    # The libraries' own counts: no connection goes past us, and nothing is committed unseen.
    assert fate.connections[0] == fate.connections[1] > 0
    ends = ("commit", "vacuum", "pragma wal_checkpoint")
    assert fate.commits_seen == sum(fate.counted[f"before {one}"] for one in ends)
    deaths: Counter[str] = Counter()
    for point in range(1, len(fate.points) + 1):
        told = tell(story, tmp_path / "story", point)
        assert told.complaints == (), f"killed {told.deaths} at point {point}"
        deaths.update(told.deaths)
    assert deaths == fate.counted
