"""What the strict Hubnity fake keeps, and the fields its bodies may have."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.hubnity_server_checks import anything, date, description, integer, key, status, text

CREATE = (
    {"userId": text},
    {"projectId": text, "description": description, "startTime": date, "status": status},
)
CHANGE: dict[str, Callable[[object], str]] = {
    "startTime": date,
    "endTime": date,
    "duration": integer,
    "status": status,
    "description": description,
    "projectId": text,
}
BATCHED = (
    {"idempotencyKey": key, "userId": text, "startTime": date},
    {
        "projectId": text,
        "endTime": date,
        "duration": anything,
        "description": description,
        "status": status,
        "timezone": text,
    },
)


@dataclass(slots=True, kw_only=True)
class User:
    """Somebody of the company."""

    id: str
    email: str
    password: str
    role: str = "EMPLOYEE"
    beat_ms: int | None = None


@dataclass(slots=True, kw_only=True)
class Project:
    """A project of the company."""

    id: str
    name: str
    archived: bool = False


@dataclass(slots=True, kw_only=True)
class Entry:
    """One record of the database."""

    user_id: str
    project_id: str | None
    start_ms: int
    created_ms: int
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    end_ms: int | None = None
    duration: int = 0
    note: str | None = None
    status: str = "RUNNING"
    updated_ms: int = 0
    key: str | None = None
