"""The other side of the tray, as a panel has it: finds our item, reads its menu, clicks it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
from tests.patience import wait_for
from trayapp.desktop.menu import Row, Separator, Submenu

_CALL_SECONDS = 5.0
_MENU = "com.canonical.dbusmenu"
_ITEM = "org.kde.StatusNotifierItem"
_WATCHER = DBusAddress("/StatusNotifierWatcher", PANEL_OWNER, PANEL_OWNER)


@dataclass(frozen=True, slots=True)
class BusRow:
    """One visible row as the bus tells it; a separator has no label, a list has rows below."""

    id: int
    label: str
    enabled: bool
    below: tuple[BusRow, ...] = ()

    def says(self, row: Row) -> bool:
        """Whether it is this row of ours."""
        if isinstance(row, Separator):
            return not self.label
        below = row.rows if isinstance(row, Submenu) else ()
        return (self.label, self.enabled) == (row.label, row.enabled) and _say(self.below, below)

    @property
    def ids(self) -> tuple[int, ...]:
        """Its own id and those below."""
        return self.id, *(ident for row in self.below for ident in row.ids)


@dataclass(frozen=True, slots=True)
class Changes:
    """What the menu sent: the ids and labels of changed rows, and how often the whole layout."""

    ids: frozenset[int]
    labels: frozenset[str]
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
        return list(_rows(children))

    def shows(self, rows: tuple[Row, ...]) -> bool:
        """Whether the menu says exactly this, lists included."""
        return _say(self.rows(), rows)

    def row(self, label: str, *below: str) -> BusRow:
        """The row with this label; further labels lead into its list."""
        (row,) = (one for one in self.rows() if one.label == label)
        for name in below:
            (row,) = (one for one in row.below if one.label == name)
        return row

    def click(self, label: str, *below: str) -> None:
        """Click the row with this label, whether it is enabled or not; `below`: in its list."""
        self.click_id(self.row(label, *below).id)

    def click_id(self, ident: int) -> None:
        """Click the row with this id, also a hidden one."""
        event = (ident, "clicked", ("i", 0), 0)
        self._ask(new_method_call(self._menu(), "Event", "isvu", event))

    @contextmanager
    def listening(self, change: Callable[[], None], label: str) -> Iterator[Callable[[], Changes]]:
        """Hear what the menu sends; the call tells what came until now.

        From `change` on, which gives a row this label: what it sends before may come late.
        """
        rule = MatchRule(type="signal", interface=_MENU)
        self._ask(message_bus.AddMatch(rule))
        with self._bus.filter(rule, bufsize=10_000) as heard:
            change()
            assert wait_for(lambda: label in self._hear(heard).labels), heard
            heard.clear()
            yield lambda: self._hear(heard)

    def _hear(self, heard: deque[Message]) -> Changes:
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


_Told = tuple[int, dict[str, tuple[str, object]], list[tuple[str, "_Told"]]]


def _rows(children: list[tuple[str, _Told]]) -> Iterator[BusRow]:
    """The visible rows; what is not told has the value the protocol gives it."""
    for _signature, (ident, told, below) in children:
        values = {key: value for key, (_kind, value) in told.items()}
        if values.get("visible", True):
            # The first underscore would mark a keyboard shortcut, so the bus doubles each of them.
            label = str(values.get("label", "")).replace("__", "_")
            yield BusRow(ident, label, bool(values.get("enabled", True)), tuple(_rows(below)))


def _say(told: Sequence[BusRow], rows: Sequence[Row]) -> bool:
    """Whether these say exactly those."""
    return len(told) == len(rows) and all(
        one.says(row) for one, row in zip(told, rows, strict=True)
    )


def _changes(heard: deque[Message]) -> Changes:
    ids: set[int] = set()
    labels: set[str] = set()
    layouts = 0
    for signal in heard:
        member = signal.header.fields[HeaderFields.member]
        if member == "LayoutUpdated":
            layouts += 1
        elif member == "ItemsPropertiesUpdated":
            ids |= {ident for part in signal.body for ident, _what in part}
            changed, _removed = signal.body
            labels |= {str(what["label"][1]) for _ident, what in changed if "label" in what}
    return Changes(frozenset(ids), frozenset(labels), layouts)
