"""The books of the strict Hubnity fake: its entries, and the rules that its answers follow."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from http import HTTPStatus

from tests.hubnity_server_checks import (
    Body,
    Refusal,
    bad,
    check,
    complaints,
    forbidden,
    iso,
    missing,
    ms_of,
)
from tests.hubnity_server_records import BATCHED, CHANGE, CREATE, Entry, Project, User
from trayapp.clock import Clock
from trayapp.tracking.entry import to_ms

_HOUR_MS = 3_600_000
_ACTIVE = ("RUNNING", "PAUSED")
_IN_THE_WAY = (
    "User already has an active time entry. Please stop or pause the existing entry first."
)


class Books:
    """Entries, projects and users. Not serialised: the app lets in one at a time.

    `counts_itself`: told the end of what runs, it counts the duration whatever it is told.
    """

    def __init__(self, clock: Clock, *, is_feb: bool) -> None:
        self._clock = clock
        self.is_feb = is_feb
        self.counts_itself = False
        self.entries: dict[str, Entry] = {}
        self.projects: dict[str, Project] = {}
        self.users: dict[str, User] = {}

    @property
    def now(self) -> int:
        return to_ms(self._clock.now())

    def shown(self, entry: Entry) -> dict[str, object]:
        """An entry as the server shows it."""
        project = self.projects.get(entry.project_id or "")
        user = self.users[entry.user_id]
        answer: dict[str, object] = {
            "id": entry.id,
            "userId": entry.user_id,
            "projectId": entry.project_id,
            "startTime": iso(entry.start_ms),
            "endTime": iso(entry.end_ms),
            "duration": entry.duration,
            "description": entry.note,
            "status": entry.status,
            "createdAt": iso(entry.created_ms),
            "updatedAt": iso(entry.updated_ms),
            "user": {"id": user.id, "name": user.email, "email": user.email},
            "project": project and {"id": project.id, "name": project.name, "color": "#3b82f6"},
        }
        if self.is_feb:
            answer |= {"approvalStatus": "PENDING", "approvedBy": None, "approvedAt": None}
            answer |= {"rejectionComment": None, "idempotencyKey": entry.key, "timezone": None}
        return answer

    # -- routes ----------------------------------------------------------------------------

    def create(self, user: User, body: Body) -> Entry:
        needed, optional = CREATE
        check(body, needed, optional)
        if body["userId"] != user.id:
            forbidden("You can only create time entries for yourself")
        project = self._bookable(user, body, "Project is required for employees...")
        start_ms = self.now if body.get("startTime") is None else ms_of(body["startTime"])
        if start_ms > self.now + _HOUR_MS:
            bad("Start time cannot be more than 1 hour in the future")
        if self._active_of(user.id):
            bad(_IN_THE_WAY)
        return self._keep(
            Entry(
                user_id=user.id,
                project_id=project,
                start_ms=start_ms,
                created_ms=self.now,
                note=_text(body.get("description")),
                status=str(body.get("status") or "RUNNING"),
            )
        )

    def listed(self, user: User, query: Mapping[str, str], *, mine: bool = False) -> list[Entry]:
        """Those begun in the window, newest first; owners see everybody's."""
        limit = int(query.get("limit", "100"))
        if limit > 1000:
            bad(["limit must not be greater than 1000"])
        first = ms_of(query["startDate"]) if "startDate" in query else 0
        last = ms_of(query["endDate"]) if "endDate" in query else self.now * 2
        found = [
            entry
            for entry in self.entries.values()
            if first <= entry.start_ms <= last and self._sees(user, entry, mine=mine)
        ]
        return sorted(found, key=lambda entry: -entry.start_ms)[:limit]

    def active(self, user: User) -> list[Entry]:
        shown = (entry for entry in self.entries.values() if entry.status in _ACTIVE)
        return [entry for entry in shown if self._sees(user, entry)]

    def found(self, entry_id: str) -> Entry:
        if entry_id not in self.entries:
            missing(f"Time entry with ID {entry_id} not found")
        return self.entries[entry_id]

    def apply(self, user: User, entry_id: str, verb: str) -> Entry:
        """A verb, at the server's time."""
        entry = self.found(entry_id)
        if entry.user_id != user.id:
            forbidden(f"You can only {verb} your own time entries")
        {"pause": self._pause, "resume": self._resume, "stop": self._stop}[verb](entry)
        return self._keep(entry)

    def change(self, entry_id: str, body: Body) -> Entry:
        entry = self.found(entry_id)
        check(body, {}, CHANGE)
        start_ms = entry.start_ms if body.get("startTime") is None else ms_of(body["startTime"])
        if body.get("endTime") is not None:
            end_ms = ms_of(body["endTime"])
            if end_ms <= start_ms:
                bad("End time must be after start time")
            if entry.status == "RUNNING":
                entry.status = "STOPPED"
                counted = entry.duration + (end_ms - start_ms) // 1000
                told = None if self.counts_itself else body.get("duration")
                body = {**body, "duration": counted if told is None else told}
            entry.end_ms = end_ms
        entry.start_ms = start_ms
        if body.get("duration") is not None:
            entry.duration = int(str(body["duration"]))
        entry.status = str(body.get("status") or entry.status)
        entry.note = _text(body.get("description", entry.note))
        entry.project_id = _text(body.get("projectId", entry.project_id))
        return self._keep(entry)

    def sync(self, body: Body) -> list[tuple[Entry, str]]:
        """All items or none: each with "created" or "skipped"."""
        items = body.get("entries")
        rows = [row for row in items if isinstance(row, dict)] if isinstance(items, list) else []
        if not rows:
            bad("At least one entry required")
        if len(rows) > 100:
            bad("Maximum 100 entries per request")
        wrong = [
            words
            for place, row in enumerate(rows)
            for words in complaints(row, *BATCHED, prefix=f"entries.{place}.")
        ]
        if wrong:
            bad(wrong)
        before = copy.deepcopy(self.entries)
        try:
            return [self._batched(row) for row in rows]
        except Refusal:
            self.entries = before
            raise

    def remove(self, user: User, entry_id: str) -> None:
        if self.found(entry_id).user_id != user.id:
            forbidden("You can only delete your own time entries")
        del self.entries[entry_id]

    def sweep(self, threshold_seconds: int = 300) -> None:
        """What happens each full minute: whose last heartbeat is too old is paused."""
        for user in self.users.values():
            late = user.beat_ms is not None and self.now - user.beat_ms > threshold_seconds * 1000
            for entry in self._active_of(user.id) if late else []:
                if entry.status == "RUNNING":
                    self._pause(entry)
                    self._keep(entry)

    # -- rules -----------------------------------------------------------------------------

    def _pause(self, entry: Entry) -> None:
        if entry.status != "RUNNING":
            bad("Only running entries can be paused")
        entry.status = "PAUSED"
        entry.duration += (self.now - entry.start_ms) // 1000
        if not self.is_feb:
            entry.start_ms = self.now

    def _resume(self, entry: Entry) -> None:
        if entry.status != "PAUSED":
            bad("Only paused entries can be resumed")
        entry.status, entry.start_ms = "RUNNING", self.now

    def _stop(self, entry: Entry) -> None:
        if entry.status == "STOPPED":
            bad("Time entry is already stopped")
        if entry.status == "RUNNING":
            entry.duration += (self.now - entry.start_ms) // 1000
        entry.status, entry.end_ms = "STOPPED", self.now

    def _keep(self, entry: Entry) -> Entry:
        entry.updated_ms = self.now
        self.entries[entry.id] = entry
        return entry

    def _sees(self, user: User, entry: Entry, *, mine: bool = False) -> bool:
        return entry.user_id == user.id or (user.role == "OWNER" and not mine)

    def _active_of(self, user_id: str) -> list[Entry]:
        own = (entry for entry in self.entries.values() if entry.user_id == user_id)
        return [entry for entry in own if entry.status in _ACTIVE]

    def _bookable(self, user: User, body: Body, words: str) -> str | None:
        project_id = _text(body.get("projectId"))
        if project_id is None:
            if user.role == "EMPLOYEE":
                bad(words)
            return None
        if project_id not in self.projects:
            missing(f"Project with ID {project_id} not found in your company")
        if self.projects[project_id].archived:
            bad("Cannot create time entry for archived project")
        return project_id

    def _batched(self, row: Body) -> tuple[Entry, str]:
        owner = self.users.get(str(row["userId"]))  # a colleague's, too: nobody asks
        if owner is None:
            missing(f"User with ID {row['userId']} not found in your company")
        project = self._bookable(owner, row, "Project is required for employees in sync")
        start_ms, end_ms = ms_of(row["startTime"]), None
        if row.get("endTime") is not None:
            end_ms = ms_of(row["endTime"])
        seconds = int(float(str(row.get("duration") or 0)))
        if row.get("duration") is None and end_ms is not None:
            seconds = (end_ms - start_ms) // 1000
        entry = Entry(
            user_id=owner.id,
            project_id=project,
            start_ms=start_ms,
            created_ms=self.now,
            end_ms=end_ms,
            duration=max(0, seconds),
            note=_text(row.get("description")),
            status=str(row.get("status") or "STOPPED"),
            key=str(row["idempotencyKey"]),
        )
        same = [old for old in self.entries.values() if old.key == entry.key]
        if same:
            return _skipped(same[0], entry), "skipped"
        for other in self._active_of(owner.id) if entry.status in _ACTIVE else []:
            self._stop(other)
        return self._keep(entry), "created"


def _skipped(old: Entry, new: Entry) -> Entry:
    compared = ("start_ms", "project_id", "duration")
    if any(getattr(old, name) != getattr(new, name) for name in compared):
        words = "Idempotency key conflict: payload differs from existing record"
        body = {"message": words, "idempotencyKey": old.key, "existingId": old.id}
        raise Refusal(HTTPStatus.CONFLICT, body)
    return old


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
