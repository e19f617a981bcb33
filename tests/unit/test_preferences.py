"""The settings as a window asks for them: shown, checked, written down, and gone by."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from trayapp.config import Paths, Settings
from trayapp.control.messages import JSON, Reply, Request
from trayapp.preferences import Preferences


class Office:
    """Preferences of a person, and what was gone by."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths.under(root)
        self.paths.make()
        self.followed: list[Settings] = []
        self._preferences = Preferences(self.paths, follow=self.followed.append)

    def ask(self, name: str, **arguments: JSON) -> Reply:
        return self._preferences.answer(Request(name, arguments))

    def change(self, **changes: JSON) -> Reply:
        return self.ask("change_settings", changes=changes)

    @property
    def file(self) -> str:
        return self.paths.settings.read_text(encoding="utf-8")

    def write(self, text: str) -> None:
        self.paths.settings.write_text(text, encoding="utf-8")


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_without_a_file_the_defaults_are_shown(office: Office) -> None:
    value = office.ask("settings").value
    assert value["max_attempts"] == 5
    assert value["notifications"] is True
    assert (value["language"], value["quiet_from"], value["icon_style"]) == ("", "", "colour")


def test_a_change_is_written_down_and_gone_by(office: Office) -> None:
    office.write("# mine\nmax_attempts = 3 # few\n")
    reply = office.change(max_attempts=4, quiet_from="22:00", quiet_to="7:00")
    assert (reply.ok, reply.changed, reply.value["max_attempts"]) == (True, True, 4)
    assert office.file == (
        '# mine\nmax_attempts = 4 # few\nquiet_from = "22:00"\nquiet_to = "7:00"\n'
    )
    wanted = Settings(max_attempts=4, quiet_from="22:00", quiet_to="7:00")
    assert office.followed == [wanted]
    assert office.paths.settings.stat().st_mode & 0o777 == 0o600


def test_what_is_so_already_changes_nothing(office: Office) -> None:
    reply = office.change(max_attempts=5, language="")
    assert (reply.ok, reply.changed) == (True, False)
    assert not office.paths.settings.exists()
    assert office.followed == []


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        pytest.param({"max_attempts": 0}, "max_attempts", "whole number, 1 or more", id="zero"),
        pytest.param(
            {"max_attempts": 2_000_000}, "max_attempts", "whole number", id="far too many"
        ),
        pytest.param(
            {"quiet_from": "22", "quiet_to": "7:00"},
            "quiet_from",
            "“22” is no time of day; type it as 22:00.",
            id="no time",
        ),
        pytest.param({"quiet_from": "22:00"}, "quiet_to", "a beginning and an end", id="no end"),
        pytest.param({"quiet_to": "7:00"}, "quiet_from", "a beginning and an end", id="no begin"),
        pytest.param({"ca_file": "ca.pem"}, "ca_file", "must begin with / or ~", id="no path"),
        pytest.param({"ca_file": "/no/such.pem"}, "ca_file", "no such file", id="no file"),
        pytest.param({"colour": 1}, "colour", "unknown setting", id="no setting"),
        pytest.param({"icon_style": "pink"}, "icon_style", "must be one of colour", id="no style"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_with_its_field(
    office: Office, changes: dict[str, JSON], field: str, words: str
) -> None:
    reply = office.change(**changes, language="ru")
    assert (reply.ok, reply.changed, reply.value) == (False, False, {"field": field})
    assert words in reply.message
    assert "\n" not in reply.message
    assert not office.paths.settings.exists()
    assert office.followed == []


def test_a_file_without_a_certificate_is_refused(office: Office, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing", encoding="utf-8")
    reply = office.change(ca_file=str(file))
    assert "holds no certificate" in reply.message


@pytest.mark.parametrize("name", ["settings", "change_settings"])
def test_a_file_broken_by_hand_is_left_alone_and_its_line_told(office: Office, name: str) -> None:
    office.write('language = "ru"\nmax_attempts = "many"\n')
    reply = office.ask(name, changes={"language": "en"})
    assert not reply.ok
    assert f"{office.paths.settings}: line 2: " in reply.message
    assert office.file == 'language = "ru"\nmax_attempts = "many"\n'


def test_a_file_that_cannot_be_changed_for_sure_is_left_alone(office: Office) -> None:
    text = 'language = """\nru"""\n'
    office.write(text)
    reply = office.change(language="en")
    assert not reply.ok
    assert str(office.paths.settings) in reply.message
    assert "Nothing was changed" in reply.message
    assert office.file == text
    assert office.followed == []


@pytest.mark.parametrize("changes", [None, [], {"language": None}, {"language": ["ru"]}])
def test_what_is_no_change_changes_nothing(office: Office, changes: JSON) -> None:
    assert office.ask("change_settings", changes=changes).changed is False


def test_the_about_window_is_told_what_only_the_app_knows(office: Office) -> None:
    office.write("broken")
    value = office.ask("about").value
    assert value == {"sqlite": sqlite3.sqlite_version, "data_dir": str(office.paths.data_dir)}
