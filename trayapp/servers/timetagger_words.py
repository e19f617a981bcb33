"""How a TimeTagger server says no: in plain text. Load late: needs requests.

Every other server answers in JSON, and so the common tables read nothing else. This transport
puts the text where they look for words.
"""

# ruff: noqa: FBT001, FBT002  # the signature of `send` is that of requests

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.response import BaseHTTPResponse

from trayapp.servers.http import new_session

_FIRST_NO = 400
_MOST_BYTES = 4096
_MOST_READS = 2  # what comes in more pieces is none of its short sentences


class PlainTextAdapter(HTTPAdapter):
    """The transport of requests; a refusal in plain text becomes `{"message": text}`."""

    def __init__(self, heard: Callable[[int, str], None]) -> None:
        """`heard` is told the status and the text of each such refusal."""
        super().__init__()
        self._heard = heard

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        response = super().send(request, stream, timeout, verify, cert, proxies)
        kind = response.headers.get("Content-Type", "").lower()
        if response.status_code < _FIRST_NO or not kind.startswith("text/plain"):
            return response
        text = _text_of(response.raw)
        self._heard(response.status_code, text)
        response.raw = HTTPResponse(
            body=io.BytesIO(json.dumps({"message": text}).encode()),
            status=response.status_code,
            preload_content=False,
            decode_content=False,
        )
        return response


def session_that_hears(heard: Callable[[int, str], None]) -> requests.Session:
    """A session as HttpClient makes them, with this transport."""
    session = new_session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, PlainTextAdapter(heard))
    return session


def _text_of(raw: BaseHTTPResponse) -> str:
    content = bytearray()
    try:
        for _ in range(_MOST_READS):
            if not (chunk := raw.read1(_MOST_BYTES, decode_content=True)):
                break
            content += chunk
    finally:
        # Returns the connection when everything was read, else closes it.
        raw.close() if not raw.closed else raw.release_conn()
    return content.decode(errors="replace").strip()
