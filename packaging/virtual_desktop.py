"""A whole desktop on a machine without a screen: X server, bus, window manager, panel, services.

Everything is private to one `VirtualDesktop`; the settings of its programs are in `desktop/`.
As a command, `virtual_desktop.py COMMAND [ARGUMENT...]` runs one command on it.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self

from jeepney import MatchRule, message_bus  # type: ignore[import-untyped]
from jeepney.io.blocking import open_dbus_connection  # type: ignore[import-untyped]
from PIL import Image, ImageGrab
from Xlib.display import Display

PANEL_OWNER = "org.kde.StatusNotifierWatcher"
NOTIFIER_OWNER = "org.freedesktop.Notifications"
KEYRING_OWNER = "org.freedesktop.secrets"
_OWNERS = {"panel": PANEL_OWNER, "notifier": NOTIFIER_OWNER, "keyring": KEYRING_OWNER}

_SETTINGS = Path(__file__).parent / "desktop"
_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_BACKGROUND = 0x3B4252
KEYRING_PASSWORD = b"a keyring of one test"
# What belongs to the desktop we were started from.
_FOREIGN = re.compile(r"DBUS_|GTK_|LC_|SESSION_|TRAYAPP_|WAYLAND_|XAUTHORITY|XDG_|(?i:.*_proxy$)")
_WITH_PARENT = ("setpriv", "--pdeathsig", "TERM")


class DesktopError(Exception):
    """A part of the desktop did not come up; the message names it and ends with its log."""


class VirtualDesktop:
    """A context manager that brings the desktop up and takes it down again.

    Enter it on a thread that lives as long as the desktop: its children die with that thread, so
    that a killed run leaves no orphans. Without a bus there is no panel, notifier or keyring.
    """

    def __init__(
        self,
        *,
        panel: bool = True,
        notifier: bool = True,
        keyring: bool = True,
        wm: bool = True,
        bus: bool = True,
        size: str = "1000x700",
    ) -> None:
        self._size = size
        parts = (
            (bus, self._start_bus),
            (wm, self.start_wm),
            (panel and bus, self.start_panel),
            (notifier and bus, self.start_notifier),
            (keyring and bus, self.start_keyring),
        )
        self._starts = [start for wanted, start in parts if wanted]
        self._children: list[tuple[str, subprocess.Popen[bytes]]] = []
        self.root = Path()
        self.env: dict[str, str] = {}

    def __enter__(self) -> Self:
        self.root = Path(tempfile.mkdtemp(prefix="desk-"))
        try:
            self._write_files()
            self._start_display()
            for start in self._starts:
                start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def spawn(
        self,
        argv: Sequence[str],
        *,
        name: str = "",
        env: Mapping[str, str] | None = None,
        stdin: bytes = b"",
        pass_fds: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        """Start a program; its output goes to `log(name)`; `env` replaces the desktop's."""
        name = name or Path(argv[0]).name
        with (self.root / f"{name}.log").open("ab") as log, tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            child = subprocess.Popen(  # noqa: S603 - the caller's own command
                [*_WITH_PARENT, *argv],
                stdin=given,
                stdout=log,
                stderr=log,
                env=dict(self.env if env is None else env),
                pass_fds=pass_fds,
                start_new_session=True,
            )
        self._children.append((name, child))
        return child

    def run(
        self, argv: Sequence[str], *, timeout: float = 30.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a program to its end and hand back its status and output."""
        return subprocess.run(  # noqa: S603 - the caller's own command
            argv,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def stop_one(self, name: str, sig: signal.Signals = signal.SIGTERM) -> int:
        """End what was last spawned under this name, by force after 5 s; its exit status."""
        child = next(child for known, child in reversed(self._children) if known == name)
        self._children.remove((name, child))
        status = _end(child, sig)
        if name in _OWNERS and self._lives("bus"):
            # The bus hears of a death a moment after the parent of the dead does.
            self.wait_owner(_OWNERS[name], present=False)
        return status

    def start_wm(self) -> None:
        """Start the window manager; `stop_one("wm")` ends it."""
        self.spawn(["openbox"], name="wm")

    def start_panel(self) -> None:
        """Start the panel and wait until it takes tray icons; `stop_one("panel")` ends it."""
        self._start_service("panel", ["xfce4-panel", "--disable-wm-check"])

    def start_notifier(self) -> subprocess.Popen[bytes]:
        """Start the notification service and wait for it; `stop_one("notifier")` ends it."""
        return self._start_service("notifier", ["dunst", "-config", str(self.root / "dunstrc")])

    def start_keyring(self, *, locked: bool = False) -> None:
        """Start the Secret Service and wait for it; `stop_one("keyring")` ends it."""
        command = ["gnome-keyring-daemon", "--foreground", "--components=secrets", "--unlock"]
        self._start_service("keyring", command[: 3 if locked else 4], stdin=KEYRING_PASSWORD)

    def owner(self, name: str) -> bool:
        """Whether somebody on the session bus owns this name now."""
        with closing(open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            reply = bus.send_and_get_reply(message_bus.NameHasOwner(name), timeout=_STOP_SECONDS)
        return bool(reply.body[0])

    def wait_owner(self, name: str, timeout: float = 10.0, *, present: bool = True) -> None:
        """Block until somebody, or if not `present` nobody, owns this name. Raises TimeoutError."""
        changed = MatchRule(type="signal", member="NameOwnerChanged")
        changed.add_arg_condition(0, name)
        with closing(open_dbus_connection(self.env["DBUS_SESSION_BUS_ADDRESS"])) as bus:
            bus.send_and_get_reply(message_bus.AddMatch(changed), timeout=timeout)
            with bus.filter(changed) as changes:
                [owned] = bus.send_and_get_reply(
                    message_bus.NameHasOwner(name), timeout=timeout
                ).body
                while bool(owned) != present:
                    _name, _old, owned = bus.recv_until_filtered(changes, timeout=timeout).body

    def shot(self, path: Path | None = None) -> Image.Image:
        """What the screen shows now, saved to `path` if one is given."""
        picture = ImageGrab.grab(xdisplay=self.env["DISPLAY"])
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            picture.save(path)
        return picture

    def log(self, name: str) -> str:
        """What the program spawned under this name has printed so far."""
        return (self.root / f"{name}.log").read_text(encoding="utf-8", errors="replace")

    def _write_files(self) -> None:
        panel = self.root / "config/xfce4/xfconf/xfce-perchannel-xml/xfce4-panel.xml"
        panel.parent.mkdir(parents=True)
        shutil.copy(_SETTINGS / panel.name, panel)
        shutil.copy(_SETTINGS / "dunstrc", self.root)
        for name in ("home", "data", "state", "cache", "tmp", "services"):
            (self.root / name).mkdir()
        run = self.root / "run"
        run.mkdir(mode=0o700)
        bus = (_SETTINGS / "bus.conf").read_text(encoding="utf-8")
        bus = bus.replace("@run@", str(run)).replace("@services@", str(self.root / "services"))
        (self.root / "bus.conf").write_text(bus, encoding="utf-8")
        kept = {name: os.environ[name] for name in os.environ if not _FOREIGN.match(name)}
        self.env = kept | {
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "XDG_CONFIG_HOME": str(self.root / "config"),
            "XDG_CURRENT_DESKTOP": "XFCE",
            "XDG_DATA_HOME": str(self.root / "data"),
            "XDG_RUNTIME_DIR": str(run),
            "XDG_STATE_HOME": str(self.root / "state"),
            # Without a bus of ours, libraries would look for, or start, one of the machine's.
            "DBUS_SESSION_BUS_ADDRESS": f"unix:path={run}/no-bus",
            "GSETTINGS_BACKEND": "memory",
            "GTK_MODULES": "",
            "LANG": "C.UTF-8",
            "NO_AT_BRIDGE": "1",
            "TRAYAPP_VIRTUAL_DESKTOP": "1",  # nobody else moves the mouse here
        }

    def _start_display(self) -> None:
        """Let the X server choose a free display itself, so that desktops can run side by side."""
        number = self._spawn_reporting(
            ["Xvfb", "-displayfd", "{fd}", "-screen", "0", f"{self._size}x24", "-noreset"],
            name="display",
        )
        self.env["DISPLAY"] = f":{number}"
        with closing(Display(self.env["DISPLAY"])) as display:
            root = display.screen().root
            root.change_attributes(background_pixel=_BACKGROUND)
            root.clear_area()
            display.sync()

    def _start_bus(self) -> None:
        shutil.copy("/usr/share/dbus-1/services/org.xfce.Xfconf.service", self.root / "services")
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self._spawn_reporting(
            ["dbus-daemon", f"--config-file={self.root}/bus.conf", "--print-address={fd}"],
            name="bus",
        )

    def _spawn_reporting(self, argv: Sequence[str], *, name: str) -> str:
        """Spawn a server that writes one line to the descriptor `{fd}` when it is ready."""
        reading, writing = os.pipe()
        with os.fdopen(reading, encoding="utf-8") as pipe:
            with os.fdopen(writing, "w"):
                filled = [word.replace("{fd}", str(writing)) for word in argv]
                self.spawn(filled, name=name, pass_fds=[writing])
            ready, _, _ = select.select([pipe], [], [], _START_SECONDS)
            line = pipe.readline().strip() if ready else ""
        if not line:
            raise self._failed(name)
        return line

    def _lives(self, name: str) -> bool:
        return any(known == name and child.poll() is None for known, child in self._children)

    def _start_service(
        self, name: str, argv: Sequence[str], *, stdin: bytes = b""
    ) -> subprocess.Popen[bytes]:
        child = self.spawn(argv, name=name, stdin=stdin)
        try:
            self.wait_owner(_OWNERS[name], _START_SECONDS)
        except TimeoutError as error:
            raise self._failed(name) from error
        return child

    def _failed(self, name: str) -> DesktopError:
        return DesktopError(f"{name} did not start within {_START_SECONDS:.0f} s\n{self.log(name)}")

    def _close(self) -> None:
        # Newest first, so that the programs go before the services, the bus and the display.
        while self._children:
            _, child = self._children.pop()
            _end(child, signal.SIGTERM)
        shutil.rmtree(self.root, ignore_errors=True)


def _end(child: subprocess.Popen[bytes], sig: signal.Signals) -> int:
    child.send_signal(sig)
    try:
        return child.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        return child.wait()


def main(argv: Sequence[str]) -> int:
    """Run one command on a desktop of its own and hand back its exit status."""
    if not argv:
        print("usage: virtual_desktop.py COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda signum, _: sys.exit(128 + signum))
    with (
        VirtualDesktop() as desktop,
        subprocess.Popen([*_WITH_PARENT, *argv], env=desktop.env) as child,  # noqa: S603  # ours
    ):
        try:
            return child.wait()
        finally:
            child.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
