"""What a JSON Web Token says of itself, read without the key: a hint, never a proof.

Pure and total: whatever is no such token says nothing. No token is logged or quoted here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

_MAX_CHARACTERS = 64 * 1024
_PARTS = 3


def claims(token: str) -> Mapping[str, object]:
    """The claims of `token`, unverified; empty when it is not such a token."""
    parts = token.split(".")
    if len(parts) != _PARTS or len(token) > _MAX_CHARACTERS:
        return {}
    import base64  # noqa: PLC0415  # with the first token

    try:
        padded = parts[1].encode("ascii") + b"=" * (-len(parts[1]) % 4)
        said: object = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        json.dumps(said, ensure_ascii=False).encode()  # half a character is no text
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def expires_at(token: str) -> datetime | None:
    """When `token` says that it ends; None when it does not say."""
    seconds = claims(token).get("exp")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
