"""Migration: earlier schemas of ours brought to this one, step by step."""

from __future__ import annotations

import sqlite3

from trayapp.queue import schema

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


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an earlier schema of ours to this one; the caller holds a transaction open."""
    steps = (_FROM_100 if schema.version(connection) == schema.FIRST_VERSION else "") + _FROM_101
    for statement in schema.statements(steps):
        connection.execute(statement)
    there = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    for statement in schema.statements(schema.SCHEMA):
        verb, _kind, name = statement.split(maxsplit=3)[:3]
        if verb == "CREATE" and name not in there:
            connection.execute(statement)
    schema.set_version(connection)
