-- Our schema 102: opening such a file brings it up to date.
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

CREATE TABLE meta (                 -- active_account, age, needs, salvage; scrub: an upgrade erases
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
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'failed', 'discarded')),
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
  discarded_ms INTEGER              -- when the user said "do not send"
);
CREATE INDEX task_pending ON sync_queue (account, id) WHERE status = 'pending';
CREATE INDEX task_due ON sync_queue (account, due_ms) WHERE status = 'pending' AND due_ms > 0;
CREATE INDEX task_failed ON sync_queue (account, id) WHERE status = 'failed';
CREATE INDEX task_failed_cause ON sync_queue (cause, id) WHERE status = 'failed';
CREATE INDEX task_trial ON sync_queue (account, id) WHERE status = 'pending' AND trial > 0;
CREATE INDEX task_entry ON sync_queue (entry, id);

CREATE VIEW open_task AS            -- by the indexes on either: a third costs clicks and retries
  SELECT * FROM sync_queue WHERE status = 'pending' UNION ALL
  SELECT * FROM sync_queue WHERE status = 'failed';

CREATE VIEW unheld_task AS          -- pending, and nothing older of its entry is unfinished
  SELECT * FROM sync_queue AS task
  WHERE status = 'pending' AND event IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM sync_queue AS older WHERE older.entry = task.entry AND older.id < task.id
      AND older.status IN ('pending', 'failed'));

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
  INSERT INTO tally SELECT NEW.account, 'doubtful', '', 1
    WHERE NEW.doubt <> 'none' AND NEW.status <> 'discarded'
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
INSERT INTO meta VALUES ('needs', '0.1.0');
PRAGMA application_id = 1416782201;
PRAGMA user_version = 102;
