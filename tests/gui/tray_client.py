"""The other side of the tray, as a panel has it: finds our item, reads its menu, clicks it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from jeepney import (  # type: ignore[import-untyped]
    DBusAddress,
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    Properties,
    message_bus,
    new_method_call,
)
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]
from virtual_desktop import PANEL_OWNER, VirtualDesktop

from tests.gui.tray_host import APP_NAME
from trayapp.desktop.menu import Item, Row

DEADLINE_SECONDS = 10.0

_POLL_SECONDS = 0.02
_CALL_SECONDS = 5.0
_MENU = "com.canonical.dbusmenu"
_ITEM = "org.kde.StatusNotifierItem"
_WATCHER = DBusAddress("/StatusNotifierWatcher", PANEL_OWNER, PANEL_OWNER)


def wait_for(what: Callable[[], bool], *, seconds: float = DEADLINE_SECONDS) -> bool:
    """Whether it comes true before the deadline."""
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            return False
        threading.Event().wait(_POLL_SECONDS)
    return True


@dataclass(frozen=True, slots=True)
class BusRow:
    """One visible row as the bus tells it; a separator has no label."""

    id: int
    label: str
    enabled: bool

    def says(self, row: Row) -> bool:
        """Whether it is this row of ours."""
        if isinstance(row, Item):
            return (self.label, self.enabled) == (row.label, row.enabled)
        return not self.label


@dataclass(frozen=True, slots=True)
class Changes:
    """What the menu sent: the ids of changed rows, and how often the whole layout."""

    ids: frozenset[int]
    layouts: int


class BusError(Exception):
    """The other side answered with an error."""


class TrayClient:
    """Speaks to our tray item on one desktop."""

    def __init__(self, desktop: VirtualDesktop) -> None:
        self._bus = open_dbus_connection(desktop.env["DBUS_SESSION_BUS_ADDRESS"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.close()

    def panel(self) -> tuple[str, int]:
        """The panel's name on the bus and its process; both change when it crashes."""
        owner = self._ask(message_bus.GetNameOwner(PANEL_OWNER)).body[0]
        return owner, self._ask(message_bus.GetConnectionUnixProcessID(owner)).body[0]

    def properties(self) -> dict[str, str]:
        """What our item says about itself; waits until the panel knows it."""
        assert wait_for(self.is_registered), "the panel knows no item of ours"
        return self._item()[1]

    def is_registered(self) -> bool:
        """Whether the panel knows our item now."""
        try:
            return bool(self._item())
        except BusError:
            return False

    def rows(self) -> list[BusRow]:
        """The menu's visible rows."""
        menu = self._menu()
        self._ask(new_method_call(menu, "AboutToShow", "i", (0,)))
        layout = self._ask(new_method_call(menu, "GetLayout", "iias", (0, -1, [])))
        _revision, (_id, _root, children) = layout.body
        rows = (_row(ident, told) for _signature, (ident, told, _below) in children)
        return [row for row in rows if row is not None]

    def shows(self, rows: tuple[Row, ...]) -> bool:
        """Whether the menu says exactly this."""
        told = self.rows()
        return len(told) == len(rows) and all(
            one.says(row) for one, row in zip(told, rows, strict=True)
        )

    def click(self, label: str) -> None:
        """Click the row with this label, whether it is enabled or not."""
        ids = {row.label: row.id for row in self.rows()}
        self.click_id(ids[label])

    def click_id(self, ident: int) -> None:
        """Click the row with this id, also a hidden one."""
        event = (ident, "clicked", ("i", 0), 0)
        self._ask(new_method_call(self._menu(), "Event", "isvu", event))

    @contextmanager
    def listening(self) -> Iterator[Callable[[], Changes]]:
        """Hear what the menu sends; the call tells what came until now."""
        rule = MatchRule(type="signal", interface=_MENU)
        self._ask(message_bus.AddMatch(rule))
        with self._bus.filter(rule, bufsize=10_000) as heard:
            yield lambda: self._changes(heard)

    def _changes(self, heard: deque[Message]) -> Changes:
        self.is_registered()  # what has arrived is sorted while an answer is awaited
        return _changes(heard)

    def _menu(self) -> DBusAddress:
        properties = self.properties()
        return DBusAddress(properties["Menu"], self._item()[0], _MENU)

    def _item(self) -> tuple[str, dict[str, str]]:
        """The bus name and the properties of our item."""
        known = self._ask(Properties(_WATCHER).get("RegisteredStatusNotifierItems"))
        _signature, items = known.body[0]
        for item in items:
            name, slash, path = item.partition("/")
            told = self._ask(Properties(DBusAddress(slash + path, name, _ITEM)).get_all()).body[0]
            properties = {key: value for key, (_type, value) in told.items()}
            if properties["Id"] == APP_NAME:
                return name, properties
        missing = f"no item {APP_NAME} among {items}"
        raise BusError(missing)

    def _ask(self, message: Message) -> Message:
        reply = self._bus.send_and_get_reply(message, timeout=_CALL_SECONDS)
        if reply.header.message_type is MessageType.error:
            raise BusError(str(reply.body))
        return reply


def _row(ident: int, told: dict[str, tuple[str, object]]) -> BusRow | None:
    """The row, or None for a hidden one; what is not told has the value the protocol gives it."""
    values = {key: value for key, (_signature, value) in told.items()}
    if not values.get("visible", True):
        return None
    # The first underscore would mark a keyboard shortcut, so the bus doubles each of them.
    label = str(values.get("label", "")).replace("__", "_")
    return BusRow(ident, label, bool(values.get("enabled", True)))


def _changes(heard: deque[Message]) -> Changes:
    ids: set[int] = set()
    layouts = 0
    for signal in heard:
        member = signal.header.fields[HeaderFields.member]
        if member == "LayoutUpdated":
            layouts += 1
        elif member == "ItemsPropertiesUpdated":
            ids |= {ident for part in signal.body for ident, _what in part}
    return Changes(frozenset(ids), layouts)
