// The tables of the SQLite driver. A migration is never changed once released; the next one is added below it.

const first = `
CREATE TABLE message (
  message_id INTEGER PRIMARY KEY,
  queue_id TEXT NOT NULL UNIQUE,
  received_at INTEGER NOT NULL,
  reverse_path TEXT NOT NULL,
  body_type TEXT NOT NULL,
  smtp_utf8 INTEGER NOT NULL,
  ret TEXT,
  envid TEXT,
  size_bytes INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL,
  header_message_id TEXT,
  expires_at INTEGER NOT NULL,
  body_file TEXT, -- below bodies/; a small body is in the next column instead, which is last so that facts are read without it
  body BLOB,
  CHECK ((body_file IS NULL) <> (body IS NULL))
) STRICT;
CREATE UNIQUE INDEX message_of_file ON message (body_file) WHERE body_file IS NOT NULL;

CREATE TABLE delivery (
  delivery_id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message,
  address TEXT NOT NULL,
  domain TEXT NOT NULL,
  wishes TEXT, -- JSON: what else the sender said of this recipient (RFC 3461)
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  deferred INTEGER NOT NULL DEFAULT 0,
  held INTEGER NOT NULL DEFAULT 0,
  bounce_ordered INTEGER NOT NULL DEFAULT 0,
  delay_notice_sent INTEGER NOT NULL DEFAULT 0,
  last_failure TEXT, -- JSON
  lease_by TEXT,
  lease_until INTEGER,
  CHECK ((lease_by IS NULL) = (lease_until IS NULL))
) STRICT;
CREATE INDEX delivery_of_message ON delivery (message_id);
CREATE INDEX delivery_waiting ON delivery (due_at, domain) WHERE lease_until IS NULL AND held = 0;
CREATE INDEX delivery_leased ON delivery (lease_until) WHERE lease_until IS NOT NULL;

CREATE TABLE event (
  event_id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  queue_id TEXT, -- null: a refusal, of no message
  detail TEXT NOT NULL -- JSON: the whole event
) STRICT;
CREATE INDEX event_of_message ON event (queue_id) WHERE queue_id IS NOT NULL;
CREATE INDEX event_by_time ON event (at);

-- Addresses and Message-IDs. Queue ids sort by time, so the newest messages of a key are found without reading the others.
CREATE TABLE message_key (key TEXT NOT NULL, queue_id TEXT NOT NULL, PRIMARY KEY (key, queue_id)) STRICT, WITHOUT ROWID;
CREATE INDEX key_of_message ON message_key (queue_id);
CREATE TABLE refusal_key (key TEXT NOT NULL, event_id INTEGER NOT NULL, PRIMARY KEY (key, event_id)) STRICT, WITHOUT ROWID;
`;

/** Number n of this list leads from version n (PRAGMA user_version) to n + 1. */
export const migrations: readonly string[] = [first];
