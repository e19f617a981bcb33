"""Whose the channel is: the directory's owner and mode, the peer's user, the platform."""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

import pytest

from trayapp.control.choice import this_endpoint
from trayapp.control.endpoint import (
    ChannelError,
    UnsafeChannelError,
    check_directory,
    claim_directory,
    own_user,
)
from trayapp.control.loopback import LoopbackEndpoint
from trayapp.control.unix_socket import UnixEndpoint, peer_uid

_ME = os.geteuid()


class FakeOptions:
    """A socket that knows its peer's credentials as a BSD tells them."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        assert (level, option) == (0, 1)
        return struct.pack("=IIhxx16I", 0, 1234, 1, *range(16))[:size]


@pytest.fixture(name="directory")
def _directory(runtime: Path) -> Path:
    return runtime / "trayapp"


def test_the_directory_is_made_for_its_owner_only(home: Path) -> None:
    directory = home / "above" / "trayapp"

    claim_directory(directory)
    claim_directory(directory)

    assert directory.stat().st_mode & 0o777 == 0o700
    assert directory.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o770, 0o500])
def test_a_directory_others_may_enter_is_refused(directory: Path, mode: int) -> None:
    directory.mkdir()
    directory.chmod(mode)

    with pytest.raises(UnsafeChannelError, match="0700"):
        claim_directory(directory)

    assert directory.stat().st_mode & 0o777 == mode


def test_a_directory_of_another_user_is_refused(directory: Path) -> None:
    directory.mkdir(mode=0o700)

    with pytest.raises(UnsafeChannelError, match="another user"):
        check_directory(directory, user=_ME + 1)


def test_a_link_to_a_directory_is_refused(home: Path, directory: Path) -> None:
    elsewhere = home / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    directory.symlink_to(elsewhere)

    with pytest.raises(UnsafeChannelError, match="no directory"):
        claim_directory(directory)


def test_a_directory_that_others_could_replace_is_refused(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    directory.parent.chmod(0o777)

    with pytest.raises(UnsafeChannelError, match="replace"):
        claim_directory(directory)


def test_a_directory_below_a_sticky_one_is_good(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    directory.parent.chmod(0o1777)

    claim_directory(directory)


def test_a_file_in_the_directorys_place_is_told(directory: Path) -> None:
    directory.write_text("")

    with pytest.raises(ChannelError) as caught:
        claim_directory(directory)

    assert str(directory) in caught.value.title
    assert "hours are safe" in caught.value.message


def test_the_peer_of_our_own_socket_is_us() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert peer_uid(one) == _ME


def test_a_bsd_tells_the_peers_user_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED", raising=False)
    monkeypatch.setattr(socket, "LOCAL_PEERCRED", 1, raising=False)

    assert peer_uid(FakeOptions()) == 1234


def test_a_platform_that_does_not_tell_leaves_it_to_the_directory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(socket, "SO_PEERCRED", raising=False)
    monkeypatch.delattr(socket, "LOCAL_PEERCRED", raising=False)

    assert peer_uid(FakeOptions()) is None


def test_without_local_sockets_or_users_a_port_of_this_computer_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert isinstance(this_endpoint(), UnixEndpoint)
    with monkeypatch.context() as patch:
        patch.delattr(socket, "AF_UNIX")
        assert isinstance(this_endpoint(), LoopbackEndpoint)
    with monkeypatch.context() as patch:
        patch.delattr(os, "geteuid")
        assert isinstance(this_endpoint(), LoopbackEndpoint)
        assert own_user() is None


def test_where_users_have_no_numbers_a_directory_has_to_be_one_and_no_link(
    home: Path, directory: Path
) -> None:
    directory.mkdir(mode=0o755)
    link = home / "link"
    link.symlink_to(directory)

    check_directory(directory, user=None)
    with pytest.raises(UnsafeChannelError, match="no directory"):
        check_directory(link, user=None)
