"""What the strict Hubnity fake lets in: the fields of each body, and its refusals."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NoReturn

from trayapp.tracking.entry import from_ms, to_ms

Body = Mapping[str, object]
Check = Callable[[object], str]

_STATUSES = ("RUNNING", "PAUSED", "STOPPED")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?")


class Refusal(Exception):  # noqa: N818  # an answer, not a defect
    """An answer other than 2xx, with its body."""

    def __init__(self, status: HTTPStatus, body: Mapping[str, object]) -> None:
        super().__init__(status)
        self.status, self.body = status, body


def refusal(status: HTTPStatus, message: str | list[str]) -> Refusal:
    """The usual shape of a refusal."""
    body = {"message": message, "error": status.phrase, "statusCode": status.value}
    return Refusal(status, body)


def bad(message: str | list[str]) -> NoReturn:
    raise refusal(HTTPStatus.BAD_REQUEST, message)


def missing(message: str) -> NoReturn:
    raise refusal(HTTPStatus.NOT_FOUND, message)


def forbidden(message: str) -> NoReturn:
    raise refusal(HTTPStatus.FORBIDDEN, message)


def unauthorized() -> NoReturn:
    """The guard's shape has no `error`."""
    raise Refusal(HTTPStatus.UNAUTHORIZED, {"message": "Unauthorized", "statusCode": 401})


def broken() -> NoReturn:
    """The server's own defects, and its database's outages."""
    words = "Internal server error"
    raise Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, {"statusCode": 500, "message": words})


def text(value: object) -> str:
    return "" if isinstance(value, str) else "must be a string"


def description(value: object) -> str:
    too_long = isinstance(value, str) and len(value) > 5000
    return "must be shorter than or equal to 5000 characters" if too_long else text(value)


def date(value: object) -> str:
    good = isinstance(value, str) and _DATE.fullmatch(value) is not None
    return "" if good else "must be a valid ISO 8601 date string"


def integer(value: object) -> str:
    good = isinstance(value, int) and not isinstance(value, bool)
    return "" if good else "must be an integer number"


def boolean(value: object) -> str:
    return "" if isinstance(value, bool) else "must be a boolean value"


def status(value: object) -> str:
    words = "must be one of the following values: " + ", ".join(_STATUSES)
    return "" if value in _STATUSES else words


def anything(_value: object) -> str:
    """The batch route looks at no duration."""
    return ""


def key(value: object) -> str:
    try:
        good = isinstance(value, str) and uuid.UUID(value).version == 4
    except ValueError:
        good = False
    return "" if good else "must be a UUID"


def check(body: Body, needed: Mapping[str, Check], optional: Mapping[str, Check]) -> None:
    """Refuse fields that are unknown, missing or of the wrong kind: all of them in one list."""
    wrong = complaints(body, needed, optional)
    if wrong:
        bad(wrong)


def complaints(
    body: Body, needed: Mapping[str, Check], optional: Mapping[str, Check], prefix: str = ""
) -> list[str]:
    known = {**needed, **optional}
    wrong = [f"{prefix}property {name} should not exist" for name in body if name not in known]
    for name, test in known.items():
        value = body.get(name)
        if value is None and name in optional:
            continue
        words = test(value)
        if words:
            wrong.append(f"{prefix}{name} {words}")
    return wrong


def ms_of(value: object) -> int:
    """A time as the server takes it: a naive one in its own zone, parts of a millisecond cut."""
    at = datetime.fromisoformat(str(value))
    return to_ms(at if at.tzinfo else at.replace(tzinfo=UTC))


def iso(ms: int | None) -> str | None:
    if ms is None:
        return None
    return from_ms(ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
