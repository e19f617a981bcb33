"""The log: rotates, stays private, and never holds a secret."""

from __future__ import annotations

import base64
import json
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from trayapp import log

CANARY = "CANARY-7f3a"
logger = logging.getLogger("trayapp.test_log")


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "state" / "trayapp.log"
    path.parent.mkdir()
    log.start_logging(path, level=logging.DEBUG)
    yield path
    log.stop_logging()


@pytest.fixture(autouse=True)
def _forget_secrets() -> Iterator[None]:
    yield
    log._secrets = ()


def jwt() -> str:
    parts = ({"alg": "HS256"}, {"sub": CANARY})
    encoded = [base64.urlsafe_b64encode(json.dumps(p).encode()).decode().strip("=") for p in parts]
    return ".".join([*encoded, "c2lnbmF0dXJl"])


def raise_with(text: str) -> None:
    raise ValueError(text)


def test_a_line_has_utc_time_level_thread_logger_and_message(path: Path) -> None:
    worker = threading.Thread(target=lambda: logger.warning("Token expired (%d)", 401), name="sync")
    worker.start()
    worker.join()
    pattern = (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z WARNING \[sync\] trayapp\.test_log: "
        r"Token expired \(401\)\n"
    )
    assert re.fullmatch(pattern, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"access_token={CANARY}&x=1", id="query"),
        pytest.param(f"https://anna:{CANARY}@example.org/api", id="user info in an address"),
        pytest.param(f"https://{CANARY}@example.org/api", id="token in an address"),
        pytest.param(f'{{"password": "{CANARY} with \\"quotes\\" {CANARY}"}}', id="json"),
        pytest.param(json.dumps(json.dumps({"refreshToken": CANARY})), id="json in json"),
        pytest.param(repr({"X-API-Key": CANARY, "n": 1}), id="repr of a dictionary"),
        pytest.param(repr([("authtoken", CANARY)]), id="repr of pairs"),
        pytest.param(repr({"secret": CANARY.encode()}), id="repr of bytes"),
        pytest.param(f"Authorization: Bearer {CANARY}", id="header"),
        pytest.param(f"authorization: Basic {CANARY} {CANARY}", id="header with two words"),
        pytest.param(f"Set-Cookie: sid={CANARY}; Path=/; t={CANARY}", id="cookie"),
        pytest.param(repr({"Authorization": f"Bearer {CANARY}"}), id="header in a dictionary"),
        pytest.param(f"sent bearer {CANARY}, refused", id="bearer"),
        pytest.param(f"Tokens(access_token='{CANARY}', user='anna')", id="repr of an object"),
        pytest.param(f"password = {CANARY}", id="assignment"),
        pytest.param(f"password: '{CANARY} and no end", id="a quote that never ends"),
    ],
)
def test_no_secret_reaches_the_file(path: Path, text: str) -> None:
    logger.info(text)
    logger.info("%s", text)
    logger.info("%(given)s", {"given": text})
    try:
        raise_with(text)
    except ValueError:
        logger.exception("It failed")
    logger.info("stack", stack_info=True)
    written = path.read_text(encoding="utf-8")
    assert written.count("***") >= 4
    assert CANARY not in written


def test_a_web_token_is_removed_wherever_it_stands(path: Path) -> None:
    logger.info("got %s from the server", jwt())
    assert "got *** from the server" in path.read_text(encoding="utf-8")


def test_an_argument_called_like_a_secret_is_removed(path: Path) -> None:
    logger.info("as %(user)s with %(refresh_token)s", {"user": "anna", "refresh_token": CANARY})
    assert path.read_text(encoding="utf-8").endswith("as anna with ***\n")


def test_a_concealed_value_is_removed_without_any_sign_around_it(path: Path) -> None:
    log.conceal(CANARY)
    log.conceal(CANARY)
    log.conceal("ab")  # so short that it would tear up words
    logger.info("the server said %s about it", CANARY)
    assert path.read_text(encoding="utf-8").endswith("the server said *** about it\n")


def test_a_concealed_value_that_is_part_of_another_leaves_no_rest_of_it() -> None:
    for secret in ("canary-part", "canary-part-and-more"):
        log.conceal(secret)
    assert log.redact("canary-part-and-more") == log.HIDDEN


def test_what_is_concealed_does_not_grow_for_ever() -> None:
    for number in range(1000):
        log.conceal(f"secret-{number}")
    assert len(log._secrets) <= 64
    assert log.redact("secret-999") == "***"


@pytest.mark.parametrize(
    "text",
    [
        "Token refresh failed: HTTP 400: Bad Request",
        "Token expired (401)",
        "HTTP 401: Unauthorized",
        "Network error: connection refused",
        "trayapp.accounts.tokens: one refresh for 50 callers",
        "the passwordless sign-in of http://127.0.0.1:8080/api",
    ],
)
def test_words_that_are_no_secrets_stay(text: str) -> None:
    assert log.redact(text) == text


def test_a_stored_traceback_is_cleaned_too(path: Path) -> None:
    record = logger.makeRecord(logger.name, logging.ERROR, "f", 1, "It failed", (), None)
    record.exc_text = f"ValueError: token={CANARY}"
    logger.handle(record)
    written = path.read_text(encoding="utf-8")
    assert "ValueError: token=***" in written


def test_other_handlers_get_the_record_as_it_was(path: Path) -> None:
    record = logger.makeRecord(logger.name, logging.INFO, "f", 1, "n=%d", (1,), None)
    logger.handle(record)
    assert path.exists()
    assert (record.msg, record.args) == ("n=%d", (1,))


def test_a_message_of_several_lines_cannot_pass_for_another_record(path: Path) -> None:
    logger.info("HTTP 500: \n2026-01-08T09:00:00.000Z INFO [main] trayapp: forged")
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 2
    assert lines[1].startswith("    2026")


def test_arguments_that_do_not_fit_lose_neither_the_message_nor_the_program(path: Path) -> None:
    args = ("token=" + CANARY,)
    record = logger.makeRecord(logger.name, logging.INFO, "f", 1, "%d tasks", args, None)
    handler = log._handler  # pytest's own handler would raise
    assert handler is not None
    handler.handle(record)
    written = path.read_text(encoding="utf-8")
    assert "%d tasks (its arguments cannot be shown: TypeError)" in written
    assert CANARY not in written


def test_text_that_is_no_unicode_is_written_all_the_same(path: Path) -> None:
    logger.info("name %s", "a\udcffb")
    assert "name a\\udcffb" in path.read_text(encoding="utf-8")


def test_files_are_closed_to_others_also_after_a_rotation(path: Path) -> None:
    for _ in range(130):
        logger.info("x" * 50_000)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["trayapp.log"] + [
        f"trayapp.log.{n}" for n in range(1, 6)
    ]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert max(file.stat().st_size for file in files) <= 1_000_000


def test_a_rotation_that_fails_is_told_and_costs_no_later_line(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = path.with_name("trayapp.log.5")
    in_the_way.mkdir()
    path.with_name("trayapp.log.4").touch()
    for number in range(30):
        logger.info("%d %s", number, "x" * 50_000)
    assert "29 x" in path.read_text(encoding="utf-8")
    assert capsys.readouterr().err.count("cannot write the log") == 1


def test_an_older_log_open_to_others_is_closed_to_them_and_continued(tmp_path: Path) -> None:
    path = tmp_path / "old.log"
    path.write_text("older line\n", encoding="utf-8")
    path.chmod(0o644)
    log.start_logging(path)
    logger.info("newer line")
    log.stop_logging()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text(encoding="utf-8").startswith("older line\n20")


def test_starting_again_moves_the_log_and_the_level_holds(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.log"
    log.start_logging(other, level=logging.WARNING)
    logger.info("quiet")
    logger.warning("loud")
    assert path.read_text(encoding="utf-8") == ""
    assert len(other.read_text(encoding="utf-8").splitlines()) == 1


def test_after_the_end_nothing_is_written_and_the_end_may_come_twice(path: Path) -> None:
    log.stop_logging()
    log.stop_logging()
    logger.warning("too late")
    assert path.read_text(encoding="utf-8") == ""


def test_a_log_that_cannot_be_opened_says_so_and_keeps_the_old_one(path: Path) -> None:
    with pytest.raises(OSError, match="Is a directory"):
        log.start_logging(path.parent)
    logger.info("still here")
    assert "still here" in path.read_text(encoding="utf-8")


def test_a_full_disk_is_told_once_and_without_the_record(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.start_logging(Path("/dev/full"))
    for _ in range(3):
        logger.warning("no room for %s", CANARY)
    told = capsys.readouterr().err
    log.stop_logging()
    assert told.count("cannot write the log /dev/full") == 1
    assert CANARY not in told
