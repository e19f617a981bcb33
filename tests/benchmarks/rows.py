"""All rows, in the order of the list of goals."""

from __future__ import annotations

from tests.benchmarks import (
    clicks,
    delivering,
    requests_needed,
    retrying,
    scale,
    syncs,
    waiting,
    year,
)
from tests.benchmarks.frame import Row

ROWS = (
    Row(number=1, name="syncs", title="Syncs per acknowledged click", run=syncs.syncs_per_click),
    Row(number=2, name="click", title="Click to durable", run=clicks.click_to_durable),
    Row(
        number=3,
        name="waiting",
        title="A click while the worker waits for a slow server",
        run=waiting.click_beside_worker,
    ),
    Row(number=4, name="backlog", title="Delivering a backlog", run=delivering.backlog),
    Row(
        number=5,
        name="requests",
        title="Requests for a day of 40 clicks recorded offline",
        run=requests_needed.day_offline,
    ),
    Row(
        number=6,
        name="scale",
        title="What is asked often, in a short queue and a long one",
        run=scale.questions,
    ),
    Row(number=7, name="retry", title="Retry all", run=retrying.retry_all),
    Row(number=12, name="disk", title="A year on the disk", run=year.year_of_clicks),
)
