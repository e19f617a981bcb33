"""The icon on Windows, over a fake of pystray's icon for it: never run on a real one."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from types import ModuleType

import pytest

from tests.gui.tray_host import Scene
from tests.tray_contract import Told, keep_the_contract
from tests.unit.desktop import menus
from trayapp.desktop import identity
from trayapp.desktop import tray as tray_module
from trayapp.desktop.menu import Action, Click, tray_view
from trayapp.desktop.system import LINUX, WINDOWS
from trayapp.desktop.tray import Tray
from trayapp.desktop.windows.main import run_window
from trayapp.desktop.windows.only_one import OnlyOne
from trayapp.sync.status import EntryView

_DEADLINE_SECONDS = 5.0
_NOTIFY, _STOP = 1024, 1025
_TIP_UNITS = 128


class MenuItem:
    """A row as pystray keeps it."""

    def __init__(self, text: str, action: object, *, enabled: bool = True) -> None:
        self.text, self.action, self.enabled = text, action, enabled


class Menu:
    """Rows, made anew by a callable each time they are asked for."""

    SEPARATOR = MenuItem("- - - -", None)

    def __init__(self, *items: object) -> None:
        self._items = items

    def __iter__(self) -> Iterator[MenuItem]:
        for item in self._items:
            if isinstance(item, MenuItem):
                yield item
            elif callable(item):
                yield from item()


class Icon:
    """pystray's icon on Windows: a message loop whose handlers block while a menu is open."""

    last: Icon

    def __init__(self, name: str, *, menu: Menu) -> None:
        del name
        self.menu = menu
        self.icon: object = None
        self.visible = False
        self.shown: list[MenuItem] = []
        self.renewals = 0
        self.is_open = False
        self.opened, self.may_close = threading.Event(), threading.Event()
        self.chosen = ""
        self._title = ""
        self._messages: list[int] = []
        self._came = threading.Condition()
        self._message_handlers: dict[int, Callable[[int, int], object]] = {
            _NOTIFY: self._on_notify,
            _STOP: lambda _w, _l: True,
        }
        Icon.last = self

    @property
    def title(self) -> str:
        return self._title

    @title.setter
    def title(self, text: str) -> None:
        if len(text.encode("utf-16-le")) // 2 >= _TIP_UNITS:
            msg = "string too long"
            raise ValueError(msg)
        self._title = text

    def update_menu(self) -> None:
        assert not self.is_open, "an open menu was destroyed"
        self.renewals += 1
        self.shown = list(self.menu)

    def run(self, setup: Callable[[Icon], None]) -> None:
        self.update_menu()
        setup(self)
        ended = False
        while not ended:
            with self._came:
                assert self._came.wait_for(lambda: self._messages, _DEADLINE_SECONDS)
                message = self._messages.pop(0)
            ended = bool(self._message_handlers[message](0, 0))

    def stop(self) -> None:
        self.send(_STOP)

    def send(self, message: int) -> None:
        with self._came:
            self._messages.append(message)
            self._came.notify()

    def _on_notify(self, _wparam: int, _lparam: int) -> None:
        self.is_open = True
        self.opened.set()
        assert self.may_close.wait(_DEADLINE_SECONDS)
        rows = self.shown
        self.is_open = False
        for row in rows:
            if row.text == self.chosen and callable(row.action):
                row.action()
                self.update_menu()


@pytest.fixture
def identities(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """This process takes itself for one on Windows; the names it tells Windows."""
    library = ModuleType("pystray")
    vars(library).update(Icon=Icon, Menu=Menu, MenuItem=MenuItem)
    monkeypatch.setitem(sys.modules, "pystray", library)
    monkeypatch.setattr(tray_module, "this_system", lambda: WINDOWS)
    monkeypatch.setattr(identity, "this_system", lambda: WINDOWS)
    told: list[str] = []
    monkeypatch.setattr(identity, "_shell_call", lambda: told.append)
    return told


@pytest.fixture
def clicks() -> list[Click]:
    return []


@pytest.fixture
def tray(identities: list[str], clicks: list[Click]) -> Iterator[Tray]:
    assert identities == []
    one = Tray(post=clicks.append, icon_size=32)
    one.start(tray_view(menus.RUNNING, zone=UTC))
    yield one
    Icon.last.may_close.set()
    one.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "tray"]


class WindowsBench:
    """Our icon as the taskbar has it."""

    def __init__(self, tray: Tray, clicks: list[Click]) -> None:
        self._tray, self._clicks = tray, clicks

    def show(self, scene: Scene) -> None:
        self._tray.show(scene.view())

    def title(self) -> str:
        return Icon.last.title

    def rows(self) -> list[Told]:
        return [
            (row.text.replace("&&", "&"), row.enabled)
            for top in Icon.last.shown
            for row in (top, *(top.action if isinstance(top.action, Menu) else ()))
            if row is not Menu.SEPARATOR
        ]

    def click(self, label: str, *below: str) -> None:
        row = next(one for one in Icon.last.shown if one.text == label)
        for text in below:
            assert isinstance(row.action, Menu)
            row = next(one for one in row.action if one.text == text)
        if row.enabled and callable(row.action):  # Windows takes no click on another
            row.action()

    def posted(self) -> Click:
        return self._clicks.pop(0)


def test_the_icon_keeps_the_contract(tray: Tray, clicks: list[Click]) -> None:
    keep_the_contract(WindowsBench(tray, clicks))


def test_windows_is_told_who_we_are_before_there_is_an_icon(
    tray: Tray, identities: list[str]
) -> None:
    assert tray.has_host()
    assert identities == [identity.APP_ID]


def test_a_name_that_windows_does_not_take_is_no_trouble(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)

    def refuse(_name: str) -> None:
        raise OSError

    monkeypatch.setattr(identity, "this_system", lambda: WINDOWS)
    identity.claim_identity(refuse)
    assert "does not take our name" in caplog.text


def test_a_window_tells_windows_too_and_other_systems_do_not_ask(
    identities: list[str], runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = OnlyOne(runtime / "channel", "about")
    assert one.claim()
    assert run_window("about", runtime / "channel") == 0  # it is open already
    assert identities == [identity.APP_ID]
    monkeypatch.setattr(identity, "this_system", lambda: LINUX)
    assert run_window("about", runtime / "channel") == 0
    assert identities == [identity.APP_ID]
    one.release()


def test_a_title_is_as_long_as_windows_takes(tray: Tray) -> None:
    long = replace(menus.FAILED, entry=replace(_entry(), note="🐈" * 200))
    tray.show(tray_view(long, zone=UTC))
    assert "1 failed" in Icon.last.title


def _entry() -> EntryView:
    assert menus.FAILED.entry is not None
    return menus.FAILED.entry


def test_a_row_says_the_sign_that_marks_shortcuts(tray: Tray) -> None:
    tray.show(tray_view(replace(menus.RUNNING, entry=replace(_entry(), note="R & D")), zone=UTC))
    assert any(row.text.endswith("R && D") for row in Icon.last.shown)


@pytest.mark.usefixtures("tray")
def test_a_click_posts_its_action(clicks: list[Click]) -> None:
    icon = Icon.last
    icon.chosen = "Pause"
    icon.send(_NOTIFY)
    icon.may_close.set()
    icon.send(_STOP)
    _wait_for_end()
    assert clicks == [Action.PAUSE]


def test_an_open_menu_is_left_alone_and_renewed_when_it_is_closed(tray: Tray) -> None:
    icon = Icon.last
    icon.send(_NOTIFY)
    assert icon.opened.wait(_DEADLINE_SECONDS)
    before = icon.renewals
    for number in range(1, 4):
        tray.show(tray_view(replace(menus.FAILED, failed=number), zone=UTC))
    assert icon.renewals == before
    icon.may_close.set()
    icon.send(_STOP)
    _wait_for_end()
    assert icon.renewals == before + 1
    assert "Failed tasks (3)…" in [row.text for row in icon.shown]


def _wait_for_end() -> None:
    for thread in threading.enumerate():
        if thread.name == "tray":
            thread.join(_DEADLINE_SECONDS)
