"""The whole app on a real desktop: the mouse, the menu, the icon, the notifications, the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import repeat
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.app_eyes import (
    PANEL_COLOUR,
    click_row,
    icon_area,
    menu_hangs,
    menu_width,
    right_click,
    shown_icon,
    shows_icon,
)
from tests.gui.app_program import AppProgram, World, is_notified, notifications, world_at
from tests.gui.eyes import coloured, keep_shot
from tests.gui.tray_client import TrayClient
from tests.patience import wait_for
from trayapp.demo.proxy import SAY_500, Say
from trayapp.desktop.badge import Colour, IconKey
from trayapp.sync.status import Link
from trayapp.sync.words import units
from trayapp.tracking.entry import TrackerState, to_ms

pytestmark = [pytest.mark.gui, pytest.mark.timeout(60)]

_ON_THE_SERVER_SECONDS = 2.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with world_at(tmp_path / "world") as one:
        yield one


@pytest.fixture
def app(world: World, desktop: VirtualDesktop, client: TrayClient) -> Iterator[AppProgram]:
    with world.app(desktop) as program:
        assert wait_for(client.is_registered), program.errors()
        yield program


def _is_there_soon(world: World, kinds: list[str]) -> bool:
    return wait_for(lambda: world.arrived() == kinds, seconds=_ON_THE_SERVER_SECONDS)


def _offers(client: TrayClient, label: str) -> bool:
    """Whether the menu comes to have this row, enabled."""
    return wait_for(lambda: any(row.label == label and row.enabled for row in client.rows()))


def is_sign_in(title: str) -> bool:
    """Whether it asks to sign in; how many wait for that depends on the moment."""
    return title.startswith("Sign in again to send ")


def _refused(words: str) -> Say:
    return Say(status=422, body=f'{{"error": "bad_event", "message": "{words}"}}')


def _key(
    tracker: TrackerState, colour: Colour, count: int = 0, *, offline: bool = False
) -> IconKey:
    return IconKey(tracker=tracker, colour=colour, count=count, offline=offline)


# -- clicks --------------------------------------------------------------------------------


@pytest.mark.usefixtures("app")
def test_a_right_click_opens_the_menu_and_a_click_on_start_is_on_the_server_within_two_seconds(
    world: World, desktop: VirtualDesktop
) -> None:
    assert shows_icon(desktop, _key(TrackerState.STOPPED, Colour.GREY))
    right_click(desktop)
    keep_shot(desktop, "app-menu")
    click_row(desktop, 0)
    assert _is_there_soon(world, ["start"])


@pytest.mark.usefixtures("app")
def test_each_row_by_its_label_is_on_the_server_within_two_seconds(
    world: World, client: TrayClient
) -> None:
    done = []
    for label in ("Start", "Pause", "Resume", "Stop"):
        assert _offers(client, label)
        client.click(label)
        done.append(label.lower())
        assert _is_there_soon(world, done)


def test_quit_ends_the_app_and_takes_the_icon_away(
    app: AppProgram, desktop: VirtualDesktop, client: TrayClient
) -> None:
    assert shows_icon(desktop, _key(TrackerState.STOPPED, Colour.GREY))
    client.click("Quit")
    assert app.wait() == 0
    assert wait_for(lambda: not coloured(desktop.shot(), Colour.GREY))


# -- the icon ------------------------------------------------------------------------------


def test_shape_and_colour_on_the_screen_follow_tracker_and_sync(
    app: AppProgram, world: World, desktop: VirtualDesktop
) -> None:
    assert shows_icon(desktop, _key(TrackerState.STOPPED, Colour.GREY))
    app.click("start", project="Website")
    assert shows_icon(desktop, _key(TrackerState.RUNNING, Colour.GREEN)), shown_icon(desktop)
    app.click("pause")
    assert shows_icon(desktop, _key(TrackerState.PAUSED, Colour.GREEN)), shown_icon(desktop)
    world.proxy.stop()
    app.click("resume")
    app.click("pause")
    offline = _key(TrackerState.PAUSED, Colour.AMBER, 2, offline=True)
    assert shows_icon(desktop, offline), shown_icon(desktop)
    world.proxy.start()
    assert shows_icon(desktop, _key(TrackerState.PAUSED, Colour.GREEN)), shown_icon(desktop)
    world.proxy.play([_refused("the project is closed")])
    app.click("stop")
    assert shows_icon(desktop, _key(TrackerState.STOPPED, Colour.RED, 1)), shown_icon(desktop)


@pytest.mark.usefixtures("app")
def test_the_icon_stands_out_from_a_dark_panel(desktop: VirtualDesktop) -> None:
    assert shows_icon(desktop, _key(TrackerState.STOPPED, Colour.GREY))
    pixels = icon_area(desktop).tobytes()
    shown = list(zip(pixels[0::3], pixels[1::3], pixels[2::3], strict=True))
    clear = [colour for colour in shown if _contrast(colour, PANEL_COLOUR) >= 4.5]
    assert len(clear) > len(shown) / 8


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    shares = (channel / 255 for channel in colour)
    linear = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return sum(weight * s for weight, s in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# -- failing, retrying, telling ------------------------------------------------------------


def test_retry_all_in_the_menu_sends_everything_and_tells_the_result(
    app: AppProgram, world: World, client: TrayClient, desktop: VirtualDesktop
) -> None:
    world.proxy.play(repeat(SAY_500))
    for name in ("start", "pause", "resume"):
        app.click(name)
    assert app.comes_to(lambda s: (s.failed, s.link) == (1, Link.SERVER_TROUBLE))
    assert _offers(client, "Retry all (1, 2 waiting)")
    world.proxy.play([])
    client.click("Retry all (1, 2 waiting)")
    assert _is_there_soon(world, ["start", "pause", "resume"])
    assert is_notified(desktop, "Retry all")
    assert dict(notifications(desktop))["Retry all"] == "3 sent"
    assert "All sent" not in dict(notifications(desktop)), "the result says it"


def test_a_retry_that_is_refused_again_is_told_with_the_servers_words(
    app: AppProgram, world: World, client: TrayClient, desktop: VirtualDesktop
) -> None:
    world.proxy.play(repeat(_refused("the project is closed")))
    app.click("start")
    assert app.comes_to(lambda s: s.failed == 1)
    assert _offers(client, "Retry all (1)")
    client.click("Retry all (1)")
    assert is_notified(desktop, "Retry all")
    told = dict(notifications(desktop))
    assert told["Retry all"] == "1 failed: HTTP 422: the project is closed"


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_hundred_tasks_held_by_one_cause_make_one_notification_and_their_recovery_one(
    app: AppProgram, world: World, desktop: VirtualDesktop
) -> None:
    world.auth.revoke()
    for _ in range(25):
        for name in ("start", "pause", "resume", "stop"):
            app.click(name)
    assert app.comes_to(lambda s: (s.failed, s.pending, s.link) == (1, 99, Link.SIGNED_OUT))
    assert wait_for(lambda: any(is_sign_in(title) for title, _ in notifications(desktop)))
    app.sign_in(world.auth.issue())
    assert app.comes_to(lambda s: s.all_sent)
    assert is_notified(desktop, "All sent")
    assert len(world.arrived()) == 100
    titles = [title for title, _ in notifications(desktop)]
    assert [is_sign_in(title) or title for title in titles] == [True, "All sent"]


def test_failed_tasks_opens_the_window_that_explains_them(
    app: AppProgram, world: World, client: TrayClient, desktop: VirtualDesktop
) -> None:
    world.proxy.play([_refused("the project is closed")])
    app.click("start")
    assert app.comes_to(lambda s: s.failed == 1)
    assert _offers(client, "Failed tasks (1)…")
    client.click("Failed tasks (1)…")
    search = ["xdotool", "search", "--onlyvisible", "--name", "Failed tasks"]
    assert wait_for(lambda: desktop.run(search).returncode == 0)
    desktop.run(["xdotool", "key", "Escape"])
    assert wait_for(lambda: desktop.run(search).returncode != 0)


# -- what a note may hold ------------------------------------------------------------------


def test_markup_in_a_note_is_shown_as_text(
    world: World, desktop: VirtualDesktop, client: TrayClient
) -> None:
    note = "<b>bold</b> & <i>co"
    with world.app(desktop) as app:
        hour_ago = to_ms(world.clock.now() - timedelta(hours=1))
        app.click("start", note=note, given_at_ms=hour_ago)
        assert app.comes_to(lambda s: s.all_sent)
    world.paths.last_seen.unlink()
    with world.app(desktop):
        assert wait_for(lambda: bool(_told(desktop, "Still running since ")))
        told = _told(desktop, "Still running since ")
        # What the service is sent; it shows the text.
        assert "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;i&gt;co" in told
        assert client.rows()[0].label.endswith(note)


def _told(desktop: VirtualDesktop, start: str) -> str:
    """The body of the notification whose title starts so; empty when there is none yet."""
    bodies = (body for title, body in notifications(desktop) if title.startswith(start))
    return next(bodies, "")


def test_a_long_note_of_any_letters_breaks_neither_title_nor_menu(
    app: AppProgram, client: TrayClient, desktop: VirtualDesktop
) -> None:
    note = ("🐈 שלום עולם مرحبا\nword " * 30)[:500]
    app.click("start", project="Website", note=note)
    assert app.comes_to(lambda s: s.all_sent)
    assert wait_for(lambda: client.rows()[0].label.startswith("Running 0:00 · Website – 🐈 שלום"))
    assert wait_for(lambda: client.properties()["Title"].endswith("… · all sent"))
    assert units(client.properties()["Title"]) <= 127
    assert not [row for row in client.rows() if "\n" in row.label or len(row.label) > 100]
    right_click(desktop)
    keep_shot(desktop, "app-long-note")
    assert menu_width(desktop) < 800


# -- the menu ------------------------------------------------------------------------------


def test_the_open_menu_stays_open_while_clicks_come_from_elsewhere(
    app: AppProgram, world: World, desktop: VirtualDesktop
) -> None:
    assert shows_icon(desktop, _key(TrackerState.STOPPED, Colour.GREY))
    right_click(desktop)
    expected: list[str] = []
    for name in ("start", "pause", "resume", "stop") * 3:
        app.click(name)
        expected.append(name)
        assert _is_there_soon(world, expected)
        assert menu_hangs(desktop), f"closed by {name}"
    keep_shot(desktop, "app-menu-after-twelve-clicks")


def test_clicks_leave_no_callbacks_behind(app: AppProgram) -> None:
    """GLib keeps what calls Python in memory that may be executed; there it would grow."""
    _click(app, times=8)
    before = _callback_bytes(app)
    _click(app, times=80)
    assert _callback_bytes(app) == before > 0


def _click(app: AppProgram, *, times: int) -> None:
    for number in range(times):
        app.click(("start", "pause", "resume", "stop")[number % 4])
    assert app.comes_to(lambda status: status.all_sent)


def _callback_bytes(app: AppProgram) -> int:
    maps = Path(f"/proc/{app._process.pid}/maps").read_text().splitlines()
    places = [line.split()[0].split("-") for line in maps if line.split()[1] == "rwxp"]
    return sum(int(end, 16) - int(begin, 16) for begin, end in places)


def test_in_russian_the_menu_and_the_notifications_are_russian(
    world: World, desktop: VirtualDesktop, client: TrayClient
) -> None:
    world.proxy.play(repeat(_refused("проект закрыт")))
    with world.app(desktop, LANGUAGE="ru") as app:
        app.click("start", project="Сайт", note="Главная")
        assert app.comes_to(lambda s: s.failed == 1)
        assert _offers(client, "Повторить все (1)")
        assert [row.label for row in client.rows() if row.label][1:5] == [
            "Старт: Сайт – Главная",
            "Пауза",
            "Продолжить",
            "Остановить",
        ]
        right_click(desktop)
        keep_shot(desktop, "app-menu-ru")
        title, told = notifications(desktop)[0]
        assert title == "Сервер отклонил 1 задачу"
        assert told.startswith("HTTP 422: проект закрыт\n")
