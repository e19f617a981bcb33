"""A Hubnity server as a kind of server: recognised, signed in to, signed out of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests import hubnity_server_house as houses
from tests.hubnity_server_house import House
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.demo.proxy import SAY_HTML, DropAfter, DropBefore, Fault, Pass, Say
from trayapp.servers.http_answer import parse_retry_after
from trayapp.servers.hubnity_kind import HubnityKind
from trayapp.sync.kind import Credentials, ServerKind, SignedIn
from trayapp.sync.outcome import (
    Delivered,
    Offline,
    Outcome,
    Refused,
    ServerTrouble,
    SignedOut,
    Throttled,
    WrongAddress,
)

house = houses.house
feb = houses.feb
dec = houses.dec

KIND: ServerKind = HubnityKind()
GOOD = Credentials(user="me@example.com", password="correct horse")
LOST = Offline("Network error: connection closed without an answer")
NO_ROUTE = WrongAddress("HTTP 404: Not Found")


def address(house: House) -> str:
    return house.proxy.url + house.app.prefix


def signed_in(house: House) -> SignedIn:
    found = KIND.sign_in(address(house), GOOD)
    assert isinstance(found, SignedIn)
    return found


def test_it_says_what_it_is_and_what_it_takes() -> None:
    assert (KIND.name, KIND.label) == ("hubnity", "Hubnity")
    assert (KIND.takes_password, KIND.takes_token) == (True, False)
    assert KIND.prefixes == ("/api/v1", "/api")


class TestRecognise:
    def test_each_dialect_is_recognised_without_a_login(self, house: House) -> None:
        house.app._production = True  # five logins a minute are allowed
        for _ in range(10):
            assert KIND.recognise(address(house)) == Delivered()
        assert {request.partition(" ")[0] for request in house.requests()} == {"GET"}
        assert isinstance(KIND.sign_in(address(house), GOOD), SignedIn)

    @pytest.mark.parametrize("prefix", ["", "/api", "/nowhere", "/api/v1/api/v1", "/api/v2"])
    def test_another_prefix_of_feb_is_a_wrong_address(self, feb: House, prefix: str) -> None:
        assert KIND.recognise(feb.proxy.url + prefix) == NO_ROUTE

    @pytest.mark.parametrize("prefix", ["", "/api/v1", "/nowhere"])
    def test_another_prefix_of_dec_is_a_wrong_address(self, dec: House, prefix: str) -> None:
        assert KIND.recognise(dec.proxy.url + prefix) == NO_ROUTE

    def test_exactly_one_of_its_prefixes_is_found(self, house: House) -> None:
        found = [
            prefix
            for prefix in KIND.prefixes
            if KIND.recognise(house.proxy.url + prefix) == Delivered()
        ]
        assert found == [house.app.prefix]

    @pytest.mark.parametrize(
        ("fault", "wanted"),
        [
            pytest.param(DropBefore(), LOST, id="offline"),
            pytest.param(DropAfter(), LOST, id="lost"),
            pytest.param(
                Say(status=502), ServerTrouble("HTTP 502: Bad Gateway"), id="server trouble"
            ),
            pytest.param(
                Say(status=429, headers={"Retry-After": "60"}),
                Throttled("HTTP 429: Too Many Requests", retry_after=parse_retry_after("60")),
                id="throttled",
            ),
            pytest.param(Say(status=302), WrongAddress("HTTP 302: Found"), id="redirect"),
            pytest.param(
                SAY_HTML,
                WrongAddress("HTTP 200: a web page where the server's answer belongs"),
                id="a web page",
            ),
            pytest.param(
                Say(status=200, body='{"id": "7"}'),
                WrongAddress("HTTP 200: not the answer of this API"),
                id="lets anybody in",
            ),
            pytest.param(
                Say(status=401, body='{"error": "no token"}'),
                WrongAddress("HTTP 401: not the answer of this API"),
                id="another API that wants a sign-in",
            ),
            pytest.param(
                Say(status=401, body="[401]"),
                WrongAddress("HTTP 401: not the answer of this API"),
                id="no object",
            ),
        ],
    )
    def test_other_answers_of_either_route(
        self, house: House, fault: Fault, wanted: Outcome
    ) -> None:
        for before in ([], [Pass()]):
            house.play(*before, fault)
            assert KIND.recognise(address(house)) == wanted

    def test_a_closed_port_is_offline(self, house: House) -> None:
        house.proxy.stop()
        refused = Offline("Network error: connection refused")
        assert KIND.recognise(address(house)) == refused
        assert KIND.sign_in(address(house), GOOD) == refused

    def test_what_is_no_address_is_a_wrong_one(self) -> None:
        wrong = WrongAddress("Network error: the server's address is not valid")
        assert KIND.recognise("nonsense") == wrong
        assert KIND.sign_in("nonsense", GOOD) == wrong

    def test_a_database_that_is_down_does_not_make_it_another_api(self, house: House) -> None:
        house.app.is_down = True
        trouble = ServerTrouble("HTTP 500: Internal Server Error")
        assert KIND.recognise(address(house)) == trouble


class TestSignIn:
    def test_it_tells_who_it_is_and_delivers_with_those_tokens(self, house: House) -> None:
        found = signed_in(house)
        assert (found.user, found.user_id) == ("me@example.com", house.app.me.id)
        server = KIND.connect(address(house), MemoryTokenStore(found.tokens))
        assert server.check() == Delivered()
        server.close()

    def test_connecting_makes_no_request(self, house: House) -> None:
        KIND.connect(address(house), MemoryTokenStore()).close()
        assert house.requests() == []

    @pytest.mark.parametrize(
        "credentials",
        [
            Credentials(user="me@example.com", password="wrong"),
            Credentials(user="nobody@example.com", password="correct horse"),
        ],
        ids=["password", "name"],
    )
    def test_wrong_credentials_are_refused_in_the_servers_words(
        self, house: House, credentials: Credentials
    ) -> None:
        refused = Refused("HTTP 401: Invalid credentials")
        assert KIND.sign_in(address(house), credentials) == refused

    def test_too_many_logins_tell_how_long_to_wait(self, house: House) -> None:
        house.app._production = True
        wrong = Credentials(user="me@example.com", password="wrong")
        outcomes = [KIND.sign_in(address(house), wrong) for _ in range(6)]
        assert outcomes[4] == Refused("HTTP 401: Invalid credentials")
        assert outcomes[5] == Throttled(
            "HTTP 429: Too Many Requests", retry_after=timedelta(seconds=60)
        )

    @pytest.mark.parametrize("prefix", ["", "/nowhere"])
    def test_a_wrong_prefix_is_a_wrong_address(self, house: House, prefix: str) -> None:
        assert KIND.sign_in(house.proxy.url + prefix, GOOD) == NO_ROUTE

    def test_the_prefix_of_the_other_dialect_is_a_wrong_address(
        self, feb: House, dec: House
    ) -> None:
        assert KIND.sign_in(feb.proxy.url + "/api", GOOD) == NO_ROUTE
        assert KIND.sign_in(dec.proxy.url + "/api/v1", GOOD) == NO_ROUTE

    @pytest.mark.parametrize(
        ("fault", "wanted"),
        [
            (DropAfter(), LOST),
            (Say(status=503), ServerTrouble("HTTP 503: Service Unavailable")),
            (
                Say(status=400, body='{"message": ["email must be an email"]}'),
                Refused("HTTP 400: email must be an email"),
            ),
        ],
        ids=["offline", "trouble", "malformed"],
    )
    def test_other_answers(self, house: House, fault: Fault, wanted: Outcome) -> None:
        house.play(fault)
        assert KIND.sign_in(address(house), GOOD) == wanted

    def test_where_the_server_names_no_mail_address_what_was_typed_is_kept(
        self, house: House
    ) -> None:
        body = '{"access_token": "abc", "refresh_token": "def", "user": {"id": "7"}}'
        house.play(Say(status=200, body=body))
        found = KIND.sign_in(address(house), GOOD)
        assert isinstance(found, SignedIn)
        assert (found.user, found.user_id) == ("me@example.com", "7")


class TestSignOut:
    def test_it_ends_this_session_and_no_other(self, house: House) -> None:
        found = signed_in(house)
        assert KIND.sign_out(address(house), found.tokens) == Delivered()
        assert KIND.sign_out(address(house), found.tokens) == Delivered()
        house.app.tokens.expire_access()
        assert house.server.check() == Delivered()
        ended = KIND.connect(address(house), MemoryTokenStore(found.tokens))
        assert ended.check() == SignedOut("Token refresh failed: 401 Unauthorized")
        ended.close()

    def test_without_a_refresh_token_there_is_nothing_to_give_up(self, house: House) -> None:
        # Asked without one the server would end the sessions of all devices.
        assert KIND.sign_out(address(house), Tokens(access="abc")) == Delivered()
        assert house.requests() == []

    def test_without_an_answer_it_is_offline(self, house: House) -> None:
        house.play(DropBefore())
        assert KIND.sign_out(address(house), Tokens(access="a", refresh="b")) == LOST
