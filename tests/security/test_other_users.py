"""The control channel and a real other user of this computer, on either side of it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tests.integration.control_support import WAIT_SECONDS, FakeApp, echoing, serving
from tests.security.strangers import NOBODY, as_nobody, as_root
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import UnsafeChannelError
from trayapp.control.loopback import FILE_NAME, LoopbackEndpoint, Note
from trayapp.control.messages import Request
from trayapp.control.unix_socket import SOCKET_NAME

pytestmark = as_root

CALLER = """
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
    peer.settimeout(20)
    try:
        peer.connect(sys.argv[1])
        peer.sendall(b'{"name":"start","arguments":{},"stamp":null}\\n')
        print("answer", repr(peer.recv(65536)))
    except OSError as error:
        print(type(error).__name__)
"""
READER = """
import sys
try:
    print(open(sys.argv[1]).read())
except OSError as error:
    print(type(error).__name__)
"""
PORT_CALLER = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as peer:
    peer.sendall(bytes(32))
    told = peer.recv(64, socket.MSG_WAITALL)
    peer.sendall(told[32:])
    print(len(told), "bytes, then", "more" if peer.recv(1) else "the end")
"""
COMMAND = """
import sys
from pathlib import Path
from trayapp.control.client import ControlClient
from trayapp.control.endpoint import ChannelError
from trayapp.control.messages import Request
try:
    ControlClient(Path(sys.argv[1])).ask(Request("start"), 20)
except ChannelError as error:
    print(type(error).__name__)
"""


@pytest.fixture(name="directory")
def _directory(runtime: Path) -> Path:
    return runtime / "trayapp"


def test_another_user_does_not_get_as_far_as_the_socket(directory: Path) -> None:
    app = echoing()
    with serving(directory, app):
        directory.parent.chmod(0o755)
        assert as_nobody(CALLER, str(directory / SOCKET_NAME)) == "PermissionError"
        assert as_nobody(COMMAND, str(directory)) == "UnsafeChannelError"


def test_another_user_who_gets_there_is_not_heard(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []
    app = FakeApp(lambda request, _responder: asked.append(request.name))
    with serving(directory, app):
        for path, mode in (
            (directory.parent, 0o755),
            (directory, 0o755),
            (directory / SOCKET_NAME, 0o666),
        ):
            path.chmod(mode)
        told = as_nobody(CALLER, str(directory / SOCKET_NAME))
    assert told in {"answer b''", "ConnectionResetError", "BrokenPipeError"}
    assert asked == []
    assert f"User {NOBODY} is not let in" in caplog.text


def test_another_user_who_finds_the_port_does_not_know_the_secret(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []
    app = FakeApp(lambda request, _responder: asked.append(request.name))
    with serving(directory, app, endpoint=LoopbackEndpoint()):
        note = Note.read(directory)
        for path in (directory.parent, directory):
            path.chmod(0o755)
        file = str(directory / FILE_NAME)
        assert as_nobody(READER, file) == "PermissionError"
        assert as_nobody(PORT_CALLER, str(note.port)) == "64 bytes, then the end"
    assert asked == []
    assert "does not know the secret is not let in" in caplog.text


def test_nothing_is_said_to_a_program_of_another_user(directory: Path) -> None:
    directory.mkdir(mode=0o700)
    # Made by one and handed to another: who listens is what counts.
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with listener:
        listener.bind(str(directory / SOCKET_NAME))
        os.seteuid(NOBODY)
        try:
            listener.listen()
        finally:
            os.seteuid(0)
        with pytest.raises(UnsafeChannelError, match="belongs to another user"):
            ControlClient(directory).ask(Request("start"), WAIT_SECONDS)
        listener.settimeout(WAIT_SECONDS)
        peer, _address = listener.accept()
        with peer:
            assert peer.recv(65536) == b""
