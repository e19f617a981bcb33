"""The desktop of the other GUI tests: it is real, private, and leaves nothing behind."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import virtual_desktop
from virtual_desktop import (
    KEYRING_OWNER,
    NOTIFIER_OWNER,
    PANEL_OWNER,
    DesktopError,
    VirtualDesktop,
)

pytestmark = pytest.mark.gui

_DEADLINE_SECONDS = 15.0
_NOTIFY = (
    "import plyer; plyer.notification.notify(title='Sent', message='3 tasks', app_name='test')"
)
_KEYRING = (
    "import keyring; keyring.set_password('s', 'u', 'кот'); print(keyring.get_password('s', 'u'))"
)


@pytest.fixture(scope="module")
def desktop() -> Iterator[VirtualDesktop]:
    with VirtualDesktop() as up:
        yield up


def _python(desktop: VirtualDesktop, code: str) -> subprocess.CompletedProcess[str]:
    return desktop.run([sys.executable, "-c", code])


def _shown(desktop: VirtualDesktop) -> str:
    return desktop.run(["dunstctl", "count", "displayed"]).stdout.strip()


def _living_below(root: Path) -> list[int]:
    """The processes whose home is in this desktop: display and bus at the least."""
    marker = f"\0HOME={root}/home\0".encode()
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            words = environ.read_bytes()
        except OSError:
            continue
        if marker in b"\0" + words + b"\0":
            found.append(int(environ.parent.name))
    assert len(found) > len(["display", "bus"])
    return found


def _assert_all_end(pids: list[int]) -> None:
    deadline = time.monotonic() + _DEADLINE_SECONDS
    for pid in pids:
        try:
            watched = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        with os.fdopen(watched):
            left = deadline - time.monotonic()
            assert select.select([watched], [], [], max(left, 0.0))[0], f"{pid} still runs"


def _command(home: Path, argv: list[str]) -> subprocess.Popen[str]:
    """The command form, its desktop made below `home`, so that the test knows where to look."""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, virtual_desktop.__file__, *argv],
        env=os.environ | {"TMPDIR": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )


def _root_of(running: subprocess.Popen[str]) -> Path:
    assert running.stdout is not None
    assert select.select([running.stdout], [], [], _DEADLINE_SECONDS)[0], "it printed nothing"
    return Path(running.stdout.readline().strip()).parent


def test_every_service_of_a_desktop_answers(desktop: VirtualDesktop) -> None:
    owned = [desktop.owner(name) for name in (PANEL_OWNER, NOTIFIER_OWNER, KEYRING_OWNER)]
    assert owned == [True, True, True]


def test_the_screen_shows_the_panel_above_the_background(desktop: VirtualDesktop) -> None:
    picture = desktop.shot()
    assert picture.size == (1000, 700)
    assert picture.getpixel((500, 500)) == (0x3B, 0x42, 0x52)
    assert picture.getpixel((500, 16)) == (46, 51, 64)


def test_a_picture_of_the_screen_is_kept_where_asked(
    desktop: VirtualDesktop, tmp_path: Path
) -> None:
    desktop.shot(tmp_path / "shots" / "screen.png")
    assert (tmp_path / "shots" / "screen.png").read_bytes().startswith(b"\x89PNG")


def test_the_keyring_is_unlocked(desktop: VirtualDesktop) -> None:
    assert _python(desktop, _KEYRING).stdout == "кот\n"


def test_a_notification_is_shown(desktop: VirtualDesktop) -> None:
    assert _python(desktop, _NOTIFY).returncode == 0
    assert _shown(desktop) == "1"
    desktop.run(["dunstctl", "close-all"])
    assert _shown(desktop) == "0"


def test_the_panel_can_be_killed_and_started_again() -> None:
    with VirtualDesktop(notifier=False, keyring=False) as own:
        own.stop_one("panel", signal.SIGKILL)
        assert not own.owner(PANEL_OWNER)
        own.start_panel()
        assert own.owner(PANEL_OWNER)


def test_what_a_program_prints_is_in_its_log(desktop: VirtualDesktop) -> None:
    desktop.spawn(["cat"], name="talker", stdin=b"hello").wait(_DEADLINE_SECONDS)
    assert desktop.stop_one("talker") == 0
    assert desktop.log("talker") == "hello"


def test_nobody_starts_a_missing_service_behind_our_back() -> None:
    with VirtualDesktop(panel=False, notifier=False, keyring=False, wm=False) as bare:
        assert "ServiceUnknown" in _python(bare, _NOTIFY).stderr
        assert "NoKeyringError" in _python(bare, _KEYRING).stderr
        assert not bare.owner(NOTIFIER_OWNER)
        with pytest.raises(TimeoutError):
            bare.wait_owner(KEYRING_OWNER, timeout=0.1)


def test_without_a_bus_no_bus_of_the_machine_is_used() -> None:
    with VirtualDesktop(bus=False) as silent:
        assert f"{silent.root}/run/no-bus: No such file" in _python(silent, _NOTIFY).stderr


def test_two_desktops_stand_side_by_side(desktop: VirtualDesktop) -> None:
    with VirtualDesktop(panel=False, keyring=False) as other:
        for name in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "HOME"):
            assert other.env[name] != desktop.env[name]
        _python(other, _NOTIFY)
        assert (_shown(other), _shown(desktop)) == ("1", "0")


def test_a_display_that_cannot_start_says_why() -> None:
    with pytest.raises(DesktopError, match=r"(?s)display did not start.*Invalid screen"):
        VirtualDesktop(size="nonsense").__enter__()


def test_nothing_is_left_of_a_closed_desktop() -> None:
    with VirtualDesktop() as closed:
        closed.spawn(["sleep", "600"])
        pids = _living_below(closed.root)
    _assert_all_end(pids)
    assert not closed.root.exists()


def test_the_command_form_hands_on_the_exit_status(runtime: Path) -> None:
    with _command(runtime, ["sh", "-c", "exit 7"]) as running:
        assert running.wait(_DEADLINE_SECONDS) == 7
    assert list(runtime.glob("desk-*")) == []


def test_a_terminated_command_takes_its_desktop_down(runtime: Path) -> None:
    with _command(runtime, ["sh", "-c", "echo $HOME; exec sleep 600"]) as running:
        root = _root_of(running)
        pids = _living_below(root)
        running.terminate()
        assert running.wait(_DEADLINE_SECONDS) == 128 + signal.SIGTERM
    _assert_all_end(pids)
    assert not root.exists()


def test_a_killed_command_leaves_no_orphans(runtime: Path) -> None:
    with _command(runtime, ["sh", "-c", "echo $HOME; exec sleep 600"]) as running:
        pids = _living_below(_root_of(running))
        running.kill()
    _assert_all_end(pids)
