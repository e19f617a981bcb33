"""HubnityApi: the routes of a Hubnity server, each an answer that was read or an Outcome.

Runs on the sync thread; each call blocks for its requests and never raises. What the session has
learned (who we are, the projects, whether there is a batch route) is kept as long as this object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from trayapp.accounts.tokens import RefreshError
from trayapp.servers.http import HttpClient
from trayapp.servers.http_answer import Answer
from trayapp.servers.http_outcomes import outcome_of_status
from trayapp.servers.hubnity_account import subject_of
from trayapp.servers.hubnity_answers import (
    is_no_route,
    outcome_of_change,
    outcome_of_create,
    outcome_of_read,
    read_only,
)
from trayapp.servers.hubnity_shapes import Record, Step, record_of, time_text
from trayapp.sync.outcome import AlreadySo, Doubtful, Outcome, Refused, WrongAddress
from trayapp.tracking.catalog import Catalog, Project

_NO_CONTENT, _BAD_REQUEST, _CONFLICT = 204, 400, 409
_EMPLOYEE = "EMPLOYEE"
_MOST_RECORDS = 500
_DAY_MS = 24 * 3600 * 1000
_MINUTE_MS = 60 * 1000


class HubnityApi:
    """One session with one server, as one user."""

    def __init__(self, client: HttpClient, access: Callable[[], str]) -> None:
        """`access` tells the access token; it may raise a RefreshError."""
        self._client = client
        self._access = access
        self._user_id = ""
        self._projects: tuple[Project, ...] | None = None
        self._has_sync: bool | None = None

    # -- who and where ---------------------------------------------------------------------

    def me(self) -> str | Outcome:
        """Ask who we are: the user's id."""
        user = self._me()
        return user if isinstance(user, Outcome) else user[0]

    def _me(self) -> tuple[str, str] | Outcome:
        """The user's id and role."""
        answer = self._client.get("/auth/me")
        if not isinstance(answer, Answer):
            return answer
        outcome = outcome_of_status(answer, repeatable=True)
        if outcome is not None:
            return outcome
        user_id, role = answer.field("id"), answer.field("role")
        if isinstance(user_id, str) and user_id:
            return user_id, role if isinstance(role, str) else ""
        return WrongAddress(f"HTTP {answer.status}: the answer names no user")

    def catalog(self) -> Catalog | Outcome:
        """The company's active projects, asked for anew; employees need one for every entry."""
        user = self._me()
        if isinstance(user, Outcome):
            return user
        projects = self.projects(fresh=True)
        if isinstance(projects, Outcome):
            return projects
        return Catalog(projects=projects, binds=True, needed=user[1] == _EMPLOYEE)

    def user_id(self) -> str | Outcome:
        """The user's id: it stands in the access token, so there is rarely a need to ask."""
        try:
            self._user_id = self._user_id or subject_of(self._access())
        except RefreshError:
            self._user_id = ""  # asking meets the same trouble, and tells it
        found = self._user_id or self.me()
        if isinstance(found, str):
            self._user_id = found
        return found

    @property
    def may_have_sync(self) -> bool:
        """Whether a batch route is not known to be missing."""
        return self._has_sync is not False

    def has_sync(self) -> bool | Outcome:
        """Whether there is a batch route; found out once, with a batch that holds nothing."""
        if self._has_sync is None:
            answer = self._client.send("POST", "/time-entries/sync", {"entries": []})
            if not isinstance(answer, Answer):
                return read_only(answer)
            if answer.status != _BAD_REQUEST and not is_no_route(answer):
                unexpected = WrongAddress(f"HTTP {answer.status}: an empty batch was taken")
                return outcome_of_status(answer, repeatable=True) or unexpected
            self._has_sync = answer.status == _BAD_REQUEST
        return self._has_sync

    def projects(self, *, fresh: bool = False) -> tuple[Project, ...] | Outcome:
        """The company's active projects; asked for once unless `fresh`."""
        if self._projects is None or fresh:
            answer = self._client.get("/projects/active")
            rows = _rows_of(answer)
            if isinstance(rows, Outcome):
                return rows
            found = [(row.get("id"), row.get("name")) for row in rows]
            self._projects = tuple(
                Project(id=project_id, name=name)
                for project_id, name in found
                if isinstance(project_id, str) and isinstance(name, str)
            )
        return self._projects

    def project_id(self, project: str) -> str | Outcome:
        """The id of the project named so; empty for none, which the server may refuse."""
        if not project:
            return ""
        known, fresh = self._projects is not None, False
        while True:
            projects = self.projects(fresh=fresh)
            if isinstance(projects, Outcome):
                return projects
            found = _named(projects, project)
            if len(found) == 1:
                return found[0].id
            if fresh or not known:
                break
            fresh = True  # it may be newer than what we know
        if found:
            return Refused(f"Project '{project}' is the name of several projects on the server")
        return Refused(f"Project '{project}' is not an active project on the server")

    # -- entries ---------------------------------------------------------------------------

    def entry(self, remote_id: str) -> Record | Outcome:
        """One entry; Removed when it is gone."""
        answer = self._client.get(f"/time-entries/{remote_id}")
        if not isinstance(answer, Answer):
            return answer
        shown = WrongAddress(f"HTTP {answer.status}: the answer shows no entry")
        return outcome_of_read(answer) or record_of(answer.json) or shown

    def active(self) -> list[Record] | Outcome:
        """The entries that run or are paused: ours, and for an owner everybody's."""
        return _records_of(self._client.get("/time-entries/active"))

    def begun_about(self, first_ms: int, last_ms: int) -> list[Record] | Outcome:
        """The entries begun between two times, and some around them."""
        found: list[Record] | Outcome = []
        for span in (_DAY_MS, _MINUTE_MS):  # a day: a server may take the bounds for dates
            window = {
                "startDate": time_text(first_ms - span),
                "endDate": time_text(last_ms + span),
                "limit": str(_MOST_RECORDS),
            }
            found = _records_of(self._client.get("/time-entries", query=window))
            if isinstance(found, Outcome) or len(found) < _MOST_RECORDS:
                break
        return found

    def create(self, body: Mapping[str, object]) -> Record | Outcome:
        """A new active entry; Blocked when there is one already."""
        answer = self._client.send("POST", "/time-entries", body)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of_create(answer) or _shown(answer)

    def sync(self, items: Sequence[Mapping[str, object]]) -> dict[str, str] | Outcome:
        """Finished entries, each under its key, all or none: the server's ids by key.

        Sent twice they are there once. A single one that is there with other values is named too.
        """
        answer = self._client.send("POST", "/time-entries/sync", {"entries": items})
        if not isinstance(answer, Answer):
            return answer
        if answer.status == _CONFLICT:
            existing = answer.field("existingId")
            if len(items) == 1 and isinstance(existing, str):
                return {str(items[0]["idempotencyKey"]): existing}
            return AlreadySo(f"HTTP {answer.status}: {answer.words()}")
        return outcome_of_create(answer) or _ids_by_key(answer)

    def change(self, remote_id: str, step: Step) -> Record | Outcome:
        """A verb, or a PATCH with absolute values."""
        path = f"/time-entries/{remote_id}"
        if step.verb:
            answer = self._client.send("PUT", f"{path}/{step.verb}", {})
        else:
            answer = self._client.send("PATCH", path, step.fields)
        if not isinstance(answer, Answer):
            return answer
        return outcome_of_change(answer) or _shown(answer)

    def remove(self, remote_id: str) -> Outcome | None:
        """An entry goes for good; None: it has gone."""
        answer = self._client.send("DELETE", f"/time-entries/{remote_id}")
        if not isinstance(answer, Answer):
            return answer
        return None if answer.status == _NO_CONTENT else outcome_of_change(answer)

    def close(self) -> None:
        """Give up connections."""
        self._client.close()


def _shown(answer: Answer) -> Record | Outcome:
    words = f"HTTP {answer.status}: the answer shows no entry"
    return record_of(answer.json) or Doubtful(words, answered=True)


def _ids_by_key(answer: Answer) -> dict[str, str]:
    found = ((row.get("idempotencyKey"), row.get("id")) for row in _dicts(answer.field("entries")))
    return {key: name for key, name in found if isinstance(key, str) and isinstance(name, str)}


def _records_of(answer: Answer | Outcome) -> list[Record] | Outcome:
    rows = _rows_of(answer)
    if isinstance(rows, Outcome):
        return rows
    return [record for record in map(record_of, rows) if record is not None]


def _rows_of(answer: Answer | Outcome) -> list[dict[str, object]] | Outcome:
    if not isinstance(answer, Answer):
        return answer
    outcome = outcome_of_status(answer, repeatable=True)
    if outcome is not None:
        return outcome
    if not isinstance(answer.json, list):
        return WrongAddress(f"HTTP {answer.status}: the answer is no list")
    return _dicts(answer.json)


def _dicts(value: object) -> list[dict[str, object]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _named(projects: tuple[Project, ...], project: str) -> list[Project]:
    """Those with this id, else with this name, else with this name in other letters."""
    by_id = [one for one in projects if one.id == project]
    exact = [one for one in projects if one.name == project]
    return by_id or exact or [one for one in projects if one.name.casefold() == project.casefold()]
