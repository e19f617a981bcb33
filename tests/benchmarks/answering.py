"""A server in a process of its own that says yes at once, or after a delay: `DELAY_SECONDS`.

It answers events with what was sent, as the server inside does, any other POST with what was
posted, and a GET with all it was given, in order. Nothing is stored or checked, so that the
client's cost is what is measured.
"""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

_ROOT = Path(__file__).parents[2]
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
_HEAD_END = b"\r\n\r\n"


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    delay = 0.0
    given: list[str]


class _Connection(socketserver.BaseRequestHandler):
    request: socket.socket
    server: _Server

    def setup(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        kept = b""
        while True:
            while _HEAD_END not in kept:
                kept += self._more()
            head, _, kept = kept.partition(_HEAD_END)
            method, path = head.split(b" ", 2)[:2]
            length = _length_in(head)
            while len(kept) < length:
                kept += self._more()
            body, kept = kept[:length], kept[length:]
            self._answer(method, path.decode(), body)

    def _more(self) -> bytes:
        piece = self.request.recv(1 << 16)
        if not piece:
            raise SystemExit  # ends this thread alone
        return piece

    def _answer(self, method: bytes, path: str, body: bytes) -> None:
        if method == b"GET":
            content = json.dumps(self.server.given).encode()
        else:
            if self.server.delay:
                threading.Event().wait(self.server.delay)
            content = self._taken(path, body)
        head = _HEAD + str(len(content)).encode()
        self.request.sendall(head + _HEAD_END + content)

    def _taken(self, path: str, body: bytes) -> bytes:
        if path != "/events":
            self.server.given.append(path.rpartition("/")[2])
            return body
        sent = json.loads(body)["events"]
        self.server.given += [event["id"] for event in sent]
        told = [{"id": event["id"], "status": 201, "event": event} for event in sent]
        return json.dumps({"events": told}, ensure_ascii=False).encode()


def _length_in(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def main(delay: str) -> None:
    with _Server(("127.0.0.1", 0), _Connection) as server:
        server.delay, server.given = float(delay), []
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()  # it ends with whoever started it
        server.shutdown()


@dataclass(frozen=True, slots=True)
class Answering:
    """Such a server, seen from outside."""

    url: str

    def given(self) -> list[str]:
        """The ids of events, and the last part of each other path written to, in order."""
        found: list[str] = requests.get(self.url, timeout=30).json()
        return found


@contextmanager
def answering(delay: float = 0.0) -> Iterator[Answering]:
    with subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "tests.benchmarks.answering", str(delay)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Answering(f"http://127.0.0.1:{int(process.stdout.readline())}")
            process.communicate(timeout=10)
        finally:
            process.kill()


if __name__ == "__main__":
    main(sys.argv[1])
