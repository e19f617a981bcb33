"""Somebody who asks the strict Hubnity fake by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from tests.fakes import FakeClock
from tests.hubnity_server import DIALECTS, FEB, FakeHubnity
from trayapp.servers.wsgi import session_of

NOW = "2026-01-08T09:00:00.000Z"
KEY = "0b0e8b7c-6d0a-4c1e-9a57-0d5a3c1f0001"
ACTIVE = "User already has an active time entry. Please stop or pause the existing entry first."


@dataclass(slots=True)
class Caller:
    """Somebody with curl."""

    app: FakeHubnity
    clock: FakeClock
    token: str = ""

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        """Status and body."""
        status, answer, _ = self.raw(method, path, "" if body is None else json.dumps(body))
        return status, answer

    def raw(self, method: str, path: str, content: str) -> tuple[int, object, dict[str, str]]:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        session = session_of(self.app)
        url = f"http://hubnity.invalid{self.app.prefix}{path}"
        response = session.request(method, url, data=content.encode(), headers=headers)
        answer = response.json() if response.content else None
        return response.status_code, answer, dict(response.headers)

    def words(self, method: str, path: str, body: object = None) -> tuple[int, object]:
        """Status and message."""
        status, answer = self.ask(method, path, body)
        assert isinstance(answer, dict)
        return status, answer.get("message")

    def started(self, **fields: object) -> dict[str, object]:
        status, answer = self.ask("POST", "/time-entries", self.start(**fields))
        assert status == 201
        assert isinstance(answer, dict)
        return answer

    def start(self, **fields: object) -> dict[str, object]:
        return {"userId": self.app.me.id, "projectId": self.app.website.id, **fields}

    def changed(self, entry: dict[str, object], path: str, **fields: object) -> dict[str, object]:
        method = "PUT" if path else "PATCH"
        status, answer = self.ask(method, f"/time-entries/{entry['id']}{path}", fields)
        assert status == 200
        assert isinstance(answer, dict)
        return answer

    def item(self, **fields: object) -> dict[str, object]:
        times = {"startTime": NOW, "endTime": "2026-01-08T10:00:00.000Z", "duration": 60}
        return {"idempotencyKey": KEY, **self.start(), **times, **fields}

    def sync(self, *items: object) -> tuple[int, object]:
        return self.ask("POST", "/time-entries/sync", {"entries": list(items)})


def caller_of(dialect: str, *, production: bool = False) -> Caller:
    clock = FakeClock()
    app = FakeHubnity(clock, dialect, production=production)
    return Caller(app, clock, app.tokens.issue(app.me)["access_token"])


@pytest.fixture(params=DIALECTS)
def any_(request: pytest.FixtureRequest) -> Caller:
    return caller_of(request.param)


@pytest.fixture
def feb() -> Caller:
    return caller_of(FEB)
