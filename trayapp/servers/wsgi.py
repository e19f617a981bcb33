"""A `requests` session that calls a WSGI app instead of the network. Load late: needs requests.

The app is called on the thread that makes the request.
"""

# ruff: noqa: ARG002, FBT001, FBT002  # the signature of `send` is that of requests

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TypeAlias
from urllib.parse import unquote, urlsplit
from wsgiref.types import WSGIApplication, WSGIEnvironment

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse

_Headers: TypeAlias = list[tuple[str, str]]
_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None
)


def session_of(app: WSGIApplication) -> requests.Session:
    """A session whose every request `app` answers; the environment is not looked at."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, WsgiAdapter(app))
    return session


class WsgiAdapter(BaseAdapter):
    """A transport of requests that ends in a WSGI app of this process."""

    def __init__(self, app: WSGIApplication) -> None:
        super().__init__()
        self._app = app

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        started: list[tuple[str, _Headers]] = []

        def start_response(
            status: str, headers: _Headers, _exc_info: _ExcInfo = None, /
        ) -> Callable[[bytes], object]:
            started.append((status, headers))
            return lambda _content: None

        content = b"".join(self._app(_environ(request), start_response))
        return _response(request, *started[-1], content)

    def close(self) -> None:
        """There is no connection to give up."""


def _response(
    request: requests.PreparedRequest, status: str, headers: _Headers, content: bytes
) -> requests.Response:
    code, _, reason = status.partition(" ")
    response = requests.Response()
    response.status_code, response.reason = int(code), reason
    response.headers.update(headers)
    response.request, response.url = request, str(request.url)
    response.raw = HTTPResponse(
        body=io.BytesIO(content),
        headers=HTTPHeaderDict(headers),
        status=int(code),
        reason=reason,
        preload_content=False,
    )
    return response


def _environ(request: requests.PreparedRequest) -> WSGIEnvironment:
    url = urlsplit(str(request.url))
    body: bytes | str | io.BytesIO | None = request.body  # a stream where HttpClient made it
    if isinstance(body, io.BytesIO):
        body = body.read()
    content = body.encode() if isinstance(body, str) else body or b""
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(url.path),
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname,
        "SERVER_PORT": str(url.port or 80),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(content)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": io.BytesIO(content),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ
