/** The console's database, as migrations that only grow: `user_version` counts those that were done. */

export const consoleMigrations: readonly string[] = [
  `
  -- What the process remembers: one number for a name.
  CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

  CREATE TABLE event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    log_index INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    oid TEXT NOT NULL,
    name TEXT NOT NULL,
    sentence TEXT,
    objects TEXT NOT NULL,
    UNIQUE (log_index, at_ms)
  );
  CREATE INDEX event_time ON event (at_ms);

  CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    oid TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL
  );
  -- Times in seconds since 1970; of the tiers the beginning of the minute, hour or day.
  CREATE TABLE sample (
    series INTEGER NOT NULL, at INTEGER NOT NULL, value REAL NOT NULL, PRIMARY KEY (at, series)
  ) WITHOUT ROWID;
  ${['minute', 'hour', 'day'].map(tierTable).join('')}
  `,
  `
  CREATE TABLE incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    severity TEXT NOT NULL,
    rule TEXT NOT NULL,
    -- What happened in a sentence, and the object and its value where there are such.
    sentence TEXT NOT NULL,
    ended_sentence TEXT,
    object TEXT,
    value TEXT,
    advice TEXT NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    acknowledged_ms INTEGER,
    note TEXT,
    -- How often it began again while it was taken for over.
    flaps INTEGER NOT NULL DEFAULT 0,
    repeats INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX incident_open ON incident (key) WHERE ended_ms IS NULL;
  CREATE INDEX incident_time ON incident (started_ms);

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER,
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    -- Undefined until it is due: it then says what is so.
    content TEXT,
    due_ms INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    state TEXT NOT NULL DEFAULT 'waiting',
    done_ms INTEGER
  );
  CREATE INDEX outbox_due ON outbox (due_ms) WHERE state = 'waiting';
  CREATE INDEX outbox_done ON outbox (recipient, done_ms);
  `,
]

/** Of the values within each: the least, the mean, the greatest, and how many there were. */
function tierTable(name: string): string {
  return `
  CREATE TABLE ${name} (
    series INTEGER NOT NULL, at INTEGER NOT NULL,
    low REAL NOT NULL, mean REAL NOT NULL, high REAL NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (series, at)
  ) WITHOUT ROWID;`
}
