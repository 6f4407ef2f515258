// The tables of the SQLite driver. A migration is never changed once released; the next one is added below it.
import { countTables } from "./counts.ts";
import { senderTables } from "./senders.ts";
import { siteTables } from "./sites.ts";
import { suppressionTables } from "./suppressions.ts";

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

const second = `
-- Up to here the database has the spool.
CREATE TABLE spool_mark (segment INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO spool_mark VALUES (1, 0);

-- Waiting deliveries by lane ("sender's domain recipient's domain"), and when the first of each lane may fall due.
ALTER TABLE delivery ADD COLUMN lane TEXT NOT NULL DEFAULT '';
UPDATE delivery SET lane = (
  SELECT iif(reverse_path = '', '', substr(reverse_path, length(rtrim(reverse_path, replace(reverse_path, '@', ''))) + 1))
  FROM message WHERE message.message_id = delivery.message_id
) || ' ' || domain;
CREATE TABLE lane (lane TEXT PRIMARY KEY, domain TEXT NOT NULL, next_due INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO lane SELECT lane, min(domain), min(due_at) FROM delivery WHERE lease_until IS NULL AND held = 0 GROUP BY lane;
CREATE INDEX lane_by_time ON lane (next_due, domain);
DROP INDEX delivery_waiting;
CREATE INDEX delivery_waiting ON delivery (lane, due_at) WHERE lease_until IS NULL AND held = 0;

-- Rows of the history come in order, and their keys are in what they tell.
ALTER TABLE event ADD COLUMN keys TEXT; -- JSON: of rows of the same message that were forgotten before this one
DROP INDEX event_by_time;
DROP INDEX key_of_message;

-- What people ask, of a million deliveries.
CREATE INDEX delivery_held ON delivery (lease_until) WHERE held = 1;
CREATE INDEX delivery_untried ON delivery (lease_until) WHERE deferred = 0 AND held = 0;
CREATE INDEX delivery_of_domain ON delivery (domain);
CREATE INDEX delivery_of_address ON delivery (address);
CREATE INDEX message_from ON message (reverse_path);
${siteTables}`;

const third = `
-- A spool for each thread that keeps mail.
CREATE TABLE mark (spool INTEGER PRIMARY KEY, segment INTEGER NOT NULL, bytes INTEGER NOT NULL) STRICT;
INSERT INTO mark SELECT 0, segment, bytes FROM spool_mark;
DROP TABLE spool_mark;
ALTER TABLE mark RENAME TO spool_mark;
DELETE FROM message_key WHERE queue_id NOT IN (SELECT queue_id FROM event WHERE queue_id IS NOT NULL);
DROP TABLE IF EXISTS site_share; -- the nodes of one process share in memory
`;

/** Number n of this list leads from version n (PRAGMA user_version) to n + 1. */
export const migrations: readonly string[] = [first, second, third, senderTables, countTables, suppressionTables];
