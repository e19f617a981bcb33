"""Places and settings: where files live, and what a settings file may say."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import fields
from datetime import time
from pathlib import Path

import pytest

from trayapp.config import ConfigError, Paths, Settings, time_of_day

SOCKET_PATH_BYTES = 107


def test_the_users_paths_follow_the_environment(home: Path) -> None:
    paths = Paths.of_user()
    assert paths.config_dir == home / "xdg_config_home" / "trayapp"
    assert paths.data_dir == home / "xdg_data_home" / "trayapp"
    assert paths.state_dir == home / "xdg_state_home" / "trayapp"
    assert paths.channel_dir.parent == Path(os.environ["XDG_RUNTIME_DIR"])


def test_everything_can_live_under_one_directory(tmp_path: Path) -> None:
    root = tmp_path / "demo"
    paths = Paths.under(root)
    assert (paths.config_dir, paths.data_dir, paths.state_dir) == (
        root / "config",
        root / "data",
        root / "state",
    )


def test_every_file_has_its_place(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    data, state = tmp_path / "data", tmp_path / "state"
    assert paths.database == data / "trayapp.db"
    assert paths.embedded_database == data / "embedded.db"
    assert paths.instance_lock == data / "instance.lock"
    assert paths.writer_lock == data / "writer.lock"
    assert paths.settings == tmp_path / "config" / "settings.toml"
    assert paths.log == state / "trayapp.log"
    assert paths.last_seen == state / "last-seen"


def test_the_directories_are_made_closed_to_others_and_may_exist(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path / "new" / "root")
    paths.make()
    paths.make()
    made = (paths.config_dir, paths.data_dir, paths.state_dir)
    assert [oct(path.stat().st_mode & 0o777) for path in made] == ["0o700"] * 3


def test_a_file_where_a_directory_belongs_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="data"):
        Paths.under(tmp_path).make()


def test_two_homes_never_share_a_channel(tmp_path: Path) -> None:
    channels = {Paths.under(tmp_path / name).channel_dir for name in ("one", "two", "один")}
    assert len(channels) == 3
    assert Paths.under(tmp_path / "one").channel_dir in channels


@pytest.mark.parametrize("runtime", ["", "missing", "a file", "long" * 25])
def test_without_a_runtime_directory_the_channel_is_a_short_temporary_one(
    runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").write_text("", encoding="utf-8")
    (tmp_path / ("long" * 25)).mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / runtime) if runtime else "")
    channel = Paths.under(tmp_path / ("long" * 50)).channel_dir
    assert channel.parent.parent == Path(tempfile.gettempdir())
    assert len(bytes(channel / "socket")) < SOCKET_PATH_BYTES


def test_where_users_have_no_numbers_the_channel_is_in_the_users_own_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.delattr(os, "getuid")
    assert Paths.under(tmp_path).channel_dir == tmp_path / "data" / "channel"


def test_without_a_settings_file_the_defaults_hold(tmp_path: Path) -> None:
    assert Settings.read(tmp_path / "settings.toml") == Settings()


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_settings_file_says_only_what_differs(tmp_path: Path) -> None:
    path = write(tmp_path, 'language = "ru"\nmax_attempts = 3\nlook_seconds = 2\n')
    assert Settings.read(path) == Settings(language="ru", max_attempts=3, look_seconds=2)


def test_every_default_can_be_written_down(tmp_path: Path) -> None:
    default = Settings()
    lines = [f"{f.name} = {json.dumps(getattr(default, f.name))}" for f in fields(Settings)]
    assert Settings.read(write(tmp_path, "\n".join(lines))) == default


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("language = \n", "line 1", id="no TOML"),
        pytest.param("colour = 1", "unknown setting 'colour'; known are ca_file", id="unknown"),
        pytest.param("[section]\na = 1", "unknown setting 'section'", id="section"),
        pytest.param(
            'max_attempts = "5"', "'5' is not a positive whole number", id="text for a number"
        ),
        pytest.param(
            "max_attempts = 5.5", "5.5 is not a positive whole number", id="half an attempt"
        ),
        pytest.param("max_attempts = true", "True is not a positive whole number", id="yes"),
        pytest.param("max_attempts = 0", "0 is not a positive whole number", id="zero"),
        pytest.param("icon_size = -1", "-1 is not a positive whole number", id="negative"),
        pytest.param("look_seconds = -0.5", "-0.5 is not a positive number", id="no float"),
        pytest.param("look_seconds = true", "True is not a positive number", id="yes, seconds"),
        pytest.param("look_seconds = nan", "nan is not a positive number", id="no number"),
        pytest.param("look_seconds = inf", "larger than 1000000", id="for ever"),
        pytest.param("icon_size = 9999999", "larger than 1000000", id="too much"),
        pytest.param("icon_size = " + "9" * 5000, "digits", id="thousands of digits"),
        pytest.param("icon_size = " + "[" * 5000, "recursion", id="deep"),
        pytest.param("language = 5", "language is a text", id="number for a text"),
        pytest.param("notifications = 1", "notifications is either true or false", id="no truth"),
        pytest.param('quiet_from = "22"', "'22': it must be a time such as 22:00", id="no time"),
        pytest.param('quiet_to = "24:00"', "it must be a time such as 22:00", id="no such time"),
        pytest.param('quiet_from = "22:00"', "quiet_to is missing", id="no end"),
        pytest.param('quiet_to = "7:00"', "quiet_from is missing", id="no beginning"),
        pytest.param('icon_style = "template"', "must be one of colour, symbolic", id="no style"),
    ],
)
def test_a_wrong_setting_is_named(text: str, complaint: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        Settings.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert complaint in str(caught.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        pytest.param('# mine\n\nlanguage = "ru"\nmax_attempts = 0\n', "line 4: ", id="value"),
        pytest.param('language = "ru"\n"colour" = 1\n', "line 2: ", id="unknown and quoted"),
        pytest.param("max_attempts = 5\n[section]\na = 1\n", "line 2: ", id="section"),
        pytest.param('quiet_from = "22:00"\n', "quiet_to", id="one that is not there"),
    ],
)
def test_the_line_with_the_wrong_setting_is_told(text: str, place: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        Settings.read(path)
    assert str(caught.value).startswith(f"{path}: {place}")


def test_notifications_and_quiet_hours_are_read(tmp_path: Path) -> None:
    path = write(tmp_path, 'notifications = false\nquiet_from = "22:00"\nquiet_to = "7:30"\n')
    wanted = Settings(notifications=False, quiet_from="22:00", quiet_to="7:30")
    assert Settings.read(path) == wanted
    assert time_of_day(wanted.quiet_to) == time(7, 30)


def test_a_settings_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b'language = "\xff"')
    with pytest.raises(ConfigError, match="utf-8"):
        Settings.read(path)


def test_a_settings_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        Settings.read(tmp_path)
