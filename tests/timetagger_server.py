"""The real TimeTagger server from PyPI, in a process of its own; one serves all tests of a run.

Each test is a user of its own, so that none disturbs another; `WebApp` is what that user does in
the browser meanwhile.
"""

from __future__ import annotations

import atexit
import base64
import functools
import http.client
import itertools
import json
import math
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt

from tests.strays import share

PASSWORD = "canary-password-of-timetagger"  # noqa: S105  # it opens nothing but this server
PREFIX = "/timetagger/api/v2"
_USERS = 1500
_PATIENCE_SECONDS = 15.0
_POLL_SECONDS = 0.05
# It ends with the tests, also when these are killed: its standard input ends then.
_PROGRAM = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
runpy.run_module("timetagger", run_name="__main__", alter_sys=True)
"""
_numbers = itertools.count()


@functools.cache
def server_address() -> str:
    """`http://127.0.0.1:port` of the server; started by whoever asks first."""
    port, data = _free_port(), Path(tempfile.mkdtemp(prefix="timetagger-"))
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("COV", "TIMET"))
    }
    environment["TIMETAGGER_CREDENTIALS"] = ",".join(f"user{n}:{hashed}" for n in range(_USERS))
    with (data / "log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603  # what pip installed
            [sys.executable, "-c", _PROGRAM, f"--bind=127.0.0.1:{port}", f"--datadir={data}"],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=data,
        )
    atexit.register(_end, process, data)
    share(process)
    ends, pause = time.monotonic() + _PATIENCE_SECONDS, threading.Event()
    while not _answers(port):
        assert process.poll() is None, (data / "log").read_text()
        assert time.monotonic() < ends, "the TimeTagger server does not start"
        pause.wait(_POLL_SECONDS)
    return f"http://127.0.0.1:{port}"


def next_user() -> str:
    """Somebody nobody has been yet."""
    return f"user{next(_numbers)}"


@dataclass(slots=True)
class WebApp:
    """The user in the web app: reads and writes records as it does, with the time of now."""

    user: str
    token: str = field(default="", repr=False)
    _newest_mt: int = 0

    def __post_init__(self) -> None:
        login = {"method": "usernamepassword", "username": self.user, "password": PASSWORD}
        body = base64.b64encode(json.dumps(login).encode()).decode()
        self.token = str(self.ask("POST", "/bootstrap_authentication", body)["token"])

    def api_token(self, *, reset: bool = False) -> str:
        return str(self.ask("GET", f"/apitoken?reset={int(reset)}")["token"])

    def reset_web_tokens(self) -> None:
        """Sign out everywhere else."""
        self.token = str(self.ask("GET", "/webtoken?reset=1")["token"])

    def force_reset(self) -> None:
        """As after a restored backup: what is older than now is refused."""
        self.ask("PUT", "/forcereset")

    @property
    def everything(self) -> list[dict[str, object]]:
        """All records, removed ones too, by their begin."""
        found = self.ask("GET", "/updates?since=0")["records"]
        assert isinstance(found, list)
        return sorted(found, key=lambda record: (record["t1"], record["key"]))

    @property
    def records(self) -> list[dict[str, object]]:
        return [one for one in self.everything if not str(one["ds"]).startswith("HIDDEN")]

    @property
    def record(self) -> dict[str, object]:
        """The only one."""
        (found,) = self.records
        return found

    def put(self, **record: object) -> None:
        """A record of the user's own, or a newer version of one."""
        self._newest_mt = max(self._newest_mt + 1, math.ceil(time.time()))
        answer = self.ask("PUT", "/records", json.dumps([{**record, "mt": self._newest_mt}]))
        assert answer["accepted"] == [record["key"]], answer

    def edit(self, record: dict[str, object], **changes: object) -> None:
        self.put(**{**record, **changes})

    def stop(self, record: dict[str, object], seconds: int = 3600) -> None:
        """End a running record so long after its begin."""
        self.edit(record, t2=_number(record["t1"]) + seconds)

    def remove(self, record: dict[str, object]) -> None:
        self.edit(record, ds=f"HIDDEN {record['ds']}")

    def remove_all(self) -> None:
        for record in self.records:
            self.remove(record)

    def ask(self, method: str, path: str, body: str | None = None) -> dict[str, object]:
        address = urlsplit(server_address())
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
        try:
            connection.request(method, PREFIX + path, body, {"authtoken": self.token})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == http.HTTPStatus.OK, text
        found: dict[str, object] = json.loads(text)
        return found


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", f"{PREFIX}/version")
        return connection.getresponse().read().startswith(b"unauthorized")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes], data: Path) -> None:
    process.kill()
    process.communicate()
    shutil.rmtree(data, ignore_errors=True)
