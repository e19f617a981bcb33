"""What the channel carries: whole values there and back, and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes import FakeClock
from trayapp.control.messages import (
    JSON,
    MAX_DEPTH,
    MAX_LINE_BYTES,
    MAX_TEXT_CHARACTERS,
    MessageError,
    Reply,
    Request,
    stamp_from_json,
    stamp_to_json,
)
from trayapp.tracking.entry import Stamp

_BARE: dict[str, JSON] = {"name": "status", "arguments": {}, "stamp": None}
_STAMP = dict(stamp_to_json(FakeClock().stamp()))


def _nested(levels: int) -> JSON:
    value: JSON = ()
    for _level in range(levels - 1):
        value = (value,)
    return value


def test_a_request_arrives_as_it_was_sent() -> None:
    request = Request(
        "start",
        {
            "project": "Сайт",
            "note": "a\nb 🎉\u2028",
            "ids": (1, 2.5, True, None),
            "deep": {"a": ()},
        },
        FakeClock().stamp(),
    )

    line = request.line()

    assert Request.parse(line) == request
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")


def test_a_reply_arrives_as_it_was_sent() -> None:
    reply = Reply(ok=True, message="Started.", changed=True, value={"pending": 3})

    assert Reply.parse(reply.line()) == reply


def test_what_is_left_out_is_empty() -> None:
    assert Request.parse(Request("quit").line()) == Request("quit", {}, None)
    assert Reply.parse(Reply(ok=False).line()) == Reply(
        ok=False, message="", changed=False, value={}
    )


def test_what_was_parsed_cannot_be_changed() -> None:
    parsed = Request.parse(Request("start", {"list": [1, {"a": [2]}]}).line())

    assert parsed.arguments == {"list": (1, {"a": (2,)})}
    with pytest.raises(TypeError, match="does not support item assignment"):
        parsed.arguments["list"] = ()  # type: ignore[index]  # that is the point


@pytest.mark.parametrize(
    "stamp",
    [
        pytest.param(FakeClock().stamp(), id="usual"),
        pytest.param(
            Stamp(
                at=datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC),
                offset=timedelta(hours=-9, minutes=-30),
                zone="Pacific/Marquesas",
                boot_id="",
                boot=timedelta(milliseconds=1),
            ),
            id="far away and west",
        ),
    ],
)
def test_a_stamp_keeps_every_millisecond(stamp: Stamp) -> None:
    assert stamp_from_json(stamp_to_json(stamp)) == stamp


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"at_ms": "1"}, id="text as time"),
        pytest.param({"at_ms": True}, id="truth as time"),
        pytest.param({"at_ms": 1.5}, id="fraction"),
        pytest.param({"at_ms": -1}, id="before the epoch"),
        pytest.param({"at_ms": 10**15}, id="after the calendar"),
        pytest.param({"offset_ms": 24 * 60 * 60 * 1000}, id="offset of a day"),
        pytest.param({"boot_ms": -1}, id="before the boot"),
        pytest.param({"zone": None}, id="no zone"),
        pytest.param({"boot_id": 7}, id="number as boot id"),
        pytest.param({"more": 1}, id="unknown field"),
    ],
)
def test_a_stamp_that_cannot_be_is_refused(change: dict[str, JSON]) -> None:
    with pytest.raises(MessageError):
        stamp_from_json({**_STAMP, **change})


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"status", id="no JSON"),
        pytest.param(b'{"name":"\xff"}', id="no UTF-8"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"7", id="number"),
        pytest.param(b"null", id="null"),
        pytest.param(b"{}", id="no fields"),
        pytest.param(json.dumps({**_BARE, "more": 1}).encode(), id="unknown field"),
        pytest.param(json.dumps({**_BARE, "name": 7}).encode(), id="number as name"),
        pytest.param(json.dumps({**_BARE, "arguments": []}).encode(), id="list as arguments"),
        pytest.param(json.dumps({**_BARE, "stamp": 7}).encode(), id="number as stamp"),
        pytest.param(b'{"name":"a","name":"b","arguments":{},"stamp":null}', id="field twice"),
        pytest.param(json.dumps({**_BARE, "name": "\ud800"}).encode(), id="lone surrogate"),
        pytest.param(
            json.dumps({**_BARE, "arguments": {"\udc80": 1}}).encode(), id="surrogate in a name"
        ),
        pytest.param(json.dumps({**_BARE, "arguments": {"a": float("nan")}}).encode(), id="nan"),
        pytest.param(b'{"name":"a","arguments":{"a":1e999},"stamp":null}', id="infinite"),
        pytest.param(json.dumps({**_BARE, "arguments": {"a": 2**63}}).encode(), id="big integer"),
        pytest.param(b"9" * 5000, id="integer of thousands of digits"),
        pytest.param(b"[" * 60_000, id="bottomless"),
        pytest.param(b"[" * 5000 + b"]" * 5000, id="deep"),
        pytest.param(b'"' + b"a" * MAX_LINE_BYTES + b'"', id="long line"),
        pytest.param(
            json.dumps({**_BARE, "name": "a" * (MAX_TEXT_CHARACTERS + 1)}).encode(), id="long text"
        ),
    ],
)
def test_a_line_that_is_no_request_is_refused(line: bytes) -> None:
    with pytest.raises(MessageError):
        Request.parse(line)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"ok": 1}, id="number as truth"),
        pytest.param({"changed": None}, id="nothing as truth"),
        pytest.param({"message": None}, id="nothing as text"),
        pytest.param({"value": "x"}, id="text as value"),
    ],
)
def test_a_line_that_is_no_reply_is_refused(change: dict[str, JSON]) -> None:
    sound: dict[str, JSON] = {"ok": True, "message": "", "changed": False, "value": {}}
    Reply.parse(json.dumps(sound).encode())

    with pytest.raises(MessageError):
        Reply.parse(json.dumps({**sound, **change}).encode())


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(float("inf"), id="infinite"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param(2**63, id="big integer"),
        pytest.param("я" * MAX_TEXT_CHARACTERS * 5, id="long text"),
        pytest.param(tuple("я" * MAX_TEXT_CHARACTERS for _ in range(5)), id="long line"),
        pytest.param(_nested(MAX_DEPTH), id="deep"),
        pytest.param(object(), id="no JSON"),
        pytest.param({1: 2}, id="number as a field's name"),
    ],
)
def test_what_could_not_be_received_is_not_sent(value: JSON) -> None:
    with pytest.raises(MessageError):
        Request("start", {"value": value}).line()


def test_the_depth_that_is_allowed_goes_through() -> None:
    # The message and its arguments are two levels.
    request = Request("start", {"value": _nested(MAX_DEPTH - 1)})

    assert Request.parse(request.line()) == request
