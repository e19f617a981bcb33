"""The settings and the about window on a real desktop: what is shown, changed, opened, copied."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from virtual_desktop import VirtualDesktop

from tests.gui.eyes import keep_shot
from tests.gui.window_looks import LOOKS, check, tag_of
from tests.gui.window_program import FakeApp, Seen, WindowProgram, account, window
from tests.patience import wait_for
from trayapp.control.messages import JSON, Reply

pytestmark = [pytest.mark.gui, pytest.mark.timeout(90)]

_SETTINGS: dict[str, JSON] = {
    "language": "",
    "icon_style": "colour",
    "notifications": True,
    "quiet_from": "22:00",
    "quiet_to": "7:00",
    "max_attempts": 5,
    "ca_file": "",
}
_DONE = Reply(ok=True, changed=True, value=_SETTINGS)
_WHY = "Quiet hours need a beginning and an end; leave both empty for none."
_ABOUT: dict[str, JSON] = {"sqlite": "3.40.1", "data_dir": "/home/anna/.local/share/trayapp"}

_OWN_WORDS = ("anna@example.org\nhttps://time.example.org/api", "English")


@pytest.fixture
def app() -> FakeApp:
    return FakeApp(
        {
            "settings": Reply(ok=True, value=_SETTINGS),
            "account": account(signed_in=True),
            "change_settings": _DONE,
            "open": Reply(ok=True),
            "about": Reply(ok=True, value=_ABOUT),
        }
    )


@pytest.fixture
def homes(tmp_path: Path) -> dict[str, str]:
    """A home of the window's own: it writes there what starts at login."""
    return {
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CONFIG_DIRS": str(tmp_path / "site"),  # in the machine's Trayapp may be installed
    }


@pytest.fixture
def settings(
    screen: VirtualDesktop, channel: Path, homes: dict[str, str]
) -> Iterator[WindowProgram]:
    with window(screen, "settings", channel, env=homes) as one:
        assert wait_for(lambda: _login(one).enabled)
        yield one


def _login(shown: WindowProgram) -> Seen:
    """The tick at start at login: the last one."""
    return [one for one in shown.widgets() if one.kind == "TCheckbutton"][-1]


def _field(shown: WindowProgram, text: str) -> Seen:
    return next(one for one in shown.controls() if (one.kind, one.text) == ("TEntry", text))


# -- how they look -------------------------------------------------------------------------


@pytest.mark.parametrize(("env", "long"), LOOKS)
def test_the_settings_window_is_whole_in_every_state(
    screen: VirtualDesktop,
    channel: Path,
    app: FakeApp,
    homes: dict[str, str],
    *,
    env: dict[str, str],
    long: bool,
) -> None:
    scale, tag = int(env["TRAYAPP_SCALE"]), tag_of(env, long=long)
    autostart = Path(homes["XDG_CONFIG_HOME"]) / "autostart" / "trayapp.desktop"
    autostart.parent.mkdir(parents=True)
    autostart.write_text("[Desktop Entry]\nExec=trayapp\nHidden=true\n", encoding="utf-8")
    app.answers["change_settings"] = Reply(ok=False, message=_WHY, value={"field": "quiet_to"})
    with window(screen, "settings", channel, env={**env, **homes}, pseudo=long) as shown:
        assert wait_for(lambda: _login(shown).enabled)
        check(shown, f"settings-{tag}", scale=scale, said=_OWN_WORDS)
        shown.click(_field(shown, "7:00"))
        shown.press_key("ctrl+a", "BackSpace", "Return")
        assert shown.says(_WHY)
        check(shown, f"settings-refused-{tag}", scale=scale, said=[_WHY, *_OWN_WORDS])


@pytest.mark.parametrize(("env", "long"), LOOKS)
def test_the_about_window_is_whole(
    screen: VirtualDesktop, channel: Path, *, env: dict[str, str], long: bool
) -> None:
    scale, tag = int(env["TRAYAPP_SCALE"]), tag_of(env, long=long)
    with window(screen, "about", channel, env=env, pseudo=long) as shown:
        machine = " ".join((platform.system(), platform.release(), platform.machine()))
        told = [one.text for one in shown.widgets() if one.text.startswith("Python ")]
        check(shown, f"about-{tag}", scale=scale, said=[machine, *told, str(_ABOUT["data_dir"])])


# -- settings ------------------------------------------------------------------------------


def test_without_notifications_there_are_no_hours_to_be_quiet_in(
    settings: WindowProgram, screen: VirtualDesktop
) -> None:
    def enabled() -> set[bool]:
        return {one.enabled for one in settings.widgets() if one.text in {"22:00", "7:00"}}

    settings.click(settings.find("Notifications"))
    assert wait_for(lambda: enabled() == {False})
    keep_shot(screen, "settings-without-notifications")
    settings.click(settings.find("Notifications"))
    assert wait_for(lambda: enabled() == {True})


def test_only_what_was_changed_is_asked_and_the_window_closes(
    settings: WindowProgram, app: FakeApp
) -> None:
    settings.click(settings.find("English"))
    settings.click(settings.find("Grey and white"))
    settings.click(settings.find("Notifications"))
    settings.click(_field(settings, "5"))
    settings.press_key("ctrl+a")
    settings.type("7")
    settings.click(settings.find("Save"))
    assert app.next("change_settings").arguments == {
        "changes": {
            "language": "en",
            "icon_style": "symbolic",
            "notifications": False,
            "max_attempts": 7,
        }
    }
    assert settings.wait_end() == 0


def test_arrows_choose_among_what_stands_side_by_side(
    settings: WindowProgram, app: FakeApp
) -> None:
    settings.press_key("Tab", "Right", "Right", "Right", "Left", "Return")
    assert app.next("change_settings").arguments == {"changes": {"language": "ru"}}
    assert settings.wait_end() == 0


def test_with_nothing_changed_it_just_closes(settings: WindowProgram) -> None:
    settings.click(settings.find("Save"))
    assert settings.wait_end() == 0


def test_what_is_refused_is_said_and_asked_anew(settings: WindowProgram, app: FakeApp) -> None:
    app.answers["change_settings"] = Reply(ok=False, message=_WHY, value={"field": "quiet_to"})
    settings.click(_field(settings, "7:00"))
    settings.press_key("ctrl+a", "BackSpace", "Return")
    assert settings.says(_WHY)
    assert settings.focus() == _field(settings, "").path
    app.answers["change_settings"] = _DONE
    settings.type("6:30")
    settings.press_key("Return")
    app.next("change_settings")
    assert app.next("change_settings").arguments == {"changes": {"quiet_to": "6:30"}}
    assert settings.wait_end() == 0


def test_start_at_login_is_switched_on_and_off_again(
    screen: VirtualDesktop, channel: Path, homes: dict[str, str]
) -> None:
    entry = Path(homes["XDG_CONFIG_HOME"]) / "autostart"
    for wanted in (True, False):
        with window(screen, "settings", channel, env=homes) as shown:
            assert wait_for(lambda: _login(shown).enabled)
            shown.click(_login(shown))
            shown.click(shown.find("Save"))
            assert shown.wait_end() == 0
        made = [one.read_text() for one in entry.glob("*.desktop")]
        is_on = any("Hidden=true" not in text for text in made)
        assert is_on is wanted


def test_a_start_at_login_that_cannot_be_changed_is_said(
    settings: WindowProgram, homes: dict[str, str]
) -> None:
    config = Path(homes["XDG_CONFIG_HOME"])
    config.mkdir(exist_ok=True)
    (config / "autostart").write_text("in the way", encoding="utf-8")
    settings.click(_login(settings))
    settings.click(settings.find("Save"))
    assert wait_for(lambda: len([one for one in settings.widgets() if "autostart" in one.text]) > 0)


def test_its_buttons_open_what_they_say(settings: WindowProgram, app: FakeApp) -> None:
    settings.press_key("Return")  # the keyboard begins at the account
    assert app.next("open").arguments == {"what": "sign_out"}
    settings.click(settings.find("Open data folder"))
    assert app.next("open").arguments == {"what": "folder"}


def test_the_file_of_certificates_is_chosen_and_escape_leaves_it_as_it_was(
    screen: VirtualDesktop, channel: Path, app: FakeApp, homes: dict[str, str]
) -> None:
    folder = Path(homes["HOME"]) / "Company CA"
    folder.mkdir()
    for name in ("old.pem", "new.pem"):
        (folder / name).write_text("")
    old = str(folder / "old.pem")
    app.answers["settings"] = Reply(ok=True, value={**_SETTINGS, "ca_file": old})
    with window(screen, "settings", channel, env=homes) as shown:
        assert wait_for(lambda: _login(shown).enabled)
        field = _field(shown, old).path
        for typed, chosen in (("Escape", old), ("Return", str(folder / "new.pem"))):
            shown.click(shown.find("Choose…"))
            assert wait_for(lambda: "filedialog" in shown.focus())
            shown.type("new.pem")
            shown.press_key(typed)
            assert wait_for(lambda: shown.focus() == field)
            assert _field(shown, chosen).path == field
        shown.click(shown.find("Save"))
        assert app.next("change_settings").arguments == {"changes": {"ca_file": chosen}}
        assert shown.wait_end() == 0


def test_who_is_not_signed_in_can_do_so(
    screen: VirtualDesktop, channel: Path, app: FakeApp, homes: dict[str, str]
) -> None:
    app.answers["account"] = account()
    with window(screen, "settings", channel, env=homes) as shown:
        assert shown.says("Not signed in: your hours stay on this computer.")
        shown.click(shown.find("Sign in…"))
        assert app.next("open").arguments == {"what": "sign_in"}
        shown.press_key("Escape")
        assert shown.wait_end() == 0


def test_a_file_broken_by_hand_is_told_with_its_line(
    screen: VirtualDesktop, channel: Path, app: FakeApp
) -> None:
    why = "The settings cannot be used: /x/settings.toml: line 2: max_attempts is not a number."
    app.answers["settings"] = Reply(ok=False, message=why)
    with window(screen, "settings", channel) as shown:
        assert shown.says(why)
        shown.press_key("Return")
        assert shown.wait_end() == 0


# -- about ---------------------------------------------------------------------------------


def test_what_a_support_desk_asks_for_is_copied(screen: VirtualDesktop, channel: Path) -> None:
    with window(screen, "about", channel) as shown:
        assert shown.says("SQLite 3.40.1")
        assert shown.says("/home/anna/.local/share/trayapp")
        shown.click([one for one in shown.controls() if one.text == "Copy"][-1])
        assert shown.says("Copied. Paste it before you close this window.")
        shown.press_key("Escape")
        assert shown.wait_end() == 0


def test_without_the_app_it_tells_what_it_knows(screen: VirtualDesktop, tmp_path: Path) -> None:
    with window(screen, "about", tmp_path / "nowhere") as shown:
        assert shown.says("Trayapp 0.1.0")
        assert not any("SQLite" in one.text for one in shown.widgets())
