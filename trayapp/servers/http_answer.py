"""Answer: what a server said, read as far as an adapter may trust it. Pure, but `read_answer`."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from dataclasses import field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from trayapp.light import dataclass
from trayapp.log import HIDDEN, redact

if TYPE_CHECKING:
    import requests

_MAX_WORDS = 200
_CHUNK_BYTES = 64 * 1024
_LARGEST = 2**63 - 1
_MOST_PLAIN = 4096
_LONGEST_PAUSE = timedelta(days=30)
_WORDS_AT = ("message", "error_description", "detail", "error", "title", "errors")
_OPAQUE = re.compile(r"(?<![\w-])[\w+/-]{24,}=*(?![\w-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `json` means something only where `is_json` is true.

    `is_html`: a web page came where the API was expected. `plain`: the beginning of a plain text,
    for the one server that answers so; here it is no words of a server's.
    """

    status: int
    json: object = None
    is_json: bool = False
    is_html: bool = False
    plain: str = ""
    retry_after: timedelta | datetime | None = None
    date: datetime | None = field(default=None, compare=False)
    """The server's time when it said so; None where it tells none, or the answer was kept."""

    @property
    def is_success(self) -> bool:
        """Whether its status is a 2xx."""
        return 200 <= self.status <= 299  # noqa: PLR2004  # what 2xx means

    @property
    def status_line(self) -> str:
        """`422 Unprocessable Entity`."""
        return f"{self.status} {phrase_of(self.status)}"

    def field(self, name: str) -> object:
        """A member of the JSON object; None when there is none."""
        return self.json.get(name) if isinstance(self.json, dict) else None

    def words(self) -> str:
        """The server's own words, one line of bounded length without secrets, or empty."""
        for name in _WORDS_AT:
            text = _first_text(self.field(name))
            if text:
                return clean_words(text)
        return ""


def phrase_of(status: int) -> str:
    """The standard's phrase for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown Status"


def clean_words(text: str) -> str:
    """One line of at most 200 characters, without control characters and secrets.

    What looks random goes: servers quote the token they refuse.
    """
    shown = "".join(" " if unicodedata.category(c)[0] == "C" else c for c in text[:10_000])
    shown = _OPAQUE.sub(_hide_opaque, redact(" ".join(shown.split())))
    return shown if len(shown) <= _MAX_WORDS else shown[: _MAX_WORDS - 1] + "…"


def _hide_opaque(match: re.Match[str]) -> str:
    text = match[0]
    is_random = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    return HIDDEN if is_random and _UUID.fullmatch(text) is None else text


def _first_text(value: object) -> str:
    """The first text in what may be a text, a list, or messages by field, to a small depth."""
    for _ in range(4):
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
        elif isinstance(value, list):
            value = value[0] if value else None
    return value.strip() if isinstance(value, str) else ""


def parse_retry_after(value: str | None) -> timedelta | datetime | None:
    """`Retry-After` in either form, seconds or a date; None when absent or not readable."""
    text = (value or "").strip()
    if text.isascii() and text.isdecimal():
        longest = int(_LONGEST_PAUSE.total_seconds())
        return timedelta(seconds=min(int(text[:12]), longest))
    return parse_date(text)


def parse_date(text: str) -> datetime | None:
    """A date as HTTP writes it; None when it is not readable."""
    if not text:
        return None
    try:
        at = parsedate_to_datetime(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _parsed(content: bytes) -> object:
    """What the text says in JSON. Raises ValueError, RecursionError.

    Python would take more than JSON has: numbers that are none or beyond all bounds, and halves
    of characters, which neither a database nor a window takes.
    """
    parsed: object = _DECODER.decode(content.decode("utf-8-sig"))
    if b"\\u" in content:
        json.dumps(parsed, ensure_ascii=False).encode()
    return parsed


def _bounded(text: str) -> int:
    number = int(text)
    if abs(number) > _LARGEST:
        msg = "larger than any time or count"
        raise ValueError(msg)
    return number


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        msg = "not a number to count with"
        raise ValueError(msg)
    return number


_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite, parse_int=_bounded)


def answer_of(response: requests.Response, content: bytes) -> Answer:
    """What a response says; `content` is its body, whole."""
    start = content[:512].lstrip().lower()
    kind = response.headers.get("Content-Type", "").lower()
    try:
        parsed = _parsed(content)
        is_json = True
    except (ValueError, RecursionError):
        parsed, is_json = None, False
    is_plain = kind.startswith("text/plain")
    date = None if "Age" in response.headers else parse_date(response.headers.get("Date", ""))
    return Answer(
        status=response.status_code,
        json=parsed,
        is_json=is_json,
        is_html=not is_json and ("html" in kind or start.startswith((b"<!doctype", b"<html"))),
        plain=content[:_MOST_PLAIN].decode(errors="replace").strip() if is_plain else "",
        retry_after=_pause(parse_retry_after(response.headers.get("Retry-After")), date),
        date=date,
    )


def read_answer(response: requests.Response, most: int) -> Answer:
    """The whole answer, read now; what has more bytes counts as unreadable."""
    content = bytearray()
    try:
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            content += chunk
            if len(content) > most:
                content.clear()
                break
    finally:
        # Returns the connection when everything was read, else closes it.
        response.raw.close() if not response.raw.closed else response.raw.release_conn()
    return answer_of(response, bytes(content))


def _pause(
    after: timedelta | datetime | None, date: datetime | None
) -> timedelta | datetime | None:
    """How long: of two of the server's times, whatever our own clock says."""
    return after - date if isinstance(after, datetime) and date is not None else after
