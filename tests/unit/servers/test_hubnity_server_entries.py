"""The strict fake's entries do what the real server's were seen to do: one test a sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import hubnity_server_caller as callers
from tests.hubnity_server_caller import NOW, Caller

ACTIVE = "User already has an active time entry. Please stop or pause the existing entry first."
any_ = callers.any_
feb = callers.feb


class TestEntries:
    def test_a_start_shows_an_entry_of_the_dialect(self, any_: Caller) -> None:
        entry = any_.started(description="d")
        assert (entry["status"], entry["duration"], entry["endTime"]) == ("RUNNING", 0, None)
        assert entry["startTime"] == NOW
        assert ("idempotencyKey" in entry) is any_.app.books.is_feb

    @pytest.mark.parametrize(
        ("body", "status", "message"),
        [
            (lambda c: c.start(projectId="x"), 404, "Project with ID x not found in your company"),
            (
                lambda c: c.start(projectId=c.app.add_project("o", archived=True).id),
                400,
                "Cannot create time entry for archived project",
            ),
            (lambda c: {"userId": c.app.me.id}, 400, "Project is required for employees..."),
            (
                lambda c: c.start(startTime="2026-01-08T10:00:01Z"),
                400,
                "Start time cannot be more than 1 hour in the future",
            ),
            (
                lambda c: c.start(userId="x"),
                403,
                "You can only create time entries for yourself",
            ),
            (lambda _: {}, 400, ["userId must be a string"]),
            (
                lambda c: c.start(startTime="soon"),
                400,
                ["startTime must be a valid ISO 8601 date string"],
            ),
            (
                lambda c: c.start(description="x" * 5001),
                400,
                ["description must be shorter than or equal to 5000 characters"],
            ),
        ],
    )
    def test_a_start_that_is_refused(
        self, any_: Caller, body: Callable[[Caller], object], status: int, message: object
    ) -> None:
        assert any_.words("POST", "/time-entries", body(any_)) == (status, message)
        assert any_.app.books.entries == {}

    def test_paused_counts_as_active(self, any_: Caller) -> None:
        any_.changed(any_.started(), "/pause")
        assert any_.words("POST", "/time-entries", any_.start()) == (400, ACTIVE)

    def test_the_verbs_use_the_servers_clock(self, any_: Caller) -> None:
        entry = any_.started()
        any_.clock.advance(60)
        paused = any_.changed(entry, "/pause")
        assert (paused["status"], paused["duration"]) == ("PAUSED", 60)
        moved = NOW if any_.app.books.is_feb else "2026-01-08T09:01:00.000Z"
        assert paused["startTime"] == moved
        any_.clock.advance(60)
        resumed = any_.changed(entry, "/resume")
        assert (resumed["status"], resumed["startTime"]) == ("RUNNING", "2026-01-08T09:02:00.000Z")
        any_.clock.advance(60)
        stopped = any_.changed(entry, "/stop")
        assert (stopped["status"], stopped["duration"]) == ("STOPPED", 120)
        assert stopped["endTime"] == "2026-01-08T09:03:00.000Z"

    def test_a_verb_in_the_wrong_state_is_refused(self, any_: Caller) -> None:
        entry = any_.started()
        path = f"/time-entries/{entry['id']}"
        assert any_.words("PUT", path + "/resume") == (400, "Only paused entries can be resumed")
        any_.changed(entry, "/stop")
        assert any_.words("PUT", path + "/pause") == (400, "Only running entries can be paused")
        assert any_.words("PUT", path + "/resume") == (400, "Only paused entries can be resumed")
        assert any_.words("PUT", path + "/stop") == (400, "Time entry is already stopped")

    def test_an_id_that_is_none_is_a_404_of_the_entity(self, any_: Caller) -> None:
        words = "Time entry with ID temp-17 not found"
        for method, tail in (("GET", ""), ("PATCH", ""), ("PUT", "/pause"), ("DELETE", "")):
            assert any_.words(method, f"/time-entries/temp-17{tail}", {}) == (404, words)

    def test_the_entry_of_another_is_not_ours_to_pause(self, any_: Caller) -> None:
        entry = any_.started()
        other = any_.app.add_user("other@example.com")
        any_.token = any_.app.tokens.issue(other)["access_token"]
        path = f"/time-entries/{entry['id']}"
        words = "You can only pause your own time entries"
        assert any_.words("PUT", f"{path}/pause") == (403, words)
        assert any_.ask("DELETE", path)[0] == 403

    def test_an_entry_of_ours_can_be_deleted(self, any_: Caller) -> None:
        entry = any_.started()
        assert any_.ask("DELETE", f"/time-entries/{entry['id']}") == (204, None)

    def test_an_end_told_to_what_runs_stops_it(self, any_: Caller) -> None:
        entry = any_.started(startTime="2026-01-08T08:00:00Z")
        any_.changed(entry, "", duration=30)
        stopped = any_.changed(entry, "", endTime="2026-01-08T08:10:00Z")
        assert (stopped["status"], stopped["duration"]) == ("STOPPED", 630)

    def test_absolute_values_are_taken_and_nonsense_is_refused(self, any_: Caller) -> None:
        entry = any_.started()
        path = f"/time-entries/{entry['id']}"
        assert any_.changed(entry, "", duration=99999)["duration"] == 99999
        assert any_.words("PATCH", path, {"endTime": NOW}) == (
            400,
            "End time must be after start time",
        )
        words = ["duration must be an integer number"]
        assert any_.words("PATCH", path, {"duration": 1.5}) == (400, words)

    def test_a_stopped_entry_can_be_opened_again_and_keeps_its_end(self, any_: Caller) -> None:
        entry = any_.started()
        any_.changed(entry, "/stop")
        again = any_.changed(entry, "", status="RUNNING")
        assert (again["status"], again["endTime"]) == ("RUNNING", NOW)

    def test_lists_are_newest_first_and_owners_see_everybody(self, any_: Caller) -> None:
        other = any_.app.add_user("other@example.com", role="OWNER")
        any_.changed(any_.started(startTime="2026-01-08T07:00:00Z"), "/stop")
        any_.started(startTime="2026-01-08T08:00:00Z")
        _, rows = any_.ask("GET", "/time-entries?startDate=2026-01-08&limit=1000")
        assert isinstance(rows, list)
        assert [row["startTime"][11:13] for row in rows] == ["08", "07"]
        assert any_.ask("GET", "/time-entries?limit=1001")[0] == 400
        any_.token = any_.app.tokens.issue(other)["access_token"]
        counts = []
        for tail in ("", "/my", "/active"):
            _, rows = any_.ask("GET", f"/time-entries{tail}")
            assert isinstance(rows, list)
            counts.append(len(rows))
        assert counts == [2, 0, 1]

    def test_projects_are_listed_with_and_without_the_archived(self, any_: Caller) -> None:
        any_.app.add_project("Old", archived=True)
        names = []
        for path in ("/projects", "/projects/active"):
            _, rows = any_.ask("GET", path)
            assert isinstance(rows, list)
            names.append([row["name"] for row in rows])
        assert names == [["Website", "Old"], ["Website"]]
