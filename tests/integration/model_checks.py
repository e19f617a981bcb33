"""What must be so after every step, by the specification's sections 3 and 4."""

from __future__ import annotations

from tests.integration.model_world import World
from trayapp.sync.sentences import sync_line, title
from trayapp.sync.status import Link, SyncStatus
from trayapp.tracking.entry import Event, TrackerState, to_ms


def check_status(world: World, *, was_set: bool) -> None:
    """Counts are the database's, the tracker is the model's, and green says what it means."""
    status = world.status
    rows = world.rows("SELECT status, doubt <> 'none', cause, account FROM sync_queue")
    (own,) = world.rows("SELECT value FROM meta WHERE key = 'active_account'")
    open_rows = [row for row in rows if row[0] != "discarded"]
    for name in ("pending", "failed"):
        of_all = [row for row in rows if row[0] == name]
        assert getattr(status, name) == len(of_all)
        mine = [row for row in of_all if str(row[3]) == str(own[0])]
        assert getattr(status, f"own_{name}") == len(mine)
    assert status.doubtful == sum(bool(row[1]) for row in open_rows)
    assert sum(found.count for found in status.failed_causes) == status.failed
    causes = {str(row[2]) for row in rows if row[0] == "failed"}
    assert causes == {found.cause.value for found in status.failed_causes}
    assert "internal" not in causes
    assert sum(count for _, count in status.elsewhere) == len(open_rows) - status.own_unsent
    _check_tracker(world, status)
    _check_green(world, status, is_empty=not open_rows, was_set=was_set)


def _check_tracker(world: World, status: SyncStatus) -> None:
    _events, entry = world.model.current()
    state = TrackerState.STOPPED
    if entry is not None and not entry.is_over:
        state = TrackerState.RUNNING if entry.is_running else TrackerState.PAUSED
    assert status.tracker is state


def _check_green(world: World, status: SyncStatus, *, is_empty: bool, was_set: bool) -> None:
    said = "all sent" in f"{title(status)} {sync_line(status)}".lower()
    assert said == status.all_sent, "it says one thing and shows another"
    if not status.all_sent:
        return
    assert is_empty, "green, and something is open"
    assert not status.possible_doubles
    last = _last_told(world)
    if last is None:
        return
    owner = world.model.owner[last.entry_id]
    answered = world.seen.yes_at.get(owner)
    assert answered is not None, "green without a word of the server"
    assert answered >= last.stamp.boot, "green before the last click was answered"
    was_removed = last.id in world.seen.removed  # its answer is no delivery
    if owner == status.account.user and last.stamp.boot_id and not was_set and not was_removed:
        assert status.last_delivery_at is not None
        assert status.last_delivery_at >= last.at


def _last_told(world: World) -> Event | None:
    """The last click that had to be told to a server."""
    untold = world.seen.needless | world.left_out
    return next((event for event in reversed(world.model.told) if event.id not in untold), None)


def check_link(world: World) -> None:
    """Link, reason and next attempt are those of what holds the oldest task."""
    status = world.status
    (own,) = world.rows("SELECT value FROM meta WHERE key = 'active_account'")
    gate = world.core.reader.gate(int(str(own[0])))
    if gate is not None:
        assert status.link == Link(gate.kind.value)
        assert status.reason == gate.reason
    if status.own_unsent == 0:
        assert status.next_attempt_at is None
    oldest = world.rows(
        "SELECT MIN(created_at) FROM (SELECT created_at, MIN(id) FROM sync_queue"
        " WHERE status <> 'discarded' GROUP BY account)"
    )[0][0]
    since = status.waiting_since
    assert (None if since is None else int(since.timestamp() * 1000)) == oldest


def check_books(world: World, *, at_last: bool = False) -> None:
    """The log is what was acknowledged; the servers show no more than that, and in the end all."""
    model, left_out = world.model, world.left_out
    log = world.rows("SELECT id, entry, kind, at_ms, project, note FROM event ORDER BY seq")
    assert log == [
        (one.id, one.entry_id, one.kind.value, to_ms(one.at), one.project, one.note)
        for one in model.told
    ], "the log is not what was acknowledged"
    gone = world.seen.delivered | world.seen.needless | world.seen.removed | left_out
    waiting = {str(row[0]) for row in world.rows("SELECT event FROM sync_queue")}
    lost = {event.id for event in model.told} - gone - waiting
    assert not lost, f"disappeared: {lost}"
    for user, house in world.houses.items():
        words = house.complaints(model.may_be_at(user), left_out)
        words += house.missing(model.of_user(user), left_out) if at_last else []
        assert not words, f"{user or 'inside'}: {words}"
