"""What the app says of the account is read whatever is missing; an open line is recognised."""

from __future__ import annotations

import pytest

from trayapp.control.messages import Reply
from trayapp.desktop.windows.account import Account, KindChoice, encrypted, host, is_plain_http
from trayapp.desktop.windows.sign_out import unsent_words


def test_an_account_is_read_as_it_crosses_the_channel() -> None:
    sent = Reply(
        ok=True,
        value={
            "account": {"kind": "hubnity", "label": "Hubnity", "url": "https://a", "user": "anna"},
            "signed_in": True,
            "pending": 3,
            "failed": 1,
            "earlier": 12,
            "kinds": [
                {
                    "name": "hubnity",
                    "label": "Hubnity",
                    "takes_password": True,
                    "takes_token": False,
                }
            ],
        },
    )
    assert Account.read(Reply.parse(sent.line()).value) == Account(
        kind="hubnity",
        label="Hubnity",
        url="https://a",
        user="anna",
        signed_in=True,
        pending=3,
        failed=1,
        earlier=12,
        kinds=(
            KindChoice(name="hubnity", label="Hubnity", takes_password=True, takes_token=False),
        ),
    )


def test_what_an_answer_lacks_is_empty() -> None:
    nobody = Account.read({"pending": "many", "signed_in": 1, "account": None, "kinds": "none"})
    assert nobody == Account(
        kind="",
        label="",
        url="",
        user="",
        signed_in=False,
        pending=0,
        failed=0,
        earlier=0,
        kinds=(),
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://time.example.org/api",
        " HTTP://time.example.org",
        "http://192.168.1.7:8080",
        "http://localhost.example.org",
        "http://127.example.org",
        "http://user@time.example.org",
        "http://localhost@time.example.org",
        "http://[2001:db8::1]/",
        "http://",
    ],
)
def test_http_beyond_this_machine_can_be_read_on_the_way(url: str) -> None:
    assert is_plain_http(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "time.example.org",
        "https://time.example.org",
        "http://localhost:8080/api",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://tagger.localhost/",
    ],
)
def test_nothing_else_can(url: str) -> None:
    assert not is_plain_http(url)


def test_the_same_address_can_be_had_encrypted() -> None:
    assert encrypted(" HTTP://time.example.org/api") == "https://time.example.org/api"
    assert encrypted("time.example.org") == "time.example.org"


def test_people_recognise_an_address_by_its_host() -> None:
    assert host("https://anna@time.example.org:8080/api/v1?x") == "time.example.org:8080"
    assert host("time.example.org") == "time.example.org"


@pytest.mark.parametrize(
    ("pending", "failed", "words"),
    [
        pytest.param(3, 1, "3 events wait and 1 failed.", id="both"),
        pytest.param(1, 0, "1 event waits to be sent.", id="one waits"),
        pytest.param(0, 2, "2 events failed.", id="only failed"),
    ],
)
def test_what_is_unsent_is_counted(pending: int, failed: int, words: str) -> None:
    assert unsent_words(pending, failed) == words
