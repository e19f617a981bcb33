"""Migration: earlier schemas of ours brought to this one, step by step."""

from __future__ import annotations

import sqlite3

from trayapp.queue import schema
from trayapp.queue.script import statements

_FROM_100 = """
ALTER TABLE account ADD COLUMN user_id TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN projects_ms INTEGER;
ALTER TABLE account ADD COLUMN projects_bind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN project_needed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sync_queue ADD COLUMN discarded_ms INTEGER;
ALTER TABLE event ADD COLUMN detail TEXT NOT NULL DEFAULT '';
DROP TRIGGER event_unchanged;
"""
_FROM_101 = """
DROP INDEX IF EXISTS event_account;
DROP INDEX task_open;
DROP TRIGGER tally_update;
"""
_FROM_102 = """
ALTER TABLE sync_queue ADD COLUMN held INTEGER NOT NULL DEFAULT -1;
DROP INDEX task_pending;
DROP INDEX task_failed;
DROP INDEX task_failed_cause;
DROP INDEX task_trial;
DROP VIEW IF EXISTS open_task;
DROP VIEW unheld_task;
DROP TRIGGER tally_insert;
"""
_STEPS = (_FROM_100, _FROM_101, _FROM_102)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an earlier schema of ours to this one; the caller holds a transaction open."""
    steps = _STEPS[schema.version(connection) - schema.FIRST_VERSION :]
    for statement in statements("".join(steps)):
        connection.execute(statement)
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    for statement in statements(schema.SCHEMA):
        verb, _kind, name = statement.split(maxsplit=3)[:3]
        if verb == "CREATE" and name not in there:
            connection.execute(statement)
    connection.execute(schema.HOLD)
    schema.set_version(connection)
