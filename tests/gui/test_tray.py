"""The tray's menu on a real panel, driven over the bus and with the mouse."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.conftest import FAILED, RUNNING, StartTray, TrayProgram
from tests.gui.eyes import BELOW_PANEL, PANEL, keep_shot, menu_is_open, open_menu, press, sees
from tests.gui.tray_client import TrayClient
from tests.gui.tray_host import APP_NAME, Scene
from tests.patience import wait_for
from trayapp.desktop.badge import Colour
from trayapp.desktop.menu import Action, Choice, Click, Item, Row, Submenu

pytestmark = pytest.mark.gui

LISTS = replace(
    RUNNING,
    recent=("front_page & <b>", "second", "third"),
    projects=("App", "Ёлка", "Shop"),
    signed_in=True,
    elsewhere=3,
)


_LIST_PIXELS = 5_000


def _menu_pixels(desktop: VirtualDesktop) -> int:
    """How much of the screen menus cover."""
    below = desktop.shot().crop(BELOW_PANEL).convert("RGB")
    background = below.getpixel((10, 650))
    colours = below.getcolors(maxcolors=1 << 24) or []
    return sum(count for count, colour in colours if colour != background)


def _show(tray: TrayProgram, client: TrayClient, scene: Scene) -> None:
    tray.show(scene)
    rows = scene.view().rows
    assert wait_for(lambda: client.shows(rows)), client.rows()


def _first(scene: Scene) -> str:
    row = scene.view().rows[0]
    assert isinstance(row, Item)
    return row.label


@pytest.mark.usefixtures("tray")
def test_the_panel_knows_the_item_by_its_id_and_title(client: TrayClient) -> None:
    properties = client.properties()
    assert properties["Id"] == APP_NAME
    assert properties["Title"] == RUNNING.view().title
    assert properties["Status"] == "Active"


def test_the_kernel_tells_the_tray_when_the_clock_jumped(tray: TrayProgram) -> None:
    def is_awaited() -> bool:
        found = ""
        for file in Path(f"/proc/{tray.pid}/fdinfo").iterdir():
            with suppress(FileNotFoundError):  # closed by now
                found += file.read_text()
        return "settime flags: 03" in found  # a moment, and cancelled when the clock jumps

    assert wait_for(is_awaited)


@pytest.mark.parametrize(
    ("scene", "status", "words"),
    [
        pytest.param(Scene(), "Active", "Not tracking, nothing to send yet", id="stopped"),
        pytest.param(RUNNING, "Active", "Running, all sent", id="running"),
        pytest.param(
            Scene(tracker="paused", pending=3, offline=True),
            "Active",
            "Paused, 3 waiting, offline",
            id="waiting",
        ),
        pytest.param(FAILED, "NeedsAttention", "Running, 1 failed", id="failed"),
    ],
)
def test_who_hears_the_panel_is_told_what_the_icon_shows(
    scene: Scene, status: str, words: str, tray: TrayProgram, client: TrayClient
) -> None:
    for shown in (FAILED, scene):  # what asked for attention must be able to let it go
        tray.show(shown)
        title = shown.view().title
        assert wait_for(lambda title=title: client.properties()["Title"] == title)  # type: ignore[misc]  # a default
    told = client.properties()
    assert (told["Status"], told["IconAccessibleDesc"]) == (status, words)
    if status == "NeedsAttention":
        assert told["AttentionAccessibleDesc"] == words
        assert told["AttentionIconName"] == told["IconName"]


@pytest.mark.usefixtures("tray")
def test_a_tray_that_appears_is_told_in_words_at_once(client: TrayClient) -> None:
    assert client.properties()["IconAccessibleDesc"] == "Running, all sent"


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(Scene(), id="stopped"),
        pytest.param(RUNNING, id="running"),
        pytest.param(Scene(tracker="paused", pending=3, offline=True), id="paused and offline"),
        pytest.param(FAILED, id="failed"),
        pytest.param(replace(RUNNING, gap=True), id="after a gap"),
        pytest.param(LISTS, id="lists"),
        pytest.param(replace(LISTS, projects=("a__b_", *map(str, range(40)))), id="many projects"),
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
    posted: set[Click] = set()
    asking = replace(FAILED, gap=True, clock_set=True)
    for scene in (Scene(), RUNNING, Scene(tracker="paused"), asking, LISTS):
        _show(tray, client, scene)
        for path, click in _offered(scene.view().rows):
            if click not in posted:
                client.click(*path)
                assert _posted(tray) == click
                posted.add(click)
    assert {click for click in posted if isinstance(click, Action)} == {
        action for action in Action if action is not Action.START_CHOSEN
    }
    assert {click for click in posted if isinstance(click, Choice)} == {
        *(Choice(Action.START_CHOSEN, "Shop", note) for note in LISTS.recent),
        *(Choice(Action.START_CHOSEN, project) for project in LISTS.projects),
    }


def _offered(rows: tuple[Row, ...]) -> Iterator[tuple[tuple[str, ...], Click]]:
    """The labels that lead to each enabled row, and what a click there posts."""
    for row in rows:
        if isinstance(row, Item) and row.enabled and row.action is not None:
            yield (row.label,), row.action
        elif isinstance(row, Submenu):
            yield from (((row.label, *path), click) for path, click in _offered(row.rows))


def _posted(tray: TrayProgram) -> Click:
    _word, name, _thread, *chosen = tray.expect("action").split(" ", 3)
    if not chosen:
        return Action(name)
    project, note = json.loads(chosen[0])
    return Choice(Action(name), project, note)


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
    earlier, later = replace(RUNNING, minutes=83), replace(RUNNING, minutes=85)
    (changed,) = {row.id for row in client.rows() if row.label.startswith("Running")}
    with client.listening(lambda: tray.show(earlier), _first(earlier)) as changes:
        tray.show(earlier)
        _show(tray, client, later)
        assert wait_for(lambda: bool(changes().ids))
        # A change that is heard after the others: nothing can come late.
        tray.show(replace(later, note="else"))
        assert wait_for(lambda: len(changes().ids) > 1)
        start = {row.id for row in client.rows() if row.label.startswith("Start:")}
        heard = changes()
        assert heard.ids == {changed} | start
        assert heard.layouts == 0


def test_rows_keep_their_ids_whatever_comes_between(tray: TrayProgram, client: TrayClient) -> None:
    before = [row.id for row in client.rows()]
    with_gap = replace(FAILED, gap=True)
    _show(tray, client, with_gap)
    gap = [row.id for row in client.rows() if row.id not in before]
    _show(tray, client, RUNNING)
    assert [row.id for row in client.rows()] == before
    _show(tray, client, with_gap)
    assert [row.id for row in client.rows() if row.id not in before] == gap


def test_rows_of_lists_keep_their_ids_whatever_comes_between(
    tray: TrayProgram, client: TrayClient
) -> None:
    _show(tray, client, LISTS)
    before = [row.ids for row in client.rows()]
    for other in (replace(LISTS, recent=("x",), projects=()), FAILED, Scene(projects=("P",) * 9)):
        _show(tray, client, other)
    _show(tray, client, LISTS)
    assert [row.ids for row in client.rows()] == before


def test_a_list_that_did_not_change_sends_nothing(tray: TrayProgram, client: TrayClient) -> None:
    earlier = replace(LISTS, minutes=83)
    _show(tray, client, LISTS)
    (changed,) = {row.id for row in client.rows() if row.label.startswith("Running")}
    with client.listening(lambda: tray.show(earlier), _first(earlier)) as changes:
        tray.show(replace(earlier))
        _show(tray, client, replace(LISTS, minutes=85))
        assert wait_for(lambda: bool(changes().ids))
        second = client.row("Continue", "Shop – second").id
        _show(tray, client, replace(LISTS, minutes=85, recent=("front_page & <b>", "2.", "third")))
        assert wait_for(lambda: len(changes().ids) > 1)
        heard = changes()
        assert heard.ids == {changed, second}
        assert heard.layouts == 0


def test_a_click_on_a_row_of_a_list_that_is_gone_posts_nothing(
    tray: TrayProgram, client: TrayClient
) -> None:
    _show(tray, client, LISTS)
    gone = [client.row("Continue", "Shop – third").id, client.row("Projects", "App").id]
    _show(tray, client, replace(LISTS, recent=LISTS.recent[:2], projects=()))
    for ident in gone:
        client.click_id(ident)
    client.click("Quit")
    assert tray.expect("action") == "action quit tray"


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


def _open_list(desktop: VirtualDesktop) -> None:
    """Open the menu with the mouse and "Continue" in it with the keyboard."""
    open_menu(desktop, Colour.GREEN)
    alone = _menu_pixels(desktop)
    # The fourth row that can be clicked, and into it.
    assert desktop.run(["xdotool", "key", *["Down"] * 4, "Right"]).returncode == 0
    assert wait_for(lambda: _menu_pixels(desktop) > alone + _LIST_PIXELS)


def test_a_row_of_a_list_is_chosen_with_the_keyboard(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    _show(tray, client, LISTS)
    _open_list(desktop)
    keep_shot(desktop, "menu-list-open")
    assert desktop.run(["xdotool", "key", "Down", "Return"]).returncode == 0
    assert _posted(tray) == Choice(Action.START_CHOSEN, "Shop", "second")


def test_pystrays_own_menu_has_the_same_lists(
    desktop: VirtualDesktop, start_tray: StartTray, client: TrayClient
) -> None:
    scene = replace(LISTS, recent=("a_b", "c"))
    tray = start_tray({**desktop.env, "TRAY_HOST_STOCK": "1"}, scene)
    tray.expect("ready")
    assert wait_for(lambda: client.is_registered() and client.shows(scene.view().rows))
    client.click("Continue", "Shop – a_b")
    assert _posted(tray) == Choice(Action.START_CHOSEN, "Shop", "a_b")
    assert tray.finish() == 0


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_an_open_list_survives_200_changes_and_stays_open_while_it_has_rows(
    tray: TrayProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    _show(tray, client, LISTS)
    panel, ids = client.panel(), [row.ids for row in client.rows()]
    _open_list(desktop)
    whole = _menu_pixels(desktop)
    for number in range(100):
        _change_lists(tray, client, number, notes=1 + number % 7)
    _show(tray, client, LISTS)
    assert _menu_pixels(desktop) > whole - _LIST_PIXELS
    keep_shot(desktop, "menu-list-open-after-100-changes")
    for number in range(100):
        _change_lists(tray, client, number, notes=number % 3)
    _show(tray, client, LISTS)
    assert menu_is_open(desktop)
    assert client.panel() == panel
    assert [row.ids for row in client.rows()] == ids


def _change_lists(tray: TrayProgram, client: TrayClient, number: int, *, notes: int) -> None:
    recent = tuple(f"note {number + one}" for one in range(notes))
    projects = tuple(f"project {one}" for one in range(number % 30))
    scene = replace(LISTS, recent=recent, projects=projects, minutes=number)
    tray.show(scene)
    if number % 2:  # the others come as fast as they can be told
        _show(tray, client, scene)


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
