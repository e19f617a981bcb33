"""The tray's menu on a real panel, driven over the bus and with the mouse."""

from __future__ import annotations

from dataclasses import replace

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.conftest import FAILED, RUNNING, TrayProgram
from tests.gui.eyes import BELOW_PANEL, PANEL, keep_shot, menu_is_open, open_menu, press, sees
from tests.gui.tray_client import Changes, TrayClient, wait_for
from tests.gui.tray_host import APP_NAME, Scene
from trayapp.desktop.badge import Colour
from trayapp.desktop.menu import Action, Item

pytestmark = pytest.mark.gui


def _show(tray: TrayProgram, client: TrayClient, scene: Scene) -> None:
    tray.show(scene)
    rows = scene.view().rows
    assert wait_for(lambda: client.shows(rows)), client.rows()


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
    assert wait_for(lambda: sees(desktop, colour))
    keep_shot(desktop, f"tray-{colour.name.lower()}")


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_open_menu_stays_open_while_its_texts_change(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    open_menu(desktop, Colour.GREEN)
    keep_shot(desktop, "menu-open")
    before = desktop.shot()
    for minutes in range(100, 160):
        scene = replace(RUNNING, minutes=minutes, gap=5 < minutes % 20 < 12)
        _show(tray, client, scene)
        assert menu_is_open(desktop), f"closed by change {minutes - 99}"
    keep_shot(desktop, "menu-open-after-60-changes")
    assert desktop.shot().tobytes() != before.tobytes()


def test_a_row_is_clicked_with_the_mouse(tray: TrayProgram, desktop: VirtualDesktop) -> None:
    open_menu(desktop, Colour.GREEN)
    background = desktop.shot().getpixel((10, 690))
    screen = desktop.shot().crop(BELOW_PANEL).convert("RGB")
    assert background is not None
    rows = [y for y in range(screen.height) if screen.getpixel((960, y)) != background]
    # The last row of the menu is Quit.
    press(desktop, x=960, y=PANEL[3] + rows[-1] - 14, button=1)
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
    open_menu(desktop, Colour.GREEN)
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
    assert menu_is_open(desktop)
    assert wait_for(lambda: sees(desktop, Colour.GREEN))
