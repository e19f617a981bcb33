"""What a record of a Hubnity server is judged to be, and what is asked for next."""

from __future__ import annotations

import pytest

from trayapp.servers.hubnity_shapes import (
    Finding,
    Record,
    Shape,
    Status,
    judge,
    next_step,
    record_of,
)


def shape(status: str, start: int = 0, end: int | None = None, seconds: int = 0) -> Shape:
    return Shape(status=Status(status), start_ms=start, end_ms=end, seconds=seconds)


def record(shown: Shape, changed_ms: int) -> Record:
    return Record(
        id="x",
        user_id="u",
        project_id="",
        project_name="",
        note="",
        key="",
        changed_ms=changed_ms,
        shape=shown,
    )


RUNS, RESTS = shape("RUNNING", 100_000), shape("PAUSED", 100_000, seconds=50)


@pytest.mark.parametrize(
    ("base", "shown", "changed_ms", "want", "fresh", "doubtful"),
    [
        pytest.param(
            RUNS,
            shape("PAUSED", 100_000, seconds=60),
            160_000,
            RESTS,
            Finding.ON_THE_WAY,
            Finding.ON_THE_WAY,
            id="paused by the clock",
        ),
        pytest.param(
            RUNS,
            shape("PAUSED", 160_000, seconds=60),
            160_500,
            RESTS,
            Finding.ON_THE_WAY,
            Finding.ON_THE_WAY,
            id="paused by the clock, its start moved",
        ),
        pytest.param(
            RUNS,
            shape("PAUSED", 100_000, seconds=0),
            40_000,
            RESTS,
            Finding.ON_THE_WAY,
            Finding.ON_THE_WAY,
            id="paused by a clock behind ours",
        ),
        pytest.param(
            RUNS,
            shape("PAUSED", 130_000, seconds=60),
            160_000,
            RESTS,
            Finding.OTHER,
            Finding.OTHER,
            id="another start",
        ),
        pytest.param(
            RESTS,
            shape("RUNNING", 160_000, seconds=50),
            160_000,
            shape("RUNNING", 150_000, seconds=50),
            Finding.OTHER,
            Finding.ON_THE_WAY,
            id="resumed",
        ),
        pytest.param(
            RUNS,
            shape("RUNNING", 190_000, seconds=60),
            190_000,
            shape("RUNNING", 150_000, seconds=50),
            Finding.OTHER,
            Finding.ON_THE_WAY,
            id="resumed after an idle pause",
        ),
        pytest.param(
            RESTS,
            shape("RUNNING", 130_000, seconds=50),
            160_000,
            shape("RUNNING", 150_000, seconds=50),
            Finding.OTHER,
            Finding.OTHER,
            id="resumed and edited",
        ),
        pytest.param(
            RESTS,
            shape("STOPPED", 100_000, 160_000, 50),
            160_000,
            shape("STOPPED", 90_000, 155_000, 50),
            Finding.OTHER,
            Finding.ON_THE_WAY,
            id="stopped",
        ),
        pytest.param(
            RESTS,
            shape("STOPPED", 100_000, 120_000, 50),
            160_000,
            shape("STOPPED", 90_000, 155_000, 50),
            Finding.OTHER,
            Finding.OTHER,
            id="stopped at another time",
        ),
        pytest.param(
            RESTS,
            shape("RUNNING", 160_000, seconds=50),
            160_000,
            shape("STOPPED", 90_000, 155_000, 50),
            Finding.OTHER,
            Finding.OTHER,
            id="resumed where we stopped",
        ),
        pytest.param(
            RUNS,
            shape("PAUSED", 100_000, seconds=999),
            160_000,
            RESTS,
            Finding.OTHER,
            Finding.OTHER,
            id="paused and edited",
        ),
        pytest.param(RUNS, RESTS, 160_000, RESTS, Finding.ARRIVED, Finding.ARRIVED, id="arrived"),
        pytest.param(RUNS, RUNS, 160_000, RESTS, Finding.UNTOUCHED, Finding.UNTOUCHED, id="as is"),
    ],
)
def test_what_a_record_is_judged_to_be(  # a table's columns
    base: Shape, shown: Shape, changed_ms: int, want: Shape, fresh: Finding, doubtful: Finding
) -> None:
    seen = record(shown, changed_ms)
    assert judge(seen, base, want, in_doubt=False) is fresh
    assert judge(seen, base, want, in_doubt=True) is doubtful


def test_a_paused_record_that_should_be_is_only_corrected() -> None:
    step = next_step(shape("PAUSED", 1), shape("PAUSED", 2, seconds=3))
    assert step is not None
    assert not step.verb
    assert step.fields == {"startTime": "1970-01-01T00:00:00.002Z", "duration": 3}
    assert next_step(RUNS, RUNS) is None


def test_a_record_opened_again_keeps_an_end_that_means_nothing() -> None:
    row: dict[str, object] = {
        "id": "x",
        "userId": "u",
        "status": "RUNNING",
        "startTime": "2026-01-08T09:00:00.000Z",
        "endTime": "2026-01-08T09:30:00.000Z",
        "updatedAt": "2026-01-08T09:00:00.000+00:00",
        "duration": 5,
    }
    found = record_of(row)
    assert found is not None
    assert found.shape.end_ms is None
    assert record_of(row | {"startTime": "2026-01-08T09:00:00"}) == found
    for change in ({"id": 5}, {"userId": None}, {"duration": True}, {"startTime": None}):
        assert record_of({**row, **change}) is None
