"""Settings changed while the app runs are gone by at once; corrections are clicked once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from queue import Queue

import pytest

from tests.fakes import FakeClock
from tests.integration.core_support import made_paths, rows_of
from tests.integration.program import trayapp
from tests.integration.test_app_answers import Asker, lived
from trayapp import i18n
from trayapp.app import App, surroundings
from trayapp.commands import click_request
from trayapp.config import Paths, Settings
from trayapp.control.messages import JSON, Request
from trayapp.desktop.faces import Faces
from trayapp.desktop.menu import Action, Click, TrayView, Undo, tray_view
from trayapp.desktop.notices import Notice
from trayapp.desktop.notifications import Speaker
from trayapp.sync.status import SyncStatus
from trayapp.tracking.totals import next_midnight

SECONDS = 15.0


class Voice:
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: Queue[Notice] = Queue()

    def say(self, notice: Notice) -> None:
        self.said.put(notice)


class Eyes(Faces):
    """The real faces without an icon; they keep what it would show, what was opened, and post."""

    def __init__(self, clock: FakeClock) -> None:
        self.voice = Voice()
        super().__init__(
            speaker=Speaker(self.voice, clock=clock),
            waiting_after=timedelta(hours=1),
            icon_size=None,
            host_patience=timedelta(hours=1),
        )
        self.views: Queue[TrayView] = Queue()
        self.opened: Queue[str] = Queue()
        self._posts: Queue[Callable[[Click], None]] = Queue()

    def start(
        self,
        status: SyncStatus,
        *,
        post: Callable[[Click], None],
        host: Callable[[bool], None],
    ) -> None:
        super().start(status, post=post, host=host)
        self._posts.put(post)

    def post(self, *clicks: Click) -> None:
        """Click these rows, as soon as there are any."""
        post = self._posts.get(timeout=SECONDS)
        for click in clicks:
            post(click)

    def show(self, status: SyncStatus) -> None:
        self.views.put(tray_view(status))
        super().show(status)

    def open_file(self, path: Path) -> None:
        self.opened.put(str(path))

    def open_window(self, name: str, *, instead: str) -> None:
        assert instead.startswith("trayapp ")
        self.opened.put(name)


class Desk:
    """An app that lives, and how it is asked."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.clock = FakeClock()
        self.eyes = Eyes(self.clock)
        self.app = App(surroundings(paths, Settings(), self.clock), faces=self.eyes)

    def ask(self, name: str, **arguments: JSON) -> Asker:
        asker = Asker()
        self.app._on_request(Request(name, arguments), asker.responder)
        assert asker.answer is not None
        return asker

    def change(self, **changes: JSON) -> None:
        answer = self.ask("change_settings", changes=changes).answer
        assert answer.ok, answer.message

    def click(self, name: str) -> None:
        self.clock.advance(1)
        asker = Asker()
        self.app._on_request(click_request(name, self.clock.stamp()), asker.responder)
        assert asker.answer.ok

    def view_with(self, label: str) -> TrayView:
        """The next view in which a row says so."""
        while True:
            view = self.eyes.views.get(timeout=SECONDS)
            if any(getattr(row, "label", "") == label for row in view.rows):
                return view

    def kinds(self) -> list[object]:
        return [kind for (kind,) in rows_of(self.paths.database, "SELECT kind FROM event")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(made_paths(tmp_path))
    with lived(one):  # type: ignore[arg-type]  # it has an app, and that is all that is asked of it
        yield one


# -- settings ------------------------------------------------------------------------------


def test_the_menu_speaks_the_language_that_was_chosen_at_once(desk: Desk) -> None:
    desk.view_with("Quit")
    desk.change(language="ru")
    desk.view_with("Завершить Trayapp")
    desk.change(language="en")
    desk.view_with("Quit")
    i18n.use_language("en")


def test_the_number_of_attempts_counts_from_the_next_answer_on(desk: Desk) -> None:
    desk.change(max_attempts=2)
    assert desk.app.core.worker._at.rules.max_attempts == 2


def test_a_notice_waits_for_the_quiet_hours_and_wakes_the_app_at_their_end(desk: Desk) -> None:
    now = desk.clock.now()
    local = now.astimezone()
    end = (local + timedelta(hours=2)).replace(second=0, microsecond=0)
    begin = local - timedelta(hours=1)
    desk.change(quiet_from=f"{begin:%H:%M}", quiet_to=f"{end:%H:%M}")
    done: Queue[float | None] = Queue()

    def in_the_app() -> None:
        desk.eyes.tell_closed("Another entry was ended.")
        done.put(desk.app._until_next_minute())

    desk.app.post(in_the_app)
    wait = done.get(timeout=SECONDS)
    assert wait is not None
    assert timedelta(seconds=wait) - (end - local) < timedelta(seconds=1)
    assert desk.eyes.voice.said.empty()
    desk.change(notifications=True, quiet_from="", quiet_to="")
    assert desk.eyes.voice.said.get(timeout=SECONDS).title == "An entry was ended on the server"


def test_after_a_days_work_it_wakes_once_at_midnight(desk: Desk) -> None:
    waits: Queue[float | None] = Queue()
    desk.app.post(lambda: waits.put(desk.app._until_next_minute()))
    assert waits.get(timeout=SECONDS) is None
    desk.click("start")
    desk.clock.advance(600)
    desk.click("stop")
    desk.app.post(lambda: waits.put(desk.app._until_next_minute()))
    wait = waits.get(timeout=SECONDS)
    assert wait is not None
    until = (next_midnight(desk.clock.now()) - desk.clock.now()).total_seconds()
    assert until < wait < until + 1


def test_after_a_night_asleep_the_day_before_is_not_today(desk: Desk) -> None:
    desk.click("start")
    desk.clock.advance(600)
    desk.click("stop")
    desk.view_with("Today 0:10 · this week 0:10")
    until = next_midnight(desk.clock.now()) - desk.clock.now()
    desk.clock.advance((until + timedelta(hours=7)).total_seconds())
    desk.eyes._on_jump()  # what the kernel tells the tray
    desk.view_with("Today 0:00 · this week 0:10")


# -- what windows and rows ask for ---------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "opened"), [("sign_in", "sign-in"), ("sign_out", "sign-out"), ("folder", "data")]
)
def test_a_window_has_another_opened(desk: Desk, what: str, opened: str) -> None:
    assert desk.ask("open", what=what).answer.ok
    assert desk.eyes.opened.get(timeout=SECONDS).endswith(opened)


def test_nothing_else_can_be_opened_from_outside(desk: Desk) -> None:
    assert not desk.ask("open", what="quit").answer.ok
    assert not desk.ask("open", what="/etc/passwd").answer.ok
    assert desk.eyes.opened.empty()


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (Action.START_OTHER, "start"),
        (Action.STARTED_AT, "started-at"),
        (Action.STOPPED_AT, "stopped-at"),
        (Action.SETTINGS, "settings"),
        (Action.ABOUT, "about"),
    ],
)
def test_each_row_opens_its_window(desk: Desk, row: Action, name: str) -> None:
    desk.eyes.post(row)
    assert desk.eyes.opened.get(timeout=SECONDS) == name


def test_an_undo_clicked_twice_takes_one_command_back(desk: Desk) -> None:
    desk.click("start")
    desk.click("pause")
    view = desk.view_with("Pause")
    while not (undo := next((r for r in _undos(view) if r.event_id), None)) or (
        len(desk.kinds()) < 2 or undo != _newest(desk)
    ):
        view = desk.eyes.views.get(timeout=SECONDS)
    desk.clock.advance(1)
    desk.eyes.post(undo, undo)
    assert desk.ask("hello").answer.ok  # both have been done by now
    assert desk.kinds() == ["time_entry_start", "time_entry_pause", "time_entry_edit"]


def _undos(view: TrayView) -> list[Undo]:
    clicks = (getattr(row, "action", None) for row in view.rows)
    return [click for click in clicks if isinstance(click, Undo)]


def _newest(desk: Desk) -> Undo:
    [(ident,)] = rows_of(desk.paths.database, "SELECT id FROM event ORDER BY seq DESC LIMIT 1")
    return Undo(str(ident))


# -- a file broken by hand -----------------------------------------------------------------


def test_a_window_opens_though_the_settings_file_is_broken_and_commands_do_not() -> None:
    paths = Paths.of_user()
    paths.make()
    paths.settings.write_text("max_attempts = 0\n", encoding="utf-8")
    ran = trayapp("status")
    assert ran.status == 1
    assert f"{paths.settings}: line 1: " in ran.err
    ran = trayapp("window", "settings", env={"DISPLAY": ""})
    assert ran.err == "No window can be shown: there is no display.\n"
