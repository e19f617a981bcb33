"""As much of macOS as pystray's own icon for it needs: a main loop, a menu bar, menus.

Like the real one it refuses to be used off the main thread, and answers a click by the row's tag.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from types import ModuleType
from typing import Any, Self

DEADLINE_SECONDS = 5.0


class OffMainThreadError(AssertionError):
    """AppKit would have ended the process."""


def must_be_main() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise OffMainThreadError


class NSObject:
    """What is made by `alloc().init()`."""

    @classmethod
    def alloc(cls) -> Self:
        must_be_main()
        return cls()

    def init(self) -> Self:
        return self


class Application:
    """The main loop."""

    def __init__(self) -> None:
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.was_stopped = False
        self.has_runs = 0

    def run(self) -> None:
        must_be_main()
        self.has_runs += 1
        self.was_stopped = False
        while not self.was_stopped:
            self.jobs.get(timeout=DEADLINE_SECONDS)()

    def stop_(self, _sender: object) -> None:
        must_be_main()
        self.was_stopped = True

    def postEvent_atStart_(self, _event: object, _at_start: object) -> None:  # noqa: N802
        self.jobs.put(lambda: None)


class Image(NSObject):
    """A picture; `is_template` leaves its colour to the system."""

    def __init__(self) -> None:
        self.is_template = False

    def initWithData_(self, _data: object) -> Self:  # noqa: N802
        return self

    def size(self) -> tuple[int, int]:
        return (22, 22)

    def setTemplate_(self, is_so: bool) -> None:  # noqa: FBT001, N802
        must_be_main()
        self.is_template = is_so


class Button:
    """The place in the menu bar: whatever is set stays to be looked at."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Callable[[object], None]:
        def tell(value: object) -> None:
            must_be_main()
            self.told[name] = value

        return tell


class MenuItem(NSObject):
    """One row."""

    def __init__(self) -> None:
        self.title, self.tag_, self.enabled = "", -1, True
        self.submenu: Menu | None = None
        self.target: Any = None

    def initWithTitle_action_keyEquivalent_(  # noqa: N802
        self, title: str, _action: object, _key: str
    ) -> Self:
        self.title = title
        return self

    @classmethod
    def separatorItem(cls) -> Self:  # noqa: N802
        return cls()

    def setSubmenu_(self, menu: Menu) -> None:  # noqa: N802
        self.submenu = menu

    def setAction_(self, _action: object) -> None: ...  # noqa: N802
    def setTarget_(self, target: object) -> None:  # noqa: N802
        self.target = target

    def setTag_(self, tag: int) -> None:  # noqa: N802
        self.tag_ = tag

    def setEnabled_(self, enabled: bool) -> None:  # noqa: FBT001, N802
        self.enabled = enabled

    def tag(self) -> int:
        return self.tag_

    def click(self) -> None:
        """As the user clicks it; a disabled one takes no click."""
        if self.enabled:
            self.target.activate_menu_item(self)


class Menu(NSObject):
    """A menu with its rows."""

    def __init__(self) -> None:
        self.rows: list[MenuItem] = []

    def initWithTitle_(self, _title: str) -> Self:  # noqa: N802
        return self

    def setAutoenablesItems_(self, _is_so: object) -> None: ...  # noqa: N802
    def addItem_(self, row: MenuItem) -> None:  # noqa: N802
        must_be_main()
        self.rows.append(row)


class StatusItem:
    """Our place in the menu bar, and the menu that opens from it."""

    def __init__(self) -> None:
        self.shown = Button()
        self.menu: Menu | None = None

    def button(self) -> Button:
        must_be_main()
        return self.shown

    def setMenu_(self, menu: Menu) -> None:  # noqa: N802
        must_be_main()
        self.menu = menu


class StatusBar:
    """The menu bar."""

    def __init__(self) -> None:
        self.items: list[StatusItem] = []

    def statusItemWithLength_(self, _length: object) -> StatusItem:  # noqa: N802
        self.items.append(StatusItem())
        return self.items[-1]

    def removeStatusItem_(self, item: StatusItem) -> None:  # noqa: N802
        self.items.remove(item)

    def thickness(self) -> float:
        return 22.0


class FakeMac:
    """The modules of PyObjC, as `modules` to import, and what is behind them."""

    def __init__(self) -> None:
        self.application = Application()
        self.bar = StatusBar()
        self.signals: dict[int, object] = {}
        self.modules = {
            "AppKit": self._app_kit(),
            "Foundation": _module("Foundation", NSObject=NSObject, NSData=lambda data: data),
            "objc": _module("objc", namedSelector=lambda _name: lambda function: function),
            "PyObjCTools": _module("PyObjCTools"),
            "PyObjCTools.AppHelper": _module("PyObjCTools.AppHelper", callAfter=self.call_after),
            "PyObjCTools.MachSignals": _module(
                "PyObjCTools.MachSignals",
                signal=self._take_signal,
                getsignal=self.signals.get,
            ),
        }
        tools = self.modules["PyObjCTools"]
        vars(tools)["AppHelper"] = self.modules["PyObjCTools.AppHelper"]
        vars(tools)["MachSignals"] = self.modules["PyObjCTools.MachSignals"]

    def call_after(self, function: Callable[..., None], *arguments: object) -> None:
        self.application.jobs.put(lambda: function(*arguments))

    def _take_signal(self, number: int, handler: object) -> object:
        before = self.signals.get(number)
        self.signals[number] = handler
        return before

    def _app_kit(self) -> ModuleType:
        event = "otherEventWithType_location_modifierFlags_timestamp_windowNumber_context_"
        event += "subtype_data1_data2_"
        return _module(
            "AppKit",
            NSApplication=_module("", sharedApplication=lambda: self.application),
            NSStatusBar=_module("", systemStatusBar=lambda: self.bar),
            NSVariableStatusItemLength=-1,
            NSImage=Image,
            NSMenu=Menu,
            NSMenuItem=MenuItem,
            NSEvent=_module("", **{event: lambda *_arguments: None}),
            NSApplicationDefined=15,
            NSPoint=lambda x, y: (x, y),
        )


def _module(name: str, **contents: object) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(contents)
    return module
