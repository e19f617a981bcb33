"""Signing in to and out of a Hubnity server; what is stored of a request, and its words."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests import hubnity_server_house as houses
from tests.hubnity_server_house import House
from trayapp.accounts.tokens import MemoryTokenStore
from trayapp.demo.proxy import DropAfter, Fault, Say
from trayapp.servers.http import HttpClient
from trayapp.servers.hubnity import over_http
from trayapp.servers.hubnity_account import login, logout, subject_of
from trayapp.servers.hubnity_job import Job
from trayapp.sync.kind import SignedIn
from trayapp.sync.outcome import (
    Delivered,
    Offline,
    Ours,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)
from trayapp.sync.server import Known, Write
from trayapp.tracking.entry import EventKind

START, PAUSE, RESUME, STOP, *_ = EventKind
house = houses.house

LOST = Offline("Network error: connection closed without an answer")


def bare(house: House) -> HttpClient:
    return HttpClient(house.proxy.url + house.app.prefix)


def signed_in(house: House) -> SignedIn:
    client = bare(house)
    found = login(client, "me@example.com", "correct horse")
    client.close()
    assert isinstance(found, SignedIn)
    return found


class TestLogin:
    def test_a_login_tells_who_it_is_and_gives_tokens_that_work(self, house: House) -> None:
        found = signed_in(house)
        assert (found.user_id, found.user) == (house.app.me.id, "me@example.com")
        assert subject_of(found.tokens.access) == house.app.me.id
        server = over_http(bare(house)._base_url, MemoryTokenStore(found.tokens))
        assert server.check() == Delivered()
        server.close()
        assert found.tokens.access not in repr(found)

    def test_a_wrong_password_is_refused_in_the_servers_words(self, house: House) -> None:
        client = bare(house)
        assert login(client, "me@example.com", "no") == Refused("HTTP 401: Invalid credentials")
        client.close()

    def test_a_wrong_prefix_is_a_wrong_address(self, house: House) -> None:
        client = HttpClient(house.proxy.url + "/nowhere")
        assert login(client, "me", "pw") == WrongAddress("HTTP 404: Not Found")
        client.close()

    def test_too_many_logins_are_throttled(self, house: House) -> None:
        house.app._production = True
        client = bare(house)
        outcomes = [login(client, "me@example.com", "no") for _ in range(6)]
        assert isinstance(outcomes[4], Refused)
        assert isinstance(outcomes[5], Throttled)
        client.close()

    @pytest.mark.parametrize(
        ("fault", "wanted"),
        [
            (DropAfter(), LOST),
            (Say(status=401), Refused("HTTP 401: Unauthorized")),
            (Say(status=500), ServerTrouble("HTTP 500: Internal Server Error")),
            (Say(status=200), WrongAddress("HTTP 200: the answer holds no token")),
            (
                Say(status=200, body='{"access_token": "x", "user": {"id": 5, "email": 5}}'),
                WrongAddress("HTTP 200: the answer holds no token"),
            ),
        ],
        ids=str,
    )
    def test_other_answers(self, house: House, fault: Fault, wanted: Outcome) -> None:
        client = bare(house)
        house.play(fault)
        assert login(client, "me@example.com", "correct horse") == wanted
        client.close()


class TestLogout:
    def test_a_logout_ends_this_session_and_no_other(self, house: House) -> None:
        found = signed_in(house)
        client = bare(house)
        assert logout(client, found.tokens.refresh) == Delivered()
        assert logout(client, found.tokens.refresh) == Delivered()
        client.close()
        pair = house.tokens.load()
        assert pair is not None
        house.app.tokens.expire_access()
        assert house.server.check() == Delivered()
        ended = over_http(client._base_url, MemoryTokenStore(found.tokens))
        assert ended.check() == SignedOut("Token refresh failed: 401 Unauthorized")
        ended.close()

    def test_a_logout_that_gets_no_answer_is_offline(self, house: House) -> None:
        client = bare(house)
        house.play(DropAfter(), Say(status=500))
        assert logout(client, "x") == LOST
        assert logout(client, "x") == ServerTrouble("HTTP 500: Internal Server Error")
        client.close()


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "a.e30.c", "a.eyJzdWIiOjV9.c", "a.W10.c"])
def test_a_token_that_does_not_tell_names_nobody(token: str) -> None:
    assert subject_of(token) == ""


class TestStored:
    @pytest.mark.parametrize(
        "change",
        [
            {"want": None},
            {"want": {"status": "RUNNING", "start_ms": "1", "end_ms": None, "seconds": 0}},
            {"want": {"status": "LOST", "start_ms": 1, "end_ms": None, "seconds": 0}},
            {"begins": None},
        ],
        ids=str,
    )
    def test_a_stored_request_of_something_else_is_our_own_defect(
        self, house: House, change: dict[str, object]
    ) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        bodies = ["no json", "{}", json.dumps(json.loads(write.body) | change)]
        for body in bodies:
            broken = replace(write, body=body)
            for outcome in (
                house.server.send(broken),
                house.server.look(courier.unit, broken),
            ):
                assert isinstance(outcome, Ours)
                assert outcome.reason.startswith("Internal error: the stored request ")

    def test_a_write_survives_the_database(self, house: House) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        assert Write.from_json(write.to_json()) == write
        assert Job.from_json(write.body).to_json() == write.body
        assert not write.repeatable
        assert write.segment_id == courier.events[0].id

    @pytest.mark.parametrize("base", ["", "[]", "{}"])
    def test_a_base_that_cannot_be_read_is_an_error_of_the_plan(
        self, house: House, base: str
    ) -> None:
        courier = house.courier()
        courier.click(START, PAUSE)
        courier.known[courier.events[0].id] = Known(remote_id="x", base=base)
        with pytest.raises(ValueError, match=r"cannot be read|Expecting value"):
            courier.plan()

    def test_only_the_entry_itself_and_ours_of_other_segments_are_left_out(
        self, house: House
    ) -> None:
        courier = house.courier()
        courier.click(START)
        write = courier.plan()
        assert isinstance(house.server.send(write), Delivered)
        assert isinstance(house.server.look(courier.unit, write), Delivered)
        taken = replace(courier.unit, taken=frozenset({house.entry.id}))
        assert not isinstance(house.server.look(taken, write), Delivered)
