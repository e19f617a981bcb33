"""The tray icon on Linux: pystray's AppIndicator whose one menu is edited in place.

Stock pystray replaces the whole menu at each update: an open menu closes at once, and two
replacements close together crash the panel. Here the panel gets one menu for ever, and only what
changed is sent. Importing this opens the display and raises where there is none. What is not said
to be for any thread belongs to the GTK thread, the one that runs the icon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import gi

gi.require_version("Gtk", "3.0")
from gi.repository import GLib, Gtk  # noqa: E402  # the version is chosen before the import
from PIL.Image import Image  # noqa: E402
from pystray import _appindicator  # noqa: E402  # the one backend that speaks StatusNotifier

from trayapp.desktop.badge import IconKey  # noqa: E402
from trayapp.desktop.menu import Action, Item, Row, TrayView  # noqa: E402

_Key = tuple[Action | str, int]


class LiveMenu:
    """A GTK menu kept equal to rows by editing it. GTK thread only.

    A row keeps its widget, and so its id on the bus, for as long as the menu lives; one that goes
    is hidden until it comes back.
    """

    def __init__(self, clicked: Callable[[Action], None]) -> None:
        self.widget = Gtk.Menu.new()
        self._clicked = clicked
        self._items: dict[_Key, Gtk.MenuItem] = {}

    def show(self, rows: tuple[Row, ...]) -> None:
        """Make the menu say `rows`, touching nothing that says it already."""
        wanted = dict(zip(_keys(rows), rows, strict=True))
        for key in self._items.keys() - wanted.keys():
            self._items[key].hide()
        place = 0
        for key, row in wanted.items():
            item = self._items.get(key) or self._add(key, row, place)
            _edit(item, row)
            place = self.widget.get_children().index(item) + 1

    def _add(self, key: _Key, row: Row, place: int) -> Gtk.MenuItem:
        if isinstance(row, Item):
            item = Gtk.MenuItem.new_with_mnemonic(_mnemonic(row))
            item.set_sensitive(row.enabled)
            if row.action is not None:
                item.connect("activate", self._on_activate, row.action)
        else:
            item = Gtk.SeparatorMenuItem.new()
        item.show()
        self.widget.insert(item, place)
        self._items[key] = item
        return item

    def _on_activate(self, _item: Gtk.MenuItem, action: Action) -> None:
        self._clicked(action)


class LiveIcon(_appindicator.Icon):  # type: ignore[misc]  # pystray has no types
    """pystray's icon with a LiveMenu; `draw` makes a picture of a key."""

    def __init__(
        self, name: str, *, draw: Callable[[IconKey], Image], clicked: Callable[[Action], None]
    ) -> None:
        super().__init__(name)
        self._draw = draw
        self._live_menu = LiveMenu(clicked)
        self._menu_handle = self._live_menu.widget
        self._wanted: TrayView | None = None
        self._shown: TrayView | None = None

    def show_view(self, view: TrayView) -> None:
        """Show this as soon as the GTK thread gets to it; from any thread. The newest wins."""
        self._wanted = view
        GLib.idle_add(self._apply)

    def run_until_stopped(self, ready: Callable[[], None]) -> None:
        """Show the icon, call `ready`, and stay until `stop` is called from any thread."""
        self.run(setup=lambda _icon: GLib.idle_add(self._appear, ready))

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
            self.icon = self._draw(view.icon)
        self.title = view.title
        if shown is None or shown.rows != view.rows:
            self._live_menu.show(view.rows)
        self._shown = view

    def _update_menu(self) -> None:
        # pystray asks for this when it starts; the menu is there already and edits itself.
        return

    def _initialize(self) -> None:
        # The original also asks the notification service, which may be slow, and takes over SIGINT.
        self._mark_ready()

    def _finalize(self) -> None:
        self._appindicator.set_status(_appindicator.AppIndicator.IndicatorStatus.PASSIVE)
        self._visible = False
        self._remove_fs_icon()


def _keys(rows: tuple[Row, ...]) -> list[_Key]:
    """What tells rows apart whatever they say: the action, or how many of its kind came before."""
    seen: Counter[Action | str] = Counter()
    keys: list[_Key] = []
    for row in rows:
        kind = (row.action or "text") if isinstance(row, Item) else "separator"
        keys.append((kind, seen[kind]))
        seen[kind] += 1
    return keys


def _edit(item: Gtk.MenuItem, row: Row) -> None:
    if not item.get_visible():
        item.show()
    if isinstance(row, Item):
        label = _mnemonic(row)
        if item.get_label() != label:
            item.set_label(label)
        if item.get_sensitive() != row.enabled:
            item.set_sensitive(row.enabled)


def _mnemonic(row: Item) -> str:
    """The label in which no underscore marks a shortcut.

    Escaped here: libdbusmenu escapes plain labels when a row is new but not when it changes.
    """
    return row.label.replace("_", "__")
