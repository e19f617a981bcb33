"""One peer's buffers: nothing blocks, whatever the other end does."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from trayapp.control.connection import MAX_OUTBOX_BYTES, Connection, Responder
from trayapp.control.messages import Reply, Request


@pytest.fixture(name="ends")
def _ends() -> Iterator[tuple[Connection, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Connection(ours, deadline=1.0), theirs


Ends = tuple[Connection, socket.socket]


def test_a_peer_that_has_said_nothing_is_not_waited_for(ends: Ends) -> None:
    connection, _theirs = ends

    assert connection.receive()
    assert connection.take_line() is None


def test_a_request_is_taken_once(ends: Ends) -> None:
    connection, theirs = ends
    theirs.sendall(Request("status").line())

    assert connection.receive()
    assert connection.take_line() == Request("status").line().rstrip()
    assert connection.take_line() is None


def test_a_peer_that_left_is_noticed_in_both_directions(ends: Ends) -> None:
    connection, theirs = ends
    theirs.close()
    connection.put(b"answer\n")

    assert not connection.receive()
    assert not connection.send()


def test_a_peer_that_left_without_reading_is_noticed(ends: Ends) -> None:
    connection, theirs = ends
    connection.put(b"answer\n")
    assert connection.send()
    theirs.close()  # with something unread this is a reset, not an end

    assert not connection.receive()


def test_a_full_pipe_is_not_waited_for_and_the_outbox_is_bounded(ends: Ends) -> None:
    connection, _theirs = ends
    chunk = b"x" * (MAX_OUTBOX_BYTES // 4)
    puts = 0
    while connection.put(chunk):
        puts += 1
        assert connection.send()

    assert puts > 4
    assert 0 < connection.unsent <= MAX_OUTBOX_BYTES


def test_closing_tells_whoever_still_has_an_answer(ends: Ends) -> None:
    connection, _theirs = ends
    posted: list[bytes] = []
    connection.responder = Responder(lambda line, _last: posted.append(line))

    connection.close()
    connection.responder.reply(Reply(ok=True))

    assert posted == []
