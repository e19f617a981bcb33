"""The tray on a real panel, driven over the bus and with the mouse."""

from __future__ import annotations

import signal
from dataclasses import replace

import pytest
from PIL import Image, ImageColor
from virtual_desktop import VirtualDesktop

from tests.gui.conftest import ROOT, StartTray, TrayProgram
from tests.gui.tray_client import Changes, TrayClient, wait_for
from tests.gui.tray_host import APP_NAME, Scene
from trayapp.desktop.badge import COLOURS, Colour
from trayapp.desktop.menu import Action, Item

pytestmark = pytest.mark.gui

RUNNING = Scene(tracker="running", minutes=84, delivered=True)
FAILED = Scene(tracker="running", minutes=84, pending=99, failed=1)

_PANEL = (0, 0, 1000, 32)
_BELOW_PANEL = (0, 32, 1000, 700)
_TOLERANCE = 24
_ENOUGH_PIXELS = 10
# The smallest menu worth the name; a tooltip has far fewer.
_MENU_PIXELS = 30_000


def _coloured(screen: Image.Image, colour: Colour) -> list[tuple[int, int]]:
    """Where the panel shows this colour of the icon."""
    wanted = ImageColor.getrgb(COLOURS[colour])[:3]
    panel = screen.crop(_PANEL).convert("RGB")
    pixels = panel.tobytes()
    found = []
    for place in range(panel.width * panel.height):
        pixel = pixels[3 * place : 3 * place + 3]
        if all(abs(a - b) < _TOLERANCE for a, b in zip(pixel, wanted, strict=True)):
            found.append((place % panel.width, place // panel.width))
    return found


def _sees(desktop: VirtualDesktop, colour: Colour) -> bool:
    """Whether the panel shows this colour, and no other of ours."""
    screen = desktop.shot()
    seen = {one for one in Colour if len(_coloured(screen, one)) >= _ENOUGH_PIXELS}
    return seen == {colour}


def _menu_is_open(desktop: VirtualDesktop) -> bool:
    below = desktop.shot().crop(_BELOW_PANEL).convert("RGB")
    counts = [count for count, _colour in below.getcolors(maxcolors=1 << 24) or []]
    return sum(counts) - max(counts) > _MENU_PIXELS


def _show(tray: TrayProgram, client: TrayClient, scene: Scene) -> None:
    tray.show(scene)
    rows = scene.view().rows
    assert wait_for(lambda: client.shows(rows)), client.rows()


def _press(desktop: VirtualDesktop, *, x: int, y: int, button: int) -> None:
    at = ["xdotool", "mousemove", str(x), str(y), "sleep", "0.15"]
    press = ["mousedown", str(button), "sleep", "0.05", "mouseup", str(button)]
    assert desktop.run([*at, *press]).returncode == 0


def _open_menu(desktop: VirtualDesktop, colour: Colour) -> None:
    assert wait_for(lambda: _sees(desktop, colour))
    x, y = _coloured(desktop.shot(), colour)[0]
    _press(desktop, x=x + 2, y=y + 2, button=3)
    assert wait_for(lambda: _menu_is_open(desktop)), "the menu did not open"


def _keep_shot(desktop: VirtualDesktop, name: str) -> None:
    desktop.shot(ROOT / "build" / "screenshots" / f"{name}.png")


@pytest.fixture
def tray(desktop: VirtualDesktop, start_tray: StartTray, client: TrayClient) -> TrayProgram:
    """A tray that shows RUNNING."""
    program = start_tray(desktop.env, RUNNING)
    program.expect("ready")
    client.properties()
    return program


@pytest.mark.usefixtures("tray")
def test_the_panel_knows_the_item_by_its_id_and_title(client: TrayClient) -> None:
    properties = client.properties()
    assert properties["Id"] == APP_NAME
    assert properties["Title"] == RUNNING.view().title
    assert properties["Status"] == "Active"


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene(), id="stopped"),
        pytest.param(RUNNING, id="running"),
        pytest.param(Scene(tracker="paused", pending=3, offline=True), id="paused and offline"),
        pytest.param(FAILED, id="failed"),
        pytest.param(replace(RUNNING, gap=True), id="after a gap"),
        pytest.param(replace(RUNNING, note="a_b __c & <d> „ё“ 🐈"), id="signs"),
    ],
)
def test_the_menu_on_the_bus_is_the_menu_we_built(
    scene: Scene, tray: TrayProgram, client: TrayClient
) -> None:
    _show(tray, client, scene)
    assert wait_for(lambda: client.properties()["Title"] == scene.view().title)


def test_a_click_posts_its_action_from_the_trays_own_thread(
    tray: TrayProgram, client: TrayClient
) -> None:
    client.click("Pause")
    assert tray.expect("action") == "action pause tray"


def test_each_row_posts_its_own_action(tray: TrayProgram, client: TrayClient) -> None:
    posted = set()
    for scene in (Scene(), RUNNING, Scene(tracker="paused"), replace(FAILED, gap=True)):
        _show(tray, client, scene)
        for row in scene.view().rows:
            if isinstance(row, Item) and row.action is not None and row.enabled:
                client.click(row.label)
                assert tray.expect("action").split()[1] == row.action.value
                posted.add(row.action)
    assert posted == set(Action)


def test_a_click_on_a_disabled_or_hidden_row_posts_nothing(
    tray: TrayProgram, client: TrayClient
) -> None:
    with_gap = replace(RUNNING, gap=True)
    _show(tray, client, with_gap)
    hidden = [row.id for row in client.rows() if row.label == "Keep running"]
    _show(tray, client, RUNNING)
    useless = [row.id for row in client.rows() if row.label and not row.enabled]
    assert len(useless) > len(hidden) > 0
    for ident in useless + hidden:
        client.click_id(ident)
    client.click("Quit")
    assert tray.expect("action") == "action quit tray"


def test_rows_that_say_the_same_send_nothing(tray: TrayProgram, client: TrayClient) -> None:
    later = replace(RUNNING, minutes=85)
    (changed,) = {row.id for row in client.rows() if row.label.startswith("Running")}
    with client.listening() as changes:
        tray.show(RUNNING)
        _show(tray, client, later)
        assert wait_for(lambda: bool(changes().ids))
        # A change that is heard after the others: nothing can come late.
        tray.show(replace(later, note="else"))
        assert wait_for(lambda: len(changes().ids) > 1)
        start = {row.id for row in client.rows() if row.label.startswith("Start")}
        assert changes() == Changes(frozenset({changed} | start), layouts=0)


def test_rows_keep_their_ids_whatever_comes_between(tray: TrayProgram, client: TrayClient) -> None:
    before = [row.id for row in client.rows()]
    with_gap = replace(FAILED, gap=True)
    _show(tray, client, with_gap)
    gap = [row.id for row in client.rows() if row.id not in before]
    _show(tray, client, RUNNING)
    assert [row.id for row in client.rows()] == before
    _show(tray, client, with_gap)
    assert [row.id for row in client.rows() if row.id not in before] == gap


@pytest.mark.parametrize(
    ("colour", "scene"),
    [
        pytest.param(Colour.GREY, Scene(), id="grey"),
        pytest.param(Colour.GREEN, RUNNING, id="green"),
        pytest.param(Colour.AMBER, Scene(tracker="paused", pending=3), id="amber"),
        pytest.param(Colour.RED, FAILED, id="red"),
    ],
)
def test_the_screen_shows_the_colour_of_the_state(
    colour: Colour, scene: Scene, tray: TrayProgram, desktop: VirtualDesktop
) -> None:
    tray.show(scene)
    assert wait_for(lambda: _sees(desktop, colour))
    _keep_shot(desktop, f"tray-{colour.name.lower()}")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_open_menu_stays_open_while_its_texts_change(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    _open_menu(desktop, Colour.GREEN)
    _keep_shot(desktop, "menu-open")
    before = desktop.shot()
    for minutes in range(100, 160):
        scene = replace(RUNNING, minutes=minutes, gap=5 < minutes % 20 < 12)
        _show(tray, client, scene)
        assert _menu_is_open(desktop), f"closed by change {minutes - 99}"
    _keep_shot(desktop, "menu-open-after-60-changes")
    assert desktop.shot().tobytes() != before.tobytes()


def test_a_row_is_clicked_with_the_mouse(tray: TrayProgram, desktop: VirtualDesktop) -> None:
    _open_menu(desktop, Colour.GREEN)
    background = desktop.shot().getpixel((10, 690))
    screen = desktop.shot().crop(_BELOW_PANEL).convert("RGB")
    assert background is not None
    rows = [y for y in range(screen.height) if screen.getpixel((960, y)) != background]
    # The last row of the menu is Quit.
    _press(desktop, x=960, y=_PANEL[3] + rows[-1] - 14, button=1)
    assert tray.expect("action") == "action quit tray"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_500_clicks_leave_the_panel_alive(tray: TrayProgram, client: TrayClient) -> None:
    panel, ids = client.panel(), [row.id for row in client.rows()]
    paused = replace(RUNNING, tracker="paused", pending=1)
    for _ in range(250):
        client.click("Pause")
        assert tray.expect("action").split()[1] == "pause"
        _show(tray, client, paused)
        client.click("Resume")
        assert tray.expect("action").split()[1] == "resume"
        _show(tray, client, RUNNING)
    assert client.panel() == panel
    assert [row.id for row in client.rows()] == ids


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_2000_status_changes_leave_the_panel_alive_with_its_menu_open(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    panel = client.panel()
    _open_menu(desktop, Colour.GREEN)
    for number in range(2000):
        scene = Scene(
            tracker=("stopped", "running", "paused")[number % 3],
            minutes=number,
            pending=number % 12,
            failed=number % 5,
            gap=number % 7 == 0,
        )
        tray.show(scene)
        if number % 4 == 0:
            # The others come as fast as they can be told.
            _show(tray, client, scene)
    _show(tray, client, RUNNING)
    assert client.panel() == panel
    assert client.is_registered()
    assert _menu_is_open(desktop)
    assert wait_for(lambda: _sees(desktop, Colour.GREEN))


def test_a_panel_that_starts_late_shows_the_current_state(start_tray: StartTray) -> None:
    with VirtualDesktop(panel=False, keyring=False) as desktop, TrayClient(desktop) as client:
        tray = start_tray(desktop.env, RUNNING)
        tray.expect("ready")
        tray.expect("host False")
        tray.ask("has_host")
        tray.expect("has_host False")
        tray.show(FAILED)
        desktop.start_panel()
        tray.expect("host True")
        assert wait_for(lambda: _sees(desktop, Colour.RED))
        assert client.shows(FAILED.view().rows)
        assert tray.finish() == 0


def test_a_panel_that_was_killed_shows_the_current_state_when_it_is_back(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    tray.expect("host True")
    desktop.stop_one("panel", signal.SIGKILL)
    tray.expect("host False")
    tray.show(FAILED)
    desktop.start_panel()
    tray.expect("host True")
    assert wait_for(lambda: _sees(desktop, Colour.RED))
    client.click("Stop")
    assert tray.expect("action") == "action stop tray"


def test_stop_takes_the_icon_off_the_screen_and_may_be_said_twice(
    tray: TrayProgram, desktop: VirtualDesktop
) -> None:
    assert wait_for(lambda: _sees(desktop, Colour.GREEN))
    tray.ask("stop")
    tray.expect("stopped")
    assert wait_for(lambda: not _coloured(desktop.shot(), Colour.GREEN))
    tray.ask("stop")
    tray.show(FAILED)
    tray.expect("stopped")
    assert tray.finish() == 0
    assert not list((desktop.root / "tmp").iterdir())
    assert "Traceback" not in tray.errors()


def test_a_desktop_without_notifications_has_a_tray_all_the_same(start_tray: StartTray) -> None:
    with VirtualDesktop(notifier=False, keyring=False) as desktop, TrayClient(desktop) as client:
        tray = start_tray(desktop.env, RUNNING)
        tray.expect("ready")
        assert wait_for(client.is_registered)
        client.click("Pause")
        tray.expect("action pause")
        assert tray.finish() == 0
        assert "Traceback" not in tray.errors()


def test_a_session_bus_that_dies_takes_the_icon_and_nothing_else(
    tray: TrayProgram, desktop: VirtualDesktop
) -> None:
    desktop.stop_one("bus", signal.SIGKILL)
    assert wait_for(lambda: "The session bus went away" in tray.errors())
    tray.show(FAILED)
    tray.ask("has_host")
    tray.expect("has_host False")
    assert tray.finish() == 0
    assert "Traceback" not in tray.errors()


def test_pystrays_own_menu_is_built_from_the_same_rows(
    desktop: VirtualDesktop, start_tray: StartTray, client: TrayClient
) -> None:
    scene = replace(RUNNING, note="this & that")
    tray = start_tray({**desktop.env, "TRAY_HOST_STOCK": "1"}, Scene())
    tray.expect("ready")
    tray.show(scene)
    doubled = [
        replace(row, label=row.label.replace("&", "&&")) if isinstance(row, Item) else row
        for row in scene.view().rows
    ]
    assert wait_for(lambda: client.shows(tuple(doubled))), client.rows()
    assert wait_for(lambda: _sees(desktop, Colour.GREEN))
    tray.ask("has_host")
    tray.expect("has_host True")
    client.click("Resume")
    client.click("Pause")
    assert tray.expect("action").split()[1] == "pause"
    assert tray.finish() == 0


def test_without_a_session_bus_the_tray_says_why_it_is_unavailable(start_tray: StartTray) -> None:
    with VirtualDesktop(bus=False) as desktop:
        gone = {**desktop.env, "DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
        tray = start_tray(gone)
        assert "session bus" in tray.expect("unavailable")
        assert tray.finish() == 0


@pytest.mark.parametrize("display", ["", ":987"], ids=["none", "wrong"])
def test_without_a_display_the_tray_says_why_it_is_unavailable(
    display: str, start_tray: StartTray, desktop: VirtualDesktop
) -> None:
    tray = start_tray({**desktop.env, "DISPLAY": display})
    assert "display" in tray.expect("unavailable")
    assert tray.finish() == 0
