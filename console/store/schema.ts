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
