"""The database's schema, as SQL with a comment per column, and what is set on every connection.

Times are integers, UTC milliseconds since the epoch. `user_version` counts our schemas from 100,
clear of the numbers of the older app whose databases are upgraded by `trayapp.queue.legacy`.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from trayapp.queue.errors import SchemaTooNewError
from trayapp.queue.script import statements

APPLICATION_ID = 0x54726179  # "Tray": what `file` and a support desk can tell it by
FIRST_VERSION = 100
SCHEMA_VERSION = 103
NEEDS = "0.1.0"
"""The first Trayapp that reads this schema: kept in the file, for those that do not."""
LAST_VERSION = 10_000
"""A number beyond this is no schema of ours to come, but damage."""
BUSY_SECONDS = 10.0

SCHEMA = """
CREATE TABLE account (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,               -- embedded, hubnity, timetagger, ...
  url TEXT NOT NULL,                -- with its prefix; empty: inside the process, or not yet known
  user TEXT NOT NULL,
  user_id TEXT NOT NULL DEFAULT '', -- what the server itself calls the user
  last_delivery_ms INTEGER,         -- the server's last yes; NULL: this address never worked
  refusal_entry TEXT,               -- entry of the newest refusal, NULL after a delivery
  refusal_words TEXT,               -- its normalised words
  gate TEXT,                        -- kind of the closed gate; NULL: open
  gate_reason TEXT,
  gate_since_ms INTEGER,
  gate_due_ms INTEGER,              -- NULL: not before somebody acts
  gate_tries INTEGER,               -- probes since it closed
  gate_task INTEGER,                -- head in trouble, or last probe
  gate_seeks_other INTEGER,         -- one task of another entry may try at once
  gate_by_server INTEGER,           -- the server named the time
  projects_ms INTEGER,              -- when its projects were read; NULL: never
  projects_bind INTEGER NOT NULL DEFAULT 0, -- only those in the list can be tracked
  project_needed INTEGER NOT NULL DEFAULT 0, -- nothing is taken without a project
  UNIQUE (kind, url, user)
);

CREATE TABLE project (              -- what can be tracked, as the server said last
  account INTEGER NOT NULL REFERENCES account (id),
  remote_id TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (account, remote_id)
) WITHOUT ROWID;

CREATE TABLE imported (             -- rows of older databases that were brought over: each once
  fingerprint TEXT PRIMARY KEY,
  task INTEGER NOT NULL             -- the task it became; kept when that has left the queue
) WITHOUT ROWID;

CREATE TABLE meta (                 -- active_account, age, brought, needs, salvage, what is kept
                                    -- about the clock; scrub: an upgrade has yet to erase
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE event (                -- what was clicked, for ever
  seq INTEGER PRIMARY KEY,          -- order of the clicks
  id TEXT NOT NULL UNIQUE,          -- uuid
  account INTEGER NOT NULL REFERENCES account (id),
  entry TEXT NOT NULL,              -- uuid of what is tracked
  kind TEXT NOT NULL,               -- time_entry_start, ...
  at_ms INTEGER NOT NULL,           -- wall time of the click
  offset_minutes INTEGER NOT NULL,  -- of the user's clock, east of UTC
  zone TEXT NOT NULL,               -- IANA name
  boot_id TEXT NOT NULL,
  boot_ms INTEGER NOT NULL,         -- since that boot, suspend included
  project TEXT NOT NULL,
  note TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ''   -- of an edit: the entry as it should be, JSON
);
CREATE INDEX event_entry ON event (entry, seq);
CREATE TRIGGER event_kept BEFORE DELETE ON event
  BEGIN SELECT RAISE (ABORT, 'events are kept for ever'); END;
CREATE TRIGGER event_unchanged BEFORE UPDATE OF -- only whose they are may change
  seq, id, entry, kind, at_ms, offset_minutes, zone, boot_id, boot_ms, project, note, detail
  ON event
  BEGIN SELECT RAISE (ABORT, 'events are never changed'); END;
CREATE INDEX event_begun ON event (seq) WHERE kind = 'time_entry_start';

CREATE TABLE segment (              -- what the server confirmed about a begin and end
  id TEXT PRIMARY KEY,              -- id of the event that opened it
  account INTEGER NOT NULL REFERENCES account (id),
  entry TEXT NOT NULL,
  began_ms INTEGER NOT NULL,
  remote_id TEXT,                   -- the server's name for it
  remote_base TEXT,                 -- the record as the server last confirmed it, JSON
  removed INTEGER NOT NULL DEFAULT 0, -- somebody removed it there: never re-created
  watched_until_ms INTEGER,         -- sent again after looks found nothing: look for a twin
  twin TEXT                         -- remote id of a possible double
) WITHOUT ROWID;
CREATE INDEX segment_entry ON segment (entry);
CREATE INDEX segment_began ON segment (account, began_ms);
CREATE INDEX segment_watched ON segment (account) WHERE watched_until_ms IS NOT NULL;
CREATE INDEX segment_twin ON segment (account) WHERE twin IS NOT NULL;

CREATE TABLE sync_queue (           -- what has not arrived
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- users type it, so it is never reused
  account INTEGER NOT NULL REFERENCES account (id),
  entity_type TEXT NOT NULL,
  payload TEXT NOT NULL,            -- what is shown of it, JSON, without secrets
  status TEXT NOT NULL DEFAULT 'pending' -- IN would be a tenth of retrying all
    CHECK (status = 'pending' OR status = 'failed' OR status = 'discarded'),
  retry_count INTEGER NOT NULL DEFAULT 0,
  created_at INTEGER NOT NULL,
  last_retry_at INTEGER,
  error_message TEXT NOT NULL DEFAULT '',
  entry TEXT NOT NULL DEFAULT '',   -- empty: a start of an older database, which names none
  event TEXT UNIQUE REFERENCES event (id), -- NULL: a task of an older database
  cause TEXT NOT NULL DEFAULT '',   -- class of the last outcome
  due_ms INTEGER NOT NULL DEFAULT 0, -- not before; 0: at once
  trial INTEGER NOT NULL DEFAULT 0, -- its cause healed: 1 on its one trial, 2 trial used
  doubt TEXT NOT NULL DEFAULT 'none' CHECK (doubt IN ('none', 'sent', 'unknown')),
  wire_body TEXT,                   -- what went out; on the first of the tasks it settles
  sent_at INTEGER,
  sends INTEGER NOT NULL DEFAULT 0, -- requests without a settled answer
  looks INTEGER NOT NULL DEFAULT 0, -- looks since then that found nothing
  discarded_ms INTEGER,             -- when the user said "do not send"
  held INTEGER NOT NULL DEFAULT -1  -- something older of its entry is open; -1: triggers find out
);
CREATE INDEX task_ready             -- in the order of the ids: to name them would keep them twice
  ON sync_queue (account) WHERE status = 'pending' AND held = 0;
CREATE INDEX task_due ON sync_queue (account, due_ms) WHERE status = 'pending' AND due_ms > 0;
CREATE INDEX task_failed ON sync_queue (account) WHERE status = 'failed';
CREATE INDEX task_failed_cause ON sync_queue (cause) WHERE status = 'failed';
CREATE INDEX task_tried ON sync_queue (account)
  WHERE status = 'pending' AND held = 0 AND trial > 0;
CREATE INDEX task_entry ON sync_queue (entry, id);

CREATE VIEW unheld_task AS          -- pending, and nothing older of its entry is unfinished
  SELECT * FROM sync_queue WHERE status = 'pending' AND held = 0 AND event IS NOT NULL;

CREATE VIEW foremost_task AS        -- an account's oldest open one is among these; by two indexes
  SELECT * FROM sync_queue WHERE status = 'pending' AND held = 0 UNION ALL
  SELECT * FROM sync_queue WHERE status = 'failed';

CREATE VIEW is_held AS              -- what `held` should be
  SELECT id, EXISTS (SELECT 1 FROM sync_queue AS older WHERE older.entry = task.entry
    AND older.id < task.id AND older.status <> 'discarded') AS held FROM sync_queue AS task;
CREATE TRIGGER held_insert AFTER INSERT ON sync_queue
WHEN NEW.held < 0 AND NEW.status <> 'discarded' BEGIN -- a click says it: half the price
  UPDATE sync_queue SET held = (SELECT held FROM is_held WHERE id = sync_queue.id)
    WHERE id IN (NEW.id, (SELECT MIN(id) FROM sync_queue
      WHERE entry = NEW.entry AND id > NEW.id AND status <> 'discarded'));
END;
CREATE TRIGGER held_delete AFTER DELETE ON sync_queue
WHEN OLD.status <> 'discarded' AND OLD.held = 0 BEGIN
  UPDATE sync_queue SET held = 0 WHERE id = (SELECT MIN(id) FROM sync_queue
    WHERE entry = OLD.entry AND id > OLD.id AND status <> 'discarded');
END;
CREATE TRIGGER held_update AFTER UPDATE OF entry, status ON sync_queue WHEN
OLD.entry <> NEW.entry OR (OLD.status = 'discarded') <> (NEW.status = 'discarded') BEGIN
  UPDATE sync_queue SET held = (SELECT held FROM is_held WHERE id = sync_queue.id)
    WHERE id IN (NEW.id, (SELECT MIN(id) FROM sync_queue
      WHERE entry = OLD.entry AND id > NEW.id AND status <> 'discarded'),
    (SELECT MIN(id) FROM sync_queue
      WHERE entry = NEW.entry AND id > NEW.id AND status <> 'discarded'));
END;

CREATE TABLE attempt (              -- history of what went wrong, while the task is here
  id INTEGER PRIMARY KEY,
  task INTEGER NOT NULL REFERENCES sync_queue (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX attempt_task ON attempt (task);

CREATE TABLE tally (                -- counts, kept by the triggers below: O(1) at every size
  account INTEGER NOT NULL,
  status TEXT NOT NULL,             -- a task's status, or 'doubtful'
  cause TEXT NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (account, status, cause)
) WITHOUT ROWID;
CREATE TRIGGER tally_insert AFTER INSERT ON sync_queue BEGIN
  INSERT INTO tally VALUES (NEW.account, NEW.status, NEW.cause, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER tally_insert_doubt AFTER INSERT ON sync_queue
WHEN NEW.doubt <> 'none' AND NEW.status <> 'discarded' BEGIN
  INSERT INTO tally VALUES (NEW.account, 'doubtful', '', 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER tally_delete AFTER DELETE ON sync_queue BEGIN
  UPDATE tally SET count = count - 1
    WHERE account = OLD.account AND status = OLD.status AND cause = OLD.cause;
  UPDATE tally SET count = count - 1
    WHERE account = OLD.account AND status = 'doubtful' AND cause = ''
      AND OLD.doubt <> 'none' AND OLD.status <> 'discarded';
END;
CREATE TRIGGER tally_update AFTER UPDATE OF account, status, cause ON sync_queue
WHEN OLD.account <> NEW.account OR OLD.status <> NEW.status OR OLD.cause <> NEW.cause BEGIN
  UPDATE tally SET count = count - 1
    WHERE account = OLD.account AND status = OLD.status AND cause = OLD.cause;
  INSERT INTO tally VALUES (NEW.account, NEW.status, NEW.cause, 1)
    ON CONFLICT DO UPDATE SET count = count + 1;
END;
CREATE TRIGGER tally_doubt AFTER UPDATE OF account, status, doubt ON sync_queue
WHEN OLD.doubt <> 'none' OR NEW.doubt <> 'none' BEGIN
  UPDATE tally SET count = count - 1
    WHERE account = OLD.account AND status = 'doubtful' AND cause = ''
      AND OLD.doubt <> 'none' AND OLD.status <> 'discarded';
  INSERT INTO tally SELECT NEW.account, 'doubtful', '', 1
    WHERE NEW.doubt <> 'none' AND NEW.status <> 'discarded'
    ON CONFLICT DO UPDATE SET count = count + 1;
END;

INSERT INTO account (id, kind, url, user) VALUES (1, 'embedded', '', '');
INSERT INTO meta VALUES ('active_account', '1');
"""
HOLD = "UPDATE sync_queue SET held = (SELECT held FROM is_held WHERE id = sync_queue.id)"
"""For rows that came past the triggers."""


def prepare(connection: sqlite3.Connection) -> None:
    """Set what a writing connection needs: durable at each commit, short WAL, nothing left over."""
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "fullfsync = ON",  # macOS: a plain fsync stops at the drive's cache
        "checkpoint_fullfsync = ON",
        # A click writes eight to ten pages: one checkpoint in 45 clicks, and still a short WAL,
        # because overwriting it is faster than growing a long one.
        "wal_autocheckpoint = 400",
        # KiB: without a limit it grows for weeks, to 2 MiB; a chunk of a retry is hardly slower.
        "cache_size = -512",
        "secure_delete = ON",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else INSERT OR REPLACE could change an event
    ):
        connection.execute(f"PRAGMA {pragma}")


def engine() -> str:
    """The version of SQLite."""
    return sqlite3.sqlite_version


def version(connection: sqlite3.Connection) -> int:
    """The number of the file's schema; 0 for an empty file, and for the older app's."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def is_ours(connection: sqlite3.Connection) -> bool:
    """Whether a Trayapp made this database."""
    found = connection.execute("PRAGMA application_id").fetchone()[0]
    return bool(found == APPLICATION_ID)


def refuse_newer(connection: sqlite3.Connection, database: Path) -> None:
    """Raises SchemaTooNewError, with the version that is needed."""
    number = version(connection)
    if not is_ours(connection) or not SCHEMA_VERSION < number <= LAST_VERSION:
        return
    needs = ""
    with contextlib.suppress(sqlite3.Error):
        found = connection.execute("SELECT value FROM meta WHERE key = 'needs'").fetchone()
        needs = str(found[0]) if found else ""
    msg = (
        f"{database} was made by a newer Trayapp (schema {number}); it was left as it is."
        f" Start Trayapp {needs or 'of the newer version'}"
    )
    raise SchemaTooNewError(msg, needs)


def is_empty(connection: sqlite3.Connection) -> bool:
    """Whether nothing was ever made in this database."""
    return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is None


def beside(database: Path) -> tuple[Path, ...]:
    """What SQLite may keep next to a database."""
    return tuple(
        database.with_name(database.name + suffix) for suffix in ("-journal", "-wal", "-shm")
    )


def create(connection: sqlite3.Connection) -> None:
    """Make the schema; the caller holds a transaction open."""
    for statement in statements(SCHEMA):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    set_version(connection)


def set_version(connection: sqlite3.Connection) -> None:
    """It is of this schema now; the caller holds a transaction open."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('needs', ?)", (NEEDS,))
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
