"""Whatever comes over the control channel gets one answer, and the app goes on."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.control_support import WAIT_SECONDS, echoing, raw_peer, read_to_end, serving
from tests.integration.core_support import made_paths
from tests.integration.loopback_support import serves, stranger
from tests.integration.test_app_answers import Desk
from tests.security.chance import INTEGERS, TEXTS, VALUES, fuzzed, names, patient
from tests.soak import Soak
from trayapp.control.client import ControlClient
from trayapp.control.connection import Responder
from trayapp.control.loopback import SECRET_BYTES, LoopbackEndpoint
from trayapp.control.messages import MAX_LINE_BYTES, MessageError, Reply, Request
from trayapp.tracking.tracker import Start

pytestmark = [pytest.mark.soak, pytest.mark.slow, pytest.mark.timeout(120)]

LINES = st.one_of(
    st.binary(max_size=200),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.fixed_dictionaries(
        {"name": names("start"), "arguments": VALUES, "stamp": VALUES},
        optional={"more": VALUES, "ok": st.booleans(), "message": TEXTS, "value": VALUES},
    ).map(lambda value: json.dumps(value).encode()),
    st.integers(0, 70_000).map(lambda depth: b"[" * depth),
    st.integers(4000, 60_000).map(lambda digits: b'{"name":' + b"9" * digits + b"}"),
)


def test_a_line_is_a_message_or_refused(soak: Soak) -> None:
    @patient(300)
    @given(line=LINES)
    def proof(line: bytes) -> None:
        for kind in (Request, Reply):
            with suppress(MessageError):
                found = kind.parse(line)
                assert kind.parse(found.line()) == found

    fuzzed(soak, proof, what="rounds of 300 lines", full=300)


def test_a_peer_gets_one_answer_or_the_end(soak: Soak, runtime: Path) -> None:
    directory = runtime / "trayapp"

    @patient(60)
    @given(pieces=st.lists(LINES, max_size=3), ends=st.booleans())
    def proof(pieces: list[bytes], *, ends: bool) -> None:
        with raw_peer(directory) as peer:
            with suppress(ConnectionResetError, BrokenPipeError):
                for piece in pieces:
                    peer.sendall(piece[: MAX_LINE_BYTES + 10])
                peer.sendall(b"\n" if ends else b"x" * MAX_LINE_BYTES)
            said = read_to_end(peer)
        assert said.count(b"\n") <= 1
        if said:
            Reply.parse(said)

    with serving(directory, echoing(), idle_seconds=WAIT_SECONDS):
        fuzzed(soak, proof, what="rounds of 60 peers", full=300)


def test_whatever_a_stranger_says_it_is_not_heard(soak: Soak, runtime: Path) -> None:
    directory, app = runtime / "trayapp", echoing()

    @patient(60)
    @given(pieces=st.lists(LINES, max_size=3))
    def proof(pieces: list[bytes]) -> None:
        with stranger(note) as peer:
            with suppress(ConnectionResetError, BrokenPipeError):
                for piece in pieces:
                    peer.sendall(piece[: MAX_LINE_BYTES + 10])
                peer.sendall(b"\n" * 2 * SECRET_BYTES)
            said = read_to_end(peer)
        assert len(said) <= 2 * SECRET_BYTES
        assert note.secret not in said

    with serves(directory, app) as note:
        fuzzed(soak, proof, what="rounds of 60 strangers", full=300)
        assert ControlClient(directory, endpoint=LoopbackEndpoint()).ask(Request("a"), 10).ok
    assert app.next()[0].name == "a"


REQUESTS = (
    "start",
    "pause",
    "resume",
    "stop",
    "edit",
    "delete",
    "undo",
    "fix",
    "retry",
    "cancel_retry",
    "watch",
    "wake",
    "hello",
    "show",
    "discard",
    "undo_discard",
    "resolve",
    "account",
    "try_connection",
    "sign_in",
    "send_earlier",
    "sign_out",
    "failed",
    "gap",
)
ARGUMENTS = (
    "project",
    "note",
    "given_at_ms",
    "entry",
    "started_at_ms",
    "stopped_at_ms",
    "ids",
    "wait",
    "look",
    "keep",
    "kind",
    "user",
    "password",
    "token",
    "plain_http",
    "send",
    "task_ids",
)
MEANT = st.one_of(
    VALUES,
    st.lists(INTEGERS, max_size=5),
    st.sampled_from(["hubnity", "timetagger", "http://127.0.0.1:9", "server", "clicked", True]),
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An app that does what it is asked on this thread, and can send nothing."""
    made = Desk(made_paths(tmp_path))
    made.app.core.timer.do(Start("Website"), made.clock.stamp())
    yield made
    made.app.core.close()


class Seen(logging.Handler):
    """Defects that were met and survived are defects all the same."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.defects: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.defects.append(record.getMessage() + str(record.exc_info))


def test_whatever_is_asked_of_the_app_gets_one_answer(soak: Soak, desk: Desk) -> None:
    seen = Seen()
    logging.getLogger().addHandler(seen)

    @patient(250)
    @given(
        name=names(*REQUESTS),
        arguments=st.dictionaries(names(*ARGUMENTS), MEANT, max_size=5),
        url=st.sampled_from(
            [None, 7, "http://127.0.0.1:9", "http://[", "ftp://x", "127.0.0.1:9/x"]
        ),
    )
    def proof(name: str, arguments: dict[str, object], url: object) -> None:
        arguments["url"] = url  # nobody is asked but this computer
        line = json.dumps({"name": name, "arguments": arguments, "stamp": None}).encode()
        try:
            request = Request.parse(line)
        except MessageError:
            return
        answers: list[tuple[Reply, bool]] = []
        responder = Responder(lambda sent, last: answers.append((Reply.parse(sent), last)))
        desk.clock.advance(0.01)
        desk.app._answers.answer(request, responder, desk.clock.stamp())
        responder.leave()
        assert seen.defects == []
        assert sum(last for _reply, last in answers) <= 1
        if name not in LATER:
            assert len(answers) == 1

    try:
        fuzzed(soak, proof, what="rounds of 250 requests", full=300)
    finally:
        logging.getLogger().removeHandler(seen)


LATER = {"watch", "retry", "try_connection", "sign_in", "send_earlier", "sign_out"}
"""They are answered when something has happened, on other threads."""
