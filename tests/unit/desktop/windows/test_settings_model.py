"""What of the settings window is asked to be changed, and what the about window tells."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trayapp.control.messages import JSON
from trayapp.desktop.windows.about_model import Facts, Link, Package, text_of
from trayapp.desktop.windows.settings_model import Preferred

BEFORE = Preferred(
    language="",
    icon_style="colour",
    notifications=True,
    quiet_from="",
    quiet_to="",
    max_attempts="5",
    ca_file="",
)
FACTS = Facts(version="0.1.0", python="3.11.2", tk="8.6.13", system="Linux 6.1 x86_64")


def test_an_answer_is_read_and_what_it_lacks_is_empty() -> None:
    value: dict[str, JSON] = {
        "icon_style": "colour",
        "notifications": True,
        "max_attempts": 5,
        "look_seconds": 9,
    }
    assert Preferred.read(value) == BEFORE
    assert Preferred.read({}) == replace(
        BEFORE, icon_style="", notifications=False, max_attempts="0"
    )


def test_only_what_was_changed_is_asked() -> None:
    assert BEFORE.changes_from(BEFORE) == {}
    wanted = replace(BEFORE, language="ru", notifications=False, quiet_from="22:00")
    assert wanted.changes_from(BEFORE) == {
        "language": "ru",
        "notifications": False,
        "quiet_from": "22:00",
    }


@pytest.mark.parametrize(
    ("typed", "asked"), [("7", 7), ("", 0), ("many", 0), ("-1", 0), ("٣", 0), ("9" * 30, 0)]
)
def test_a_number_is_asked_as_one_and_what_is_none_as_zero(typed: str, asked: int) -> None:
    assert replace(BEFORE, max_attempts=typed).changes_from(BEFORE) == {"max_attempts": asked}


def test_what_a_support_desk_asks_for_is_copied_in_one_go() -> None:
    package = Package(licence="MIT", links=(Link("Homepage", "https://trayapp.example"),))
    facts = replace(FACTS, sqlite="3.40.1", data_dir="/home/anna/.local/share/trayapp")
    assert text_of(facts, package).splitlines() == [
        "Trayapp 0.1.0",
        "Python 3.11.2 · Tk 8.6.13 · SQLite 3.40.1",
        "Linux 6.1 x86_64",
        "Data folder: /home/anna/.local/share/trayapp",
        "Licence: MIT",
        "Homepage: https://trayapp.example",
    ]


def test_what_is_not_known_is_left_out() -> None:
    assert text_of(FACTS, Package()).splitlines() == [
        "Trayapp 0.1.0",
        "Python 3.11.2 · Tk 8.6.13",
        "Linux 6.1 x86_64",
    ]


def test_the_installed_package_tells_its_licence_and_links_where_it_has_them() -> None:
    found = Package.installed()
    assert isinstance(found.licence, str)
    assert all(link.url.startswith("https://") for link in found.links)
