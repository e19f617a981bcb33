"""The tray icon on Linux: pystray's AppIndicator whose one menu is edited in place.

Stock pystray replaces the whole menu at each update: an open menu closes at once, and two
replacements close together crash the panel. Here the panel gets one menu for ever, and only what
changed is sent. Importing this opens the display and raises where there is none. What is not said
to be for any thread belongs to the GTK thread, the one that runs the icon.
"""

from __future__ import annotations

import logging
import os
import tempfile
import weakref
from collections import Counter
from collections.abc import Callable

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402  # the version is chosen before the import
from PIL.Image import Image  # noqa: E402
from pystray import _appindicator  # noqa: E402  # the one backend that speaks StatusNotifier

from trayapp.desktop.badge import Colour, IconKey  # noqa: E402
from trayapp.desktop.icon_words import icon_words  # noqa: E402
from trayapp.desktop.menu import (  # noqa: E402
    Choice,
    Click,
    Item,
    Row,
    Separator,
    Submenu,
    TrayView,
    Undo,
)
from trayapp.desktop.png import encoded  # noqa: E402

logger = logging.getLogger(__name__)

_Key = tuple[str, int]
_TEXT = "text"
_STATUS = _appindicator.AppIndicator.IndicatorStatus


class LiveMenu:
    """A GTK menu kept equal to rows by editing it. GTK thread only.

    A row keeps its widget, and so its id on the bus, for as long as the menu lives; one that goes
    is hidden until it comes back. So do the rows of a list, by their place in it.
    """

    def __init__(self, clicked: Callable[[Click], None]) -> None:
        self.widget = Gtk.Menu.new()
        self._clicked = clicked
        self._items: dict[_Key, Gtk.MenuItem] = {}
        self._below: dict[_Key, LiveMenu] = {}
        self._rows: dict[_Key, Row] = {}

    def show(self, rows: tuple[Row, ...]) -> None:
        """Make the menu say `rows`, touching nothing that says it already."""
        wanted = dict(zip(_keys(rows), rows, strict=True))
        self._rows = wanted
        for key in self._items.keys() - wanted.keys():
            self._items[key].hide()
        place = 0
        for key, row in wanted.items():
            item = self._items.get(key) or self._add(key, row, place)
            _edit(item, row)
            if isinstance(row, Submenu):
                self._below[key].show(row.rows)
            place = self.widget.get_children().index(item) + 1

    def _add(self, key: _Key, row: Row, place: int) -> Gtk.MenuItem:
        if isinstance(row, Separator):
            item = Gtk.SeparatorMenuItem.new()
        else:
            item = Gtk.MenuItem.new_with_mnemonic(_mnemonic(row.label))
            item.set_sensitive(row.enabled)
        if isinstance(row, Item):
            item.connect("activate", self._on_activate, key)
        if isinstance(row, Submenu):
            below = self._below[key] = LiveMenu(self._clicked)
            below.show(row.rows)  # before the panel sees it: it would hide an empty one
            item.set_submenu(below.widget)
        item.show()
        self.widget.insert(item, place)
        self._items[key] = item
        return item

    def _on_activate(self, _item: Gtk.MenuItem, key: _Key) -> None:
        row = self._rows.get(key)
        if isinstance(row, Item) and row.action is not None:
            self._clicked(row.action)


class LiveIcon(_appindicator.Icon):  # type: ignore[misc]  # pystray has no types
    """pystray's icon with a LiveMenu; `draw` makes a picture of a key."""

    def __init__(
        self, name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Click], None]
    ) -> None:
        super().__init__(name)
        self._draw = draw
        self._live_menu = LiveMenu(clicked)
        self._menu_handle = self._live_menu.widget
        self._wanted: TrayView | None = None
        self._shown: TrayView | None = None
        self._key: IconKey | None = None
        self._is_stale = False
        # Not `idle_add`: each call of it takes memory that PyGObject does not give back.
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._bell)
        self._heard = GLib.unix_fd_add_full(
            GLib.PRIORITY_DEFAULT_IDLE, self._bell, GLib.IOCondition.IN, self._on_bell
        )

    def show_view(self, view: TrayView) -> None:
        """Show this as soon as the GTK thread gets to it; from any thread. The newest wins."""
        self._wanted = view
        os.eventfd_write(self._bell, 1)

    def redraw(self) -> None:
        """Draw the picture anew; from any thread."""
        self._is_stale = True
        os.eventfd_write(self._bell, 1)

    def run_until_stopped(self, ready: Callable[[], None]) -> None:
        """Show the icon, call `ready`, and stay until `stop` is called from any thread."""
        self.run(setup=lambda _icon: GLib.idle_add(self._appear, ready))

    def _on_bell(self, *_heard: object) -> bool:
        os.eventfd_read(self._bell)
        try:
            self._apply()
            self._redraw()
        except Exception:
            logger.exception("The tray icon does not show what it should; the next change may.")
        return True  # go on listening

    def _appear(self, ready: Callable[[], None]) -> None:
        # Not on pystray's setup thread, where a change of the picture could fall in between.
        self._apply()
        self.visible = True
        ready()

    def _apply(self) -> None:
        view, shown = self._wanted, self._shown
        if view is None or view is shown:
            return
        if shown is None or shown.icon != view.icon:
            self._key = view.icon
            self.icon = self._draw(view.icon)
        self.title = view.title
        if shown is None or shown.rows != view.rows:
            self._live_menu.show(view.rows)
        self._shown = view

    def _show(self) -> None:
        self._appindicator.set_menu(self._menu_handle)
        self._appindicator.set_title(self.title)
        self._tell_icon()

    def _update_icon(self) -> None:
        self._remove_fs_icon()
        self._update_fs_icon()
        self._tell_icon()

    def _update_fs_icon(self) -> None:
        file, self._icon_path = tempfile.mkstemp(prefix="trayapp-")
        with os.fdopen(file, "wb") as picture:
            picture.write(encoded(self.icon))
        self._icon_valid = True

    def _tell_icon(self) -> None:
        """The picture with its words, and a call for attention where it needs the user."""
        if self._key is None:
            return
        words = icon_words(self._key)
        self._appindicator.set_icon_full(self._icon_path, words)
        status = _STATUS.ACTIVE
        if self._key.colour is Colour.RED:
            # The same picture; panels that hide the quiet ones keep it in view.
            self._appindicator.set_attention_icon_full(self._icon_path, words)
            status = _STATUS.ATTENTION
        self._appindicator.set_status(status)

    def _redraw(self) -> None:
        if self._is_stale and self._shown is not None:
            self._is_stale = False
            self.icon = self._draw(self._shown.icon)

    def _update_title(self) -> None:
        self._appindicator.set_title(self.title)

    def _update_menu(self) -> None:
        # pystray asks for this when it starts; the menu is there already and edits itself.
        return

    def _initialize(self) -> None:
        # The original also asks the notification service, which may be slow, and takes over SIGINT.
        self._mark_ready()

    def _finalize(self) -> None:
        GLib.source_remove(self._heard)
        self._appindicator.set_status(_STATUS.PASSIVE)
        self._visible = False
        self._remove_fs_icon()


def _keys(rows: tuple[Row, ...]) -> list[_Key]:
    """What tells rows apart whatever they say: the kind, and how many of it came before.

    A text is told by the row above it that is none, so that it keeps its place when others come.
    """
    seen: Counter[str] = Counter()
    keys: list[_Key] = []
    above = "the top"
    for row in rows:
        kind = _kind(row)
        is_text = kind == _TEXT
        if is_text:
            kind = f"{_TEXT} below {above}"
        keys.append((kind, seen[kind]))
        if not is_text:
            above = f"{kind} {seen[kind]}"
        seen[kind] += 1
    return keys


def _kind(row: Row) -> str:
    match row:
        case Separator():
            return "separator"
        case Submenu(name=name):
            return f"submenu {name}"
        case Item(action=None | Undo() as action):
            return _TEXT if action is None else "undo"
        case Item(action=Choice(action=action)):
            return f"choice {action}"
        case Item(action=action):
            return f"action {action}"


def _edit(item: Gtk.MenuItem, row: Row) -> None:
    if not item.get_visible():
        item.show()
    if isinstance(row, Separator):
        return
    label = _mnemonic(row.label)
    if item.get_label() != label:
        item.set_label(label)
    if item.get_sensitive() != row.enabled:
        item.set_sensitive(row.enabled)


def _mnemonic(label: str) -> str:
    """The label in which no underscore marks a shortcut.

    Escaped here: libdbusmenu escapes plain labels when a row is new but not when it changes.
    """
    return label.replace("_", "__")
