"""Recorder: a server that keeps what it is asked and answers as told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from wsgiref.types import StartResponse, WSGIEnvironment

from trayapp.servers.http import HttpClient
from trayapp.servers.wsgi import session_of


@dataclass(slots=True)
class Recorder:
    """A WSGI app that keeps what it is asked and answers as told."""

    status: int = 200
    content: bytes = b"{}"
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    seen: list[WSGIEnvironment] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.seen.append(environ)
        self.bodies.append(environ["wsgi.input"].read())
        headers = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.content))),
            *self.headers.items(),
        ]
        start_response(f"{self.status} Told", headers)
        return [self.content]


def inside(app: Recorder) -> HttpClient:
    return HttpClient("http://inside.invalid", make_session=lambda: session_of(app))
