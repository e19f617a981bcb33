"""The icon on macOS: pystray's own code for it over a fake of AppKit, never over the real one."""

from __future__ import annotations

import errno
import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import pytest

from tests.gui.tray_host import Scene
from tests.tray_contract import Told, keep_the_contract
from tests.unit.desktop import menus
from tests.unit.desktop.fake_appkit import DEADLINE_SECONDS, FakeMac, Image, MenuItem
from trayapp import launch
from trayapp.app import App, surroundings
from trayapp.clock import SystemClock
from trayapp.config import Paths, Settings
from trayapp.desktop import tray as tray_module
from trayapp.desktop.main_thread import MainThread
from trayapp.desktop.menu import Action, Click, tray_view
from trayapp.desktop.system import MACOS
from trayapp.desktop.tray import Tray, TrayUnavailable
from trayapp.queue.reader import QueueReader
from trayapp.tracking.entry import EventKind


@pytest.fixture
def mac(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeMac]:
    """This process takes itself for one on macOS."""
    fake = FakeMac()
    for name in [name for name in sys.modules if name.partition(".")[0] == "pystray"]:
        monkeypatch.delitem(sys.modules, name)
    for name, module in fake.modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("PYSTRAY_BACKEND", "darwin")
    monkeypatch.setattr(tray_module, "this_system", lambda: MACOS)
    yield fake
    for name in [name for name in sys.modules if name.partition(".")[0] == "pystray"]:
        del sys.modules[name]


class Run:
    """A tray that shows RUNNING while a test looks at it from the app's thread."""

    def __init__(self, mac: FakeMac) -> None:
        self.mac = mac
        self.clicks: list[Click] = []
        self._main = MainThread[None]()
        self.tray = Tray(post=self.clicks.append, icon_size=44, run_loop=self._main.lend)

    def whole(self, test: Callable[[Run], None]) -> None:
        def work() -> None:
            self.tray.start(tray_view(menus.RUNNING, zone=UTC))
            try:
                test(self)
            finally:
                self.tray.stop()

        self._main.run(work)

    def on_main(self, job: Callable[[], None]) -> None:
        """Have it done as AppKit would, and wait until it is; so is all that was asked before."""
        done = threading.Event()

        def whole() -> None:
            job()
            done.set()

        self.mac.call_after(whole)
        assert done.wait(DEADLINE_SECONDS)

    def settle(self) -> None:
        self.on_main(lambda: None)

    def rows(self) -> list[MenuItem]:
        (item,) = self.mac.bar.items
        assert item.menu is not None
        return item.menu.rows

    def row(self, title: str) -> MenuItem:
        return next(row for row in self.rows() if row.title == title)

    @property
    def told(self) -> dict[str, object]:
        (item,) = self.mac.bar.items
        return item.shown.told


class MacBench:
    """Our icon as the menu bar has it."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def show(self, scene: Scene) -> None:
        self._run.tray.show(scene.view())
        self._run.settle()

    def title(self) -> str:
        return str(self._run.told["setToolTip_"])

    def rows(self) -> list[Told]:
        return [
            (row.title, row.enabled)
            for top in self._run.rows()
            for row in (top, *(top.submenu.rows if top.submenu else ()))
            if row.title
        ]

    def click(self, label: str, *below: str) -> None:
        row = self._run.row(label)
        for title in below:
            assert row.submenu is not None
            row = next(one for one in row.submenu.rows if one.title == title)
        self._run.on_main(row.click)

    def posted(self) -> Click:
        return self._run.clicks.pop(0)


def test_the_icon_keeps_the_contract(mac: FakeMac) -> None:
    Run(mac).whole(lambda run: keep_the_contract(MacBench(run)))


def test_the_picture_is_a_template_and_words_beside_it_say_what_colour_cannot(
    mac: FakeMac,
) -> None:
    def look(run: Run) -> None:
        run.settle()
        assert run.told["setTitle_"] == "1:24"
        assert run.told["setHidden_"] is False
        for status, words in (
            (menus.FAILED, "1:24 · 1 failed"),
            (menus.WAITING, "1:24 · offline"),
            (menus.STOPPED, ""),
        ):
            view = tray_view(status, zone=UTC)
            run.tray.show(view)
            run.settle()
            assert (run.told["setTitle_"], run.told["setToolTip_"]) == (words, view.title)
            picture = run.told["setImage_"]
            assert isinstance(picture, Image)
            assert picture.is_template

    Run(mac).whole(look)
    assert mac.bar.items == []  # it is withdrawn at the end
    gc_on_another_thread()


def gc_on_another_thread() -> None:
    """What is forgotten must need no main thread any more: it would fail the test."""
    other = Thread(target=gc.collect)
    other.start()
    other.join()


def test_the_menu_has_our_rows_and_a_click_posts_its_action(mac: FakeMac) -> None:
    view = tray_view(menus.SIGNED_IN, zone=UTC)

    def look(run: Run) -> None:
        run.tray.show(view)
        run.settle()
        titles = [row.title for row in run.rows()]
        assert titles == [getattr(row, "label", "") for row in view.rows]
        run.on_main(run.row("Pause").click)
        assert run.clicks == [Action.PAUSE]
        run.on_main(run.row("Resume").click)  # disabled
        assert run.clicks == [Action.PAUSE]

    Run(mac).whole(look)


def test_a_click_in_a_menu_that_was_opened_before_a_change_is_what_was_clicked(
    mac: FakeMac,
) -> None:
    def look(run: Run) -> None:
        stop = run.row("Stop")  # the user looks at this menu, and it stays open
        changed = replace(menus.RUNNING, gap_since=menus.NOW)
        for number in range(3):
            run.tray.show(tray_view(replace(changed, pending=number), zone=UTC))
        run.settle()
        run.on_main(stop.click)
        assert run.clicks == [Action.STOP]

    Run(mac).whole(look)


def test_signals_reach_the_program_while_the_system_has_its_main_thread(mac: FakeMac) -> None:
    def look(run: Run) -> None:
        run.settle()
        for number in (signal.SIGINT, signal.SIGTERM):
            assert mac.signals[number] == signal.getsignal(number)

    Run(mac).whole(look)


def test_off_the_main_thread_there_is_no_icon_and_a_sentence_that_says_so(mac: FakeMac) -> None:
    with pytest.raises(TrayUnavailable, match="main thread only"):
        Tray(post=lambda _click: None, icon_size=44).start(tray_view(menus.RUNNING))
    assert mac.bar.items == []


def test_the_whole_app_runs_beside_the_icon_and_its_menu_ends_it(
    mac: FakeMac, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "this_system", lambda: MACOS)
    paths = Paths.under(tmp_path)
    before = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM)}
    where = surroundings(paths, Settings(), SystemClock())

    def click_soon(_app: App) -> None:
        assert threading.current_thread().name == "app"
        Thread(target=_click, args=(mac, ("Start", "Quit"))).start()

    try:
        assert launch.run_app(where, Settings(), tray=True, ready=click_soon) == 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    reader = QueueReader(paths.database)
    assert [event.kind for event in reader.newest_entry()] == [EventKind.START]
    reader.close()
    assert mac.bar.items == []


def _click(mac: FakeMac, titles: tuple[str, ...]) -> None:
    """One row after the other, each as soon as it is there."""
    for title in titles:
        clicked = Event()
        deadline = monotonic() + DEADLINE_SECONDS

        def look(title: str = title, clicked: Event = clicked) -> None:
            rows = mac.bar.items[0].menu.rows if mac.bar.items and mac.bar.items[0].menu else []
            for row in rows:
                if row.title == title and not clicked.is_set():
                    row.click()
                    clicked.set()

        while not clicked.wait(0.02):
            assert monotonic() < deadline, title
            mac.call_after(look)


# -- the main thread -----------------------------------------------------------------------


def test_work_is_done_beside_what_the_main_thread_was_lent_to() -> None:
    main = MainThread[str]()
    threads: list[str] = []
    lent = threading.Event()

    def loop() -> None:
        threads.append(threading.current_thread().name)
        lent.set()

    def work() -> str:
        main.lend(loop)
        assert lent.wait(DEADLINE_SECONDS)
        threads.append(threading.current_thread().name)
        return "done"

    assert main.run(work) == "done"
    assert threads == [threading.main_thread().name, "app"]


def test_what_the_work_raises_is_raised_on_the_main_thread() -> None:
    def work() -> None:
        raise OSError(errno.ENOSPC, "no disk")

    with pytest.raises(OSError, match="no disk"):
        MainThread[None]().run(work)
