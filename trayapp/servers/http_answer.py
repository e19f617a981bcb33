"""Answer: what a server said, read as far as an adapter may trust it. Pure."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from trayapp.log import HIDDEN, redact

if TYPE_CHECKING:
    import requests

_MAX_WORDS = 200
_LONGEST_PAUSE = timedelta(days=30)
_WORDS_AT = ("message", "error_description", "detail", "error", "title", "errors")
_OPAQUE = re.compile(r"(?<![\w-])[\w+/-]{24,}=*(?![\w-])")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer. `json` means something only where `is_json` is true.

    `is_html`: a web page came where the API was expected.
    """

    status: int
    json: object = None
    is_json: bool = False
    is_html: bool = False
    retry_after: timedelta | datetime | None = None

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
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def answer_of(response: requests.Response, content: bytes) -> Answer:
    """What a response says; `content` is its body, whole."""
    start = content[:512].lstrip().lower()
    kind = response.headers.get("Content-Type", "").lower()
    try:
        parsed: object = json.loads(content)
        is_json = True
    except (ValueError, RecursionError):
        parsed, is_json = None, False
    return Answer(
        status=response.status_code,
        json=parsed,
        is_json=is_json,
        is_html=not is_json and ("html" in kind or start.startswith((b"<!doctype", b"<html"))),
        retry_after=parse_retry_after(response.headers.get("Retry-After")),
    )
