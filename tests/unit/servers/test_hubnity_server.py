"""The strict fake says what the real server was seen to say: one test a sentence."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from tests import hubnity_server_caller as callers
from tests.hubnity_server import DEC, FEB
from tests.hubnity_server_caller import KEY, Caller, caller_of

any_ = callers.any_
feb = callers.feb


class TestCommon:
    def test_unknown_fields_are_refused(self, any_: Caller) -> None:
        assert any_.ask("POST", "/time-entries", any_.start(foo=1)) == (
            400,
            {
                "message": ["property foo should not exist"],
                "error": "Bad Request",
                "statusCode": 400,
            },
        )

    def test_an_unknown_route_says_cannot(self, any_: Caller) -> None:
        path = f"{any_.app.prefix}/nope"
        wanted = {"message": f"Cannot GET {path}", "error": "Not Found", "statusCode": 404}
        assert any_.ask("GET", "/nope") == (404, wanted)

    def test_the_prefixes_differ(self) -> None:
        assert [caller_of(name).app.prefix for name in (FEB, DEC)] == ["/api/v1", "/api"]

    def test_broken_json_is_a_400_and_nul_a_500(self, any_: Caller) -> None:
        assert any_.raw("POST", "/time-entries", "{")[0] == 400
        body = any_.start(description="a\0b")
        wanted = {"statusCode": 500, "message": "Internal server error"}
        assert any_.ask("POST", "/time-entries", body) == (500, wanted)

    def test_microseconds_are_cut_and_answers_are_utc_milliseconds(self, any_: Caller) -> None:
        entry = any_.started(startTime="2026-01-08T13:00:00.123999+05:00")
        assert entry["startTime"] == "2026-01-08T08:00:00.123Z"

    def test_a_body_too_large_is_a_413(self, feb: Caller) -> None:
        content = "x" * (10 * 1024 * 1024 + 1)
        status, answer, _ = feb.raw("POST", "/time-entries", content)
        assert (status, answer) == (
            413,
            {
                "statusCode": 413,
                "error": "Payload Too Large",
                "message": "Request body exceeds maximum allowed size (10mb).",
            },
        )

    def test_a_database_that_is_down_leaves_the_root_alone(self, any_: Caller) -> None:
        any_.app.is_down = True
        assert any_.ask("GET", "") == (200, "Hubnity API is running!")
        assert any_.ask("GET", "/auth/me")[0] == 500
        assert any_.ask("POST", "/auth/refresh", {"refreshToken": "x"})[0] == 500

    def test_production_throttles_each_route_for_a_minute(self) -> None:
        caller = caller_of(DEC, production=True)
        for _ in range(100):
            assert caller.ask("GET", "/auth/me")[0] == 200
        status, answer, headers = caller.raw("GET", "/auth/me", "")
        assert (status, headers["Retry-After"]) == (429, "60")
        assert answer == {"statusCode": 429, "message": "ThrottlerException: Too Many Requests"}
        assert caller.ask("GET", "/projects")[0] == 200
        caller.clock.advance(61)
        assert caller.ask("GET", "/auth/me")[0] == 200


class TestAuth:
    def test_only_the_field_the_server_reads_refreshes(self, any_: Caller) -> None:
        pair = any_.app.tokens.issue(any_.app.me)
        body = {"refresh_token": pair["refresh_token"]}
        words = ["property refresh_token should not exist", "refreshToken must be a string"]
        assert any_.words("POST", "/auth/refresh", body) == (400, words)

    def test_a_refresh_token_is_good_once(self, any_: Caller) -> None:
        pair = any_.app.tokens.issue(any_.app.me)
        body = {"refreshToken": pair["refresh_token"]}
        status, answer = any_.ask("POST", "/auth/refresh", body)
        assert status == 200
        assert isinstance(answer, dict)
        assert set(answer) == {"access_token", "refresh_token"}
        revoked = "Refresh token has been revoked"
        assert any_.words("POST", "/auth/refresh", body) == (401, revoked)
        unknown = {"refreshToken": "unknown"}
        assert any_.words("POST", "/auth/refresh", unknown) == (401, "Invalid refresh token")

    def test_a_refresh_token_lives_thirty_days_an_access_token_seven(self, any_: Caller) -> None:
        pair = any_.app.tokens.issue(any_.app.me)
        any_.clock.advance(timedelta(days=7))
        assert any_.words("GET", "/auth/me") == (401, "Unauthorized")
        any_.clock.advance(timedelta(days=23))
        body = {"refreshToken": pair["refresh_token"]}
        expired = "Refresh token has expired"
        assert any_.words("POST", "/auth/refresh", body) == (401, expired)

    @pytest.mark.parametrize("token", ["", "garbage", "a.b.c"])
    def test_no_good_token_is_always_the_same_401(self, any_: Caller, token: str) -> None:
        any_.token = token
        wanted = {"message": "Unauthorized", "statusCode": 401}
        assert any_.ask("GET", "/auth/me") == (401, wanted)

    def test_an_access_token_survives_refresh_and_logout(self, any_: Caller) -> None:
        pair = any_.app.tokens.issue(any_.app.me)
        any_.token = pair["access_token"]
        any_.ask("POST", "/auth/refresh", {"refreshToken": pair["refresh_token"]})
        assert any_.words("POST", "/auth/logout", {}) == (200, "Logged out successfully")
        assert any_.ask("GET", "/auth/me")[0] == 200

    def test_a_logout_without_the_field_ends_every_session(self, any_: Caller) -> None:
        pairs = [any_.app.tokens.issue(any_.app.me) for _ in range(2)]
        any_.ask("POST", "/auth/logout", {"refreshToken": pairs[0]["refresh_token"]})
        statuses = []
        for pair in pairs:
            body = {"refreshToken": pair["refresh_token"]}
            statuses.append(any_.ask("POST", "/auth/logout-by-refresh-token", body)[0])
        assert statuses == [401, 200]
        third = any_.app.tokens.issue(any_.app.me)
        any_.ask("POST", "/auth/logout", {"wrong": "field"})
        body = {"refreshToken": third["refresh_token"]}
        assert any_.ask("POST", "/auth/refresh", body)[0] == 401


class TestBatch:
    def test_without_the_route_it_is_unknown_and_with_it_empty_is_refused(self) -> None:
        words = "Cannot POST /api/time-entries/sync"
        assert caller_of(DEC).words("POST", "/time-entries/sync", {"entries": []}) == (404, words)
        wanted = (400, "At least one entry required")
        assert caller_of(FEB).words("POST", "/time-entries/sync", {"entries": []}) == wanted

    def test_the_same_item_again_is_skipped_with_the_same_id(self, feb: Caller) -> None:
        status, first = feb.sync(feb.item())
        assert isinstance(first, dict)
        assert (status, first["created"], first["entries"][0]["action"]) == (200, 1, "created")
        _, again = feb.sync(feb.item(description="not compared", status="STOPPED"))
        assert isinstance(again, dict)
        assert again["entries"] == [first["entries"][0] | {"action": "skipped"}]

    @pytest.mark.parametrize(
        "change", [{"duration": 61}, {"startTime": "2026-01-08T09:00:01Z"}, {"projectId": None}]
    )
    def test_the_same_key_with_another_payload_names_what_exists(
        self, feb: Caller, change: dict[str, object]
    ) -> None:
        _, first = feb.sync(feb.item())
        assert isinstance(first, dict)
        if "projectId" in change:
            change["projectId"] = feb.app.add_project("Other").id
        assert feb.sync(feb.item(**change)) == (
            409,
            {
                "message": "Idempotency key conflict: payload differs from existing record",
                "idempotencyKey": KEY,
                "existingId": first["entries"][0]["id"],
            },
        )

    def test_one_bad_item_rejects_the_batch(self, feb: Caller) -> None:
        other = str(uuid.uuid4())
        status, _ = feb.sync(feb.item(), feb.item(idempotencyKey=other, projectId="x"))
        assert (status, feb.app.books.entries) == (404, {})

    def test_keys_are_of_version_4(self, feb: Caller) -> None:
        for key in (str(uuid.uuid1()), "x", 5):
            status, answer = feb.sync(feb.item(idempotencyKey=key))
            assert isinstance(answer, dict)
            words = ["entries.0.idempotencyKey must be a UUID"]
            assert (status, answer["message"]) == (400, words)

    def test_other_refusals_of_a_batch(self, feb: Caller) -> None:
        assert feb.sync(*[feb.item()] * 101)[0] == 400
        assert feb.sync(feb.item(userId="x"))[0] == 404
        assert feb.sync(feb.item(projectId=None))[0] == 400

    def test_nonsense_is_taken_without_complaint(self, feb: Caller) -> None:
        other = feb.app.add_user("other@example.com")
        nonsense: list[dict[str, object]] = [
            {"duration": -5},
            {"duration": "12"},
            {"duration": None, "endTime": "2026-01-08T08:00:00Z"},
            {"endTime": None},
            {"userId": other.id, "startTime": "2030-01-08T08:00:00Z"},
        ]
        items = [feb.item(**{"idempotencyKey": str(uuid.uuid4())} | fields) for fields in nonsense]
        status, _ = feb.sync(*items)
        assert status == 200
        durations = [entry.duration for entry in feb.app.books.entries.values()]
        assert durations == [0, 12, 0, 60, 60]

    def test_a_running_item_stops_the_users_active_entry(self, feb: Caller) -> None:
        active = feb.started()
        feb.clock.advance(60)
        assert feb.sync(feb.item(status="RUNNING", endTime=None))[0] == 200
        stopped = feb.app.books.entries[str(active["id"])]
        assert (stopped.status, stopped.duration) == ("STOPPED", 60)


class TestIdle:
    def test_who_sent_a_heartbeat_is_paused_when_the_next_is_late(self, any_: Caller) -> None:
        entry_id = str(any_.started()["id"])
        any_.clock.advance(1000)
        any_.app.books.sweep()
        assert any_.app.books.entries[entry_id].status == "RUNNING"
        assert any_.ask("POST", "/idle/heartbeat", {"isActive": True})[0] == 200
        assert any_.ask("POST", "/idle/heartbeat", {"isActive": 1})[0] == 400
        any_.clock.advance(301)
        any_.app.books.sweep()
        paused = any_.app.books.entries[entry_id]
        assert (paused.status, paused.duration) == ("PAUSED", 1301)
        any_.app.books.sweep()
        assert paused.duration == 1301
