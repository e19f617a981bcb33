from __future__ import annotations

import pytest

from trayapp.control.messages import Reply
from trayapp.retries import retry_begun, retry_result_in, retry_value
from trayapp.sync.status import RetryResult


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "There was nothing to send."),
        (1, "1 task is tried again."),
        (500, "500 tasks are tried again."),
    ],
)
def test_a_retry_that_nobody_waits_for_says_how_many(count: int, words: str) -> None:
    assert retry_begun(count) == Reply(
        ok=True, changed=count > 0, message=words, value={"count": count}
    )


def test_a_result_crosses_the_channel_whole() -> None:
    result = RetryResult(number=0, sent=97, failed=3, waiting=2, reason="HTTP 422: closed")
    reply = Reply.parse(Reply(ok=True, value=retry_value(result)).line())
    assert retry_result_in(reply) == result
    nothing = RetryResult(number=0, sent=0, failed=0, waiting=0, reason="")
    assert retry_result_in(Reply(ok=True)) == nothing
