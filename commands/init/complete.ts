/** What init and start do to a home that is there: files of an older version are moved, and missing ones named. */

import { print } from '../../lib/cli/print.ts'
import { initSentence } from '../../lib/home/completion.ts'
import type { Home } from '../../lib/home/home.ts'
import { migrateHome, migrationSentence } from '../../lib/migration/migrate.ts'

/** Brings a home from before each process had folders of its own to those of today. */
export function migrate(home: Home): void {
  const migration = migrateHome(home)
  if (migration) print(`${migrationSentence(home, migration)}\n`)
}

export function reportMissing(home: Home, missing: readonly string[]): void {
  for (const path of missing) process.stderr.write(`castellan: ${path} is missing; ${initSentence(home)}\n`)
}
