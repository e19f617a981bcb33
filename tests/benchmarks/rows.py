"""All rows, in the order of the list of goals."""

from __future__ import annotations

from tests.benchmarks import (
    clicks,
    delivering,
    idle,
    memory,
    requests_needed,
    retrying,
    scale,
    starting,
    syncs,
    waiting,
    windows,
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
    Row(
        number=8,
        name="window",
        title="The failed-tasks window opens",
        run=windows.failed_window,
        needs_desktop=True,
    ),
    Row(
        number=9,
        name="idle",
        title="Idle with the icon up",
        run=idle.nothing_due,
        needs_desktop=True,
    ),
    Row(
        number=10,
        name="memory",
        title="Memory with the icon up",
        run=memory.with_icon,
        needs_desktop=True,
    ),
    Row(
        number=11,
        name="start",
        title="Starting",
        run=starting.starts,
        needs_desktop=True,
    ),
    Row(number=12, name="disk", title="A year on the disk", run=year.year_of_clicks),
)
