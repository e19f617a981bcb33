"""What is asked about time that ran while nobody watched, through the real app."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes import START, FakeClock
from tests.integration.core_support import made_paths
from trayapp.app import App, surroundings
from trayapp.config import Paths, Settings
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action, TrayView, tray_view
from trayapp.queue.reader import QueueReader
from trayapp.sync.status import SyncStatus
from trayapp.tracking.entry import EventKind

MEET_SECONDS = 30.0
MS = timedelta(milliseconds=1)


class WatchedFaces(Faces):
    """Faces that draw nothing: they keep the newest menu, and press its rows."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._view: TrayView | None = None
        self._post: Callable[[Action], None] | None = None

    def start(
        self,
        status: SyncStatus,
        *,
        post: Callable[[Action], None],
        host: Callable[[bool], None],  # noqa: ARG002  # nothing here shows tray icons
    ) -> None:
        with self._changed:
            self._post = post
        self.show(status)

    def quiet_until(self, now: datetime) -> None:
        """Nothing is said here."""

    def show(self, status: SyncStatus) -> None:
        with self._changed:
            self._view = tray_view(status)
            self._changed.notify_all()

    def stop(self) -> None:
        """There is nothing to withdraw."""

    def press(self, action: Action) -> None:
        self.wait_for(lambda view: view.offers(action))
        assert self._post is not None
        self._post(action)

    def wait_for(self, so: Callable[[TrayView], bool]) -> TrayView:
        with self._changed:
            met = self._changed.wait_for(
                lambda: self._post and self._view and so(self._view), MEET_SECONDS
            )
            assert met, self._view
            assert self._view is not None
            return self._view


@contextmanager
def _running_app(paths: Paths, clock: FakeClock) -> Iterator[WatchedFaces]:
    faces = WatchedFaces()
    app = App(surroundings(paths, Settings(), clock), faces=faces)
    thread = threading.Thread(target=app.run)
    thread.start()
    try:
        yield faces
    finally:
        app.quit()
        thread.join(MEET_SECONDS)
    assert not thread.is_alive()


def _kinds_and_times(root: Path) -> list[tuple[EventKind, datetime]]:
    reader = QueueReader(made_paths(root).database)
    try:
        return [(event.kind, event.at) for event in reader.newest_entry()]
    finally:
        reader.close()


def test_after_a_gap_the_menu_offers_to_stop_where_it_was_last_watched(tmp_path: Path) -> None:
    clock = FakeClock()
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.press(Action.START)
        faces.wait_for(lambda view: view.offers(Action.PAUSE))
    clock.advance(timedelta(minutes=11))
    with _running_app(made_paths(tmp_path), clock) as faces:
        view = faces.wait_for(lambda view: view.offers(Action.STOP_AT_GAP))
        assert view.offers(Action.PAUSE)  # it keeps running until somebody decides
        faces.press(Action.STOP_AT_GAP)
        faces.wait_for(lambda view: view.offers(Action.START))
    assert _kinds_and_times(tmp_path) == [(EventKind.START, START), (EventKind.STOP, START + MS)]


def test_the_user_may_keep_what_ran_through_a_gap(tmp_path: Path) -> None:
    clock = FakeClock()
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.press(Action.START)
        faces.wait_for(lambda view: view.offers(Action.PAUSE))
    clock.advance(timedelta(hours=11))
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.wait_for(lambda view: view.offers(Action.KEEP_RUNNING))
        faces.press(Action.KEEP_RUNNING)
        view = faces.wait_for(lambda view: not view.offers(Action.KEEP_RUNNING))
        assert view.offers(Action.PAUSE)
    with _running_app(made_paths(tmp_path), clock) as faces:
        assert not faces.wait_for(lambda view: view.offers(Action.PAUSE)).offers(Action.STOP_AT_GAP)
    assert _kinds_and_times(tmp_path) == [(EventKind.START, START)]


@pytest.mark.parametrize(
    ("commands", "away"),
    [
        pytest.param([Action.START], timedelta(minutes=10), id="ten minutes are no gap"),
        pytest.param([Action.START, Action.PAUSE], timedelta(days=1), id="paused"),
        pytest.param([Action.START, Action.STOP], timedelta(days=1), id="stopped"),
    ],
)
def test_no_gap_is_asked_about_where_no_time_ran_unwatched(
    tmp_path: Path, commands: list[Action], away: timedelta
) -> None:
    clock = FakeClock()
    with _running_app(made_paths(tmp_path), clock) as faces:
        for command in commands:
            faces.press(command)
            faces.wait_for(lambda view, done=command: not view.offers(done))  # type: ignore[misc]
    clock.advance(away)
    with _running_app(made_paths(tmp_path), clock) as faces:
        assert not faces.wait_for(lambda _view: True).offers(Action.STOP_AT_GAP)


TWO_HOURS = timedelta(hours=2)


def test_a_clock_set_forward_is_no_gap_and_the_menu_offers_to_put_the_begin_right(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.press(Action.START)
        faces.wait_for(lambda view: view.offers(Action.PAUSE))
    clock.set_wall(START + TWO_HOURS)
    clock.advance(60)
    with _running_app(made_paths(tmp_path), clock) as faces:
        _put_right(faces)
    clicked = _kinds_and_times(tmp_path)
    assert clicked == [
        (EventKind.START, START),
        (EventKind.EDIT, START + TWO_HOURS + timedelta(minutes=1)),
    ]


def _put_right(faces: WatchedFaces) -> None:
    view = faces.wait_for(lambda view: view.offers(Action.CORRECT_TIMES))
    assert not view.offers(Action.STOP_AT_GAP)
    labels = [getattr(row, "label", "") for row in view.rows]
    assert "The clock was set forward by 2:00:00 during this entry." in labels
    assert any(label.startswith("Correct the begin to ") for label in labels)
    faces.press(Action.CORRECT_TIMES)
    view = faces.wait_for(lambda view: not view.offers(Action.CORRECT_TIMES))
    assert view.title.startswith("Running 0:01")


def _any(_view: TrayView) -> bool:
    return True


def test_the_user_may_keep_the_times_of_a_clock_that_was_set(tmp_path: Path) -> None:
    clock = FakeClock()
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.press(Action.START)
        faces.wait_for(lambda view: view.offers(Action.PAUSE))
    clock.set_wall(START + TWO_HOURS)
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.press(Action.KEEP_TIMES)
        faces.wait_for(lambda view: not view.offers(Action.KEEP_TIMES))
    with _running_app(made_paths(tmp_path), clock) as faces:
        assert not faces.wait_for(_any).offers(Action.KEEP_TIMES)
    assert _kinds_and_times(tmp_path) == [(EventKind.START, START)]


def test_a_night_asleep_is_asked_about_though_the_clock_was_set_back_meanwhile(
    tmp_path: Path,
) -> None:
    clock = FakeClock()
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.press(Action.START)
        faces.wait_for(lambda view: view.offers(Action.PAUSE))
    clock.advance(timedelta(hours=8))
    clock.set_wall(clock.now() - timedelta(hours=7, minutes=55))
    with _running_app(made_paths(tmp_path), clock) as faces:
        faces.wait_for(lambda view: view.offers(Action.KEEP_RUNNING))
