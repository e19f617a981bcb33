"""Settings, tokens and keyring items that say anything, and failed tasks of every kind."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.security.chance import SCALARS, TEXTS, VALUES, fuzzed, names, patient
from tests.soak import Soak
from tests.unit.accounts.fake_keyring import FakeKeyring
from tests.unit.accounts.life import ACCOUNT, Life
from trayapp.accounts.jwt import claims, expires_at
from trayapp.accounts.tokens import Tokens
from trayapp.config import ConfigError, Settings
from trayapp.log import redact
from trayapp.servers.http_answer import clean_words, parse_retry_after
from trayapp.servers.hubnity_account import subject_of
from trayapp.servers.timetagger_account import ends_at, user_of
from trayapp.sync.diagnosis import cause_of_reason
from trayapp.sync.words import one_line

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(120)]

NAMES = [field.name for field in fields(Settings)]


def _toml(value: object) -> str:
    return json.dumps(value)


def test_a_settings_file_is_read_or_refused_in_words(soak: Soak, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    lines = st.one_of(
        st.binary(max_size=80),
        st.dictionaries(names(*NAMES), SCALARS, max_size=4).map(
            lambda found: "\n".join(
                f"{key} = {_toml(value)}" for key, value in found.items()
            ).encode("utf-8", "replace")
        ),
        st.sampled_from([b"a = " + b"[" * 5000, b"look_seconds = " + b"9" * 5000, b"a.b.c=1"]),
        st.sampled_from([b"look_seconds = nan", b"look_seconds = inf", b"icon_size = 1e9"]),
    )

    @patient(150)
    @given(content=lines)
    def proof(content: bytes) -> None:
        path.write_bytes(content)
        with suppress(ConfigError):
            assert isinstance(Settings.read(path), Settings)

    fuzzed(soak, proof, what="rounds of 150 files", full=300)


def test_a_token_says_something_or_nothing(soak: Soak) -> None:
    spoken = st.one_of(VALUES, st.dictionaries(names("exp", "sub", "expires", "username"), VALUES))
    web_tokens = st.builds(
        lambda head, said, sign: f"{head}.{_packed(json.dumps(said).encode())}.{sign}",
        TEXTS,
        spoken,
        TEXTS,
    )

    @patient(150)
    @given(token=st.one_of(web_tokens, TEXTS, st.binary().map(lambda raw: f"a.{_packed(raw)}.b")))
    def proof(token: str) -> None:
        for when in (expires_at(token), ends_at(token)):
            assert when is None or when.tzinfo is not None
            assert when is None or when + timedelta() == when
        assert isinstance(claims(token), dict)
        (subject_of(token) + user_of(token)).encode()

    fuzzed(soak, proof, what="rounds of 150 tokens", full=300)


def _packed(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_an_item_of_the_keyring_is_tokens_or_nothing(soak: Soak) -> None:
    items = st.one_of(
        TEXTS,
        VALUES.map(json.dumps),
        st.dictionaries(names("access", "refresh"), VALUES, max_size=3).map(json.dumps),
        st.sampled_from(["[" * 9000, "9" * 5000, '{"access": "\\ud800"}']),
    )

    @patient(60)
    @given(item=items)
    def proof(item: str) -> None:
        keyring = FakeKeyring()
        keyring.items[ACCOUNT] = item
        life = Life(keyring)
        try:
            assert isinstance(life.store.load(), Tokens | None)
        finally:
            life.end()

    fuzzed(soak, proof, what="rounds of 60 items", full=300)


def test_words_of_a_server_are_shown_on_one_clean_line_in_good_time(soak: Soak) -> None:
    @patient(150)
    @given(text=st.one_of(TEXTS, st.text(max_size=300)), times=st.sampled_from([1, 1, 1, 500]))
    def proof(text: str, times: int) -> None:
        words = clean_words(text * times)
        assert len(words) <= 200
        assert words.isprintable()
        shown = one_line(text)
        assert not set(shown) & set(MOVING)
        shown.encode()
        redact(text)
        cause_of_reason(text)
        found = parse_retry_after(text)
        assert found is None or found + timedelta() == found

    fuzzed(soak, proof, what="rounds of 150 texts", full=300)


MOVING = "".join(map(chr, [*range(32), *range(0x7F, 0xA0), *range(0x202A, 0x202F)]))
