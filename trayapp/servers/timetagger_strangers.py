"""What runs on a TimeTagger server and is none of ours, when ours is to run.

The server lets any number of records run. What the user started elsewhere before ours is ended
where ours begins, as its own web app does, and the user is told; all else is left alone. Runs on
the sync thread; never raises.
"""

from __future__ import annotations

import logging
from collections.abc import Container, Sequence
from dataclasses import replace

from trayapp.servers.timetagger_api import NotTaken, TimeTaggerApi
from trayapp.servers.timetagger_records import Job, Record, time_text
from trayapp.sync.explanations import closed_there
from trayapp.sync.outcome import Delivered, Outcome
from trayapp.tracking.entry import from_ms

_logger = logging.getLogger(__name__)


class Strangers:
    """What was ended for records of ours that are not delivered yet; told with their delivery."""

    def __init__(self, api: TimeTaggerApi) -> None:
        self._api = api
        self._ended: dict[str, dict[str, Record]] = {}

    def end(
        self, job: Job, records: Sequence[Record], delivered: Delivered, *, ours: Container[str]
    ) -> Outcome:
        """End those among the records: the delivery, or the trouble that came of it.

        `ours` are further keys that belong to us.
        """
        begin, key = job.want.t1, job.want.key
        shown = {one.key: one for one in records}
        for one in job.strangers(records):
            if one.key in ours:
                continue
            closed = replace(one, t2=max(begin, one.t1 + 1), mt=max(begin, one.mt + 1))
            # Remembered before it is known: should the answer be lost, it shows when we look.
            self._ended.setdefault(key, {})[one.key] = closed
            taken = self._api.put(closed)
            if isinstance(taken, Outcome):
                return taken
            if isinstance(taken, NotTaken):
                since = time_text(one.t1)
                _logger.warning("What runs on the server since %s cannot be ended", since)
            else:
                shown[one.key] = closed
        ended = self._ended.pop(key, {}).values()
        words = [_words(one) for one in ended if _is_ended(one, shown.get(one.key))]
        return replace(delivered, closed_other="\n".join(words))


def _is_ended(closed: Record, shown: Record | None) -> bool:
    """Whether it ends where we would have it end; else it was somebody else, or nobody."""
    return shown is not None and (shown.t1, shown.t2) == (closed.t1, closed.t2)


def _words(closed: Record) -> str:
    return closed_there(closed.ds, from_ms(closed.t1 * 1000), from_ms(closed.t2 * 1000))
