"""Salvage: a value that is damaged is mended by what else tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.queue.damage import a_used_file, brought_back, lose, table, without_triggers
from tests.unit.queue.support import database_in


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "used"
    a_used_file(made)
    return made


@pytest.mark.parametrize(
    ("hurt", "look", "expected"),
    [
        pytest.param(
            "UPDATE event SET kind = 'time_entry_pbuse' WHERE seq = 2",
            "SELECT kind FROM event WHERE seq = 2",
            [("time_entry_pause",)],
            id="a letter of a kind",
        ),
        pytest.param(
            "UPDATE event SET at_ms = 7 WHERE seq = 30",
            "SELECT at_ms > 1000000000000 FROM event WHERE seq = 30",
            [(1,)],
            id="a time that the task shows",
        ),
        pytest.param(
            "UPDATE event SET id = CAST(x'80' AS TEXT) WHERE seq = 30",
            "SELECT COUNT(*) FROM event JOIN sync_queue AS task ON task.event = event.id"
            " WHERE task.id = 30 AND seq = 30",
            [(1,)],
            id="an id that the task has",
        ),
        pytest.param(
            "UPDATE event SET seq = 123456789 WHERE seq = 30",
            "SELECT task.id FROM event JOIN sync_queue AS task ON task.event = event.id"
            " WHERE seq = 30",
            [(30,)],
            id="a number that no click can have",
        ),
        pytest.param(
            "UPDATE event SET account = 77 WHERE seq = 30",
            "SELECT account FROM event WHERE seq = 30",
            [(2,)],
            id="an account that nobody has",
        ),
        pytest.param(
            "UPDATE event SET note = CAST(x'6180' AS TEXT) WHERE seq = 3",
            "SELECT note FROM event WHERE seq = 3",
            [("a\ufffd",)],
            id="a byte of a note",
        ),
        pytest.param(
            "UPDATE sync_queue SET payload = CAST(x'80' AS TEXT) WHERE id = 30",
            "SELECT json_extract(payload, '$.event') = event FROM sync_queue WHERE id = 30",
            [(1,)],
            id="a payload",
        ),
        pytest.param(
            "UPDATE sync_queue SET status = 'pxnding', entity_type = CAST(x'80' AS TEXT),"
            " doubt = 'x' WHERE id = 30",
            "SELECT status, entity_type, doubt FROM sync_queue WHERE id = 30",
            [("pending", "time_entry_pause", "unknown")],
            id="the words of a task",
        ),
        pytest.param(
            "UPDATE sync_queue SET event = 'gone', entity_type = 'screenshot' WHERE id = 30",
            "SELECT event, status, cause, error_message LIKE '%lost%'"
            " FROM sync_queue WHERE id = 30",
            [(None, "failed", "unknown", 1)],
            id="a task whose click nobody can tell",
        ),
        pytest.param(
            "UPDATE account SET gate = 'offline', gate_reason = NULL WHERE id = 2",
            "SELECT gate FROM account WHERE id = 2",
            [(None,)],
            id="half a gate",
        ),
        pytest.param(
            "UPDATE sync_queue SET payload = 'x', event = 'other' WHERE id = 30",
            "SELECT kind, zone FROM event WHERE id = 'other'",
            [("time_entry_pause", "Asia/Yekaterinburg")],
            id="a click that only a task without a payload knows",
        ),
        pytest.param(
            "UPDATE sync_queue SET held = 5",
            "SELECT SUM(held = 0) = COUNT(DISTINCT entry), SUM(held = 1) > 0, SUM(held > 1)"
            " FROM sync_queue WHERE status <> 'discarded'",
            [(1, 1, 0)],
            id="which tasks have to wait for older ones",
        ),
    ],
)
def test_damaged_values_are_mended(
    folder: Path, hurt: str, look: str, expected: list[tuple[object, ...]]
) -> None:
    without_triggers(folder, hurt)
    lose(folder, "event_entry")
    brought_back(folder)
    assert table(database_in(folder), look) == expected
