"""Signing in to the real TimeTagger server, its tokens, and what is never told of them."""

from __future__ import annotations

import base64
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests import timetagger_house as houses
from tests.timetagger_house import House
from tests.timetagger_server import PASSWORD
from trayapp.accounts.tokens import MemoryTokenStore, Tokens
from trayapp.demo.proxy import (
    SAY_401,
    SAY_429_SECONDS,
    SAY_500,
    SAY_ELSEWHERE,
    SAY_HTML,
    DropAfter,
    DropBefore,
    Fault,
    Pass,
    Say,
    Truncate,
)
from trayapp.servers.timetagger_account import TimeTaggerKind, ends_at, user_of
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
KIND: ServerKind = TimeTaggerKind()
REVOKED = "unauthorized: The webtoken is revoked (seed does not match)"


def made_up(claims: object) -> str:
    """A token that nobody signed."""
    part = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{part}.c2lnbmVk"


def signed_in(house: House, password: str = PASSWORD) -> SignedIn | Outcome:
    return KIND.sign_in(house.url, Credentials(user=house.web.user, password=password))


def with_token(house: House, token: str) -> SignedIn | Outcome:
    return KIND.sign_in(house.url, Credentials(token=token))


class TestRecognising:
    def test_the_server_is_recognised_without_credentials(self, house: House) -> None:
        assert KIND.recognise(house.url) == Delivered()
        assert KIND.recognise(house.url + "/") == Delivered()
        assert house.requests() == ["GET /version"] * 2

    def test_a_wrong_prefix_is_a_wrong_address(self, house: House) -> None:
        not_found = WrongAddress("HTTP 404: Not Found")
        assert KIND.recognise(house.proxy.url) == not_found
        assert KIND.recognise(house.proxy.url + "/api/v2") == not_found
        assert any(house.url.endswith(prefix) for prefix in KIND.prefixes)

    @pytest.mark.parametrize(
        ("fault", "wanted"),
        [
            pytest.param(SAY_ELSEWHERE, WrongAddress("HTTP 302: Found"), id="redirect"),
            pytest.param(SAY_500, ServerTrouble("HTTP 500: Internal Server Error"), id="500"),
            pytest.param(
                DropBefore(),
                Offline("Network error: connection closed without an answer"),
                id="dropped",
            ),
            pytest.param(
                SAY_HTML,
                WrongAddress("HTTP 200: a web page where the server's answer belongs"),
                id="html",
            ),
            pytest.param(
                Say(status=401, body='{"message": "Unauthorized"}'),
                WrongAddress("HTTP 401: not the answer of a TimeTagger server"),
                id="another-api",
            ),
            pytest.param(
                Say(status=200, body='{"version": "1"}'),
                WrongAddress("HTTP 200: not the answer of a TimeTagger server"),
                id="open-to-all",
            ),
            pytest.param(
                Say(status=403, body="no", content_type="text/plain"),
                WrongAddress("HTTP 403: not the answer of a TimeTagger server"),
                id="403",
            ),
        ],
    )
    def test_what_is_something_else_is_told(
        self, house: House, fault: Fault, wanted: Outcome
    ) -> None:
        house.play(fault)
        assert KIND.recognise(house.url) == wanted

    def test_a_throttle_is_waited_for(self, house: House) -> None:
        house.play(SAY_429_SECONDS)
        wanted = Throttled("HTTP 429: Too Many Requests", retry_after=timedelta(seconds=7))
        assert KIND.recognise(house.url) == wanted

    def test_a_closed_port_is_offline(self, house: House) -> None:
        house.proxy.stop()
        assert KIND.recognise(house.url) == Offline("Network error: connection refused")


class TestPassword:
    def test_a_good_one_gives_a_token_for_the_web(self, house: House) -> None:
        found = signed_in(house)
        assert isinstance(found, SignedIn)
        assert (found.user, found.user_id) == (house.web.user, "")
        assert found.tokens.refresh == found.tokens.access
        assert user_of(found.tokens.access) == house.web.user
        server = KIND.connect(house.url, MemoryTokenStore(found.tokens))
        assert server.check() == Delivered()
        server.close()
        assert house.requests() == ["POST /bootstrap_authentication", "GET /version"]

    def test_a_wrong_one_is_refused_in_the_servers_words(self, house: House) -> None:
        assert signed_in(house, "wrong") == Refused("HTTP 403: Invalid credentials")

    def test_where_only_tokens_sign_in_it_is_refused(self, house: House) -> None:
        words = "unauthorized: Missing jwt 'authtoken' in header."
        house.play(Say(status=401, body=words, content_type="text/plain"))
        assert signed_in(house) == Refused(f"HTTP 401: {words}")

    @pytest.mark.parametrize("body", ["{}", '{"token": "canary"}', "[]"])
    def test_an_answer_without_a_token_is_a_wrong_address(self, house: House, body: str) -> None:
        house.play(Say(status=200, body=body))
        assert signed_in(house) == WrongAddress("HTTP 200: the answer holds no token")

    def test_a_lost_answer_is_offline(self, house: House) -> None:
        house.play(DropAfter())
        wanted = Offline("Network error: connection closed without an answer")
        assert signed_in(house) == wanted


class TestToken:
    def test_a_good_one_signs_in_its_user_for_ever(self, house: House) -> None:
        token = house.web.api_token()
        wanted = SignedIn(tokens=Tokens(access=token), user=house.web.user)
        assert with_token(house, f" {token}\n") == wanted
        assert house.requests() == ["GET /version"]

    def test_one_for_the_web_is_renewed_like_one_that_was_signed_in_for(self, house: House) -> None:
        token = house.web.token
        wanted = SignedIn(tokens=Tokens(access=token, refresh=token), user=house.web.user)
        assert with_token(house, token) == wanted

    def test_a_revoked_one_is_refused_in_the_servers_words(self, house: House) -> None:
        token = house.web.api_token()
        house.web.api_token(reset=True)
        words = "unauthorized: The apitoken is revoked (seed does not match)"
        assert with_token(house, token) == Refused(f"HTTP 401: {words}")

    def test_one_of_another_server_is_refused_in_the_servers_words(self, house: House) -> None:
        token = made_up({"username": house.web.user, "expires": 32503748400, "seed": "x"})
        words = "unauthorized: Signature verification failed"
        assert with_token(house, token) == Refused(f"HTTP 401: {words}")

    @pytest.mark.parametrize(
        "token",
        [
            "canary-of-no-server",
            "a.b.c",
            made_up({"sub": "me"}),
            made_up({"username": 5}),
            made_up({"username": "me"}) + "\u00e9",
            made_up({"username": "me"}) + "\r\nx: y",
        ],
        ids=["word", "parts", "another-api", "no-name", "not-ascii", "two-lines"],
    )
    def test_what_is_no_token_is_refused_without_a_request(self, house: House, token: str) -> None:
        wanted = (
            "This is no token of TimeTagger; copy the API token from the web app's account page."
        )
        assert with_token(house, token) == Refused(wanted)
        assert house.requests() == []

    def test_trouble_says_nothing_about_it(self, house: House) -> None:
        house.play(SAY_500)
        wanted = ServerTrouble("HTTP 500: Internal Server Error")
        assert with_token(house, house.web.api_token()) == wanted

    def test_its_end_is_read_where_it_says_one(self, house: House) -> None:
        ends = ends_at(house.web.token)
        assert ends is not None
        assert abs(ends - datetime.now(UTC) - timedelta(days=14)) < timedelta(minutes=5)
        for claims in ({}, {"expires": "soon"}, {"expires": -1}, {"expires": 10**400}):
            assert ends_at(made_up(claims)) is None


class TestRenewal:
    """Of tokens for the web, two weeks long."""

    def store(self, house: House) -> MemoryTokenStore:
        return MemoryTokenStore(Tokens(access=house.web.token, refresh=house.web.token))

    def check(self, house: House, store: MemoryTokenStore, *, hours: float = 0) -> Outcome:
        kind = TimeTaggerKind(now=lambda: datetime.now(UTC) + timedelta(hours=hours))
        server = kind.connect(house.url, store)
        outcome = server.check()
        server.close()
        return outcome

    def test_a_young_token_is_used_as_it_is(self, house: House) -> None:
        assert self.check(house, self.store(house), hours=23) == Delivered()
        assert house.requests() == ["GET /version"]

    def test_one_older_than_a_day_is_renewed_and_kept_and_the_old_one_stays_good(
        self, house: House
    ) -> None:
        store, old = self.store(house), self.store(house)
        assert self.check(house, store, hours=25) == Delivered()
        assert house.requests() == ["GET /webtoken", "GET /version"]
        kept = store.load()
        assert kept is not None
        assert kept.refresh == kept.access
        assert user_of(kept.access) == house.web.user
        assert self.check(house, old) == Delivered()

    @pytest.mark.parametrize("fault", [DropBefore(), DropAfter(), SAY_500, Truncate()])
    def test_a_renewal_that_is_lost_costs_nothing(self, house: House, fault: Fault) -> None:
        store = self.store(house)
        house.play(fault)
        assert self.check(house, store, hours=25) == Delivered()
        assert store.load() == self.store(house).load()
        assert self.check(house, store, hours=25) == Delivered()

    def test_a_token_for_programs_is_never_renewed(self, house: House) -> None:
        store = MemoryTokenStore(Tokens(access=house.web.api_token()))
        assert self.check(house, store, hours=24 * 365 * 100) == Delivered()
        assert house.requests() == ["GET /version"]

    def test_a_refused_one_is_renewed_and_the_request_repeated(self, house: House) -> None:
        house.play(SAY_401)
        assert self.check(house, self.store(house)) == Delivered()
        assert house.requests() == ["GET /version", "GET /webtoken", "GET /version"]

    def test_a_new_one_that_is_refused_too_means_signed_out(self, house: House) -> None:
        house.play(SAY_401, Pass(), SAY_401)
        assert self.check(house, self.store(house)) == SignedOut("HTTP 401: Unauthorized")

    def test_a_revoked_one_means_signed_out_in_the_servers_words(self, house: House) -> None:
        store = self.store(house)
        house.web.reset_web_tokens()
        assert self.check(house, store) == SignedOut(f"Token refresh failed: 401: {REVOKED}")

    def test_a_network_error_meanwhile_is_offline(self, house: House) -> None:
        house.play(SAY_401, DropBefore())
        wanted = "Token refresh failed: Network error: connection closed without an answer"
        assert self.check(house, self.store(house)) == Offline(wanted)

    def test_what_keeps_the_server_from_renewing_is_told_as_what_it_is(self, house: House) -> None:
        house.play(SAY_401, Say(status=500))
        wanted = ServerTrouble("Token refresh failed: 500: Internal Server Error")
        assert self.check(house, self.store(house)) == wanted
        house.play(SAY_401, Say(status=429, headers={"Retry-After": "60"}))
        wait = timedelta(seconds=60)
        throttled = Throttled("Token refresh failed: 429: Too Many Requests", retry_after=wait)
        assert self.check(house, self.store(house)) == throttled

    def test_the_words_of_one_refusal_are_not_told_of_the_next(self, house: House) -> None:
        house.tokens.save(Tokens(access="canary-without-a-segment"))
        house.again()
        house.play(Say(status=401, body=REVOKED, content_type="text/plain"), Say(status=401))
        said = [house.server.check() for _ in range(2)]
        assert said == [SignedOut(f"HTTP 401: {REVOKED}"), SignedOut("HTTP 401: Unauthorized")]

    def test_a_revoked_token_for_programs_is_told_in_the_servers_words(self, house: House) -> None:
        house.web.api_token(reset=True)
        words = "unauthorized: The apitoken is revoked (seed does not match)"
        assert house.server.check() == SignedOut(f"HTTP 401: {words}")
        house.tokens.save(Tokens(access=house.web.api_token()))
        house.again()
        assert house.server.check() == Delivered()

    def test_a_signature_nobody_knows_is_told_in_the_servers_words(self, house: House) -> None:
        house.tokens.save(Tokens(access="canary-without-a-segment"))
        house.again()
        assert house.server.check() == SignedOut("HTTP 401: unauthorized: Not enough segments")

    def test_nobody_is_signed_out(self, house: House) -> None:
        server = KIND.connect(house.url, MemoryTokenStore())
        words = "unauthorized: Missing jwt 'authtoken' in header."
        assert server.check() == SignedOut(f"HTTP 401: {words}")
        server.close()

    def test_signing_out_asks_nothing_and_ends_no_other_session(self, house: House) -> None:
        tokens = Tokens(access=house.web.token, refresh=house.web.token)
        assert KIND.sign_out(house.url, tokens) == Delivered()
        assert house.requests() == []
        assert self.check(house, self.store(house)) == Delivered()


def test_no_secret_is_told_in_words_or_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    web, program = house.web.token, house.web.api_token()
    login = {"method": "usernamepassword", "username": house.web.user, "password": PASSWORD}
    secrets = (web, program, PASSWORD, base64.b64encode(json.dumps(login).encode()).decode())
    told: list[object] = [KIND.sign_in(house.url, Credentials(token=web)), signed_in(house)]
    for secret in secrets:
        for status in (400, 401, 402, 403, 500):
            house.play(Say(status=status, body=f"{secret}: no", content_type="text/plain"))
            told.append(with_token(house, program))
            house.play(Say(status=status, body=f"{secret}: no", content_type="text/plain"))
            told.append(signed_in(house))
            house.play(Say(status=status, body=json.dumps({"message": f"no {secret}"})))
            told.append(house.server.check())
    shown = "\n".join([*map(repr, told), *map(repr, caplog.messages)])
    assert "no" in shown
    assert [secret for secret in secrets if secret in shown] == []


def test_it_is_known_by_name() -> None:
    assert (KIND.name, KIND.label) == ("timetagger", "TimeTagger")
    assert KIND.takes_password
    assert KIND.takes_token
