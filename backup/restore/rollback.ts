/** Takes back what a restore has changed, the last change first. */
import { rmSync } from 'node:fs'
import { type Change, type ReadJournal, readJournal } from './journal.ts'
import { applyTraits, copyPathOf, makeFolder, moveTo, removeEntry, removeFolder, traitsAt } from './place.ts'
import { journalPathOf, keptPathOf } from './switch.ts'

/** Undefined where there is nothing to take back. Can be run again when it was cut off. */
export async function rollBack(replaced: string): Promise<ReadJournal | undefined> {
  const journal = readJournal(journalPathOf(replaced))
  if (!journal) return undefined
  const keptOf = new Map(
    journal.changes.flatMap((one) => (one.change === 'away' ? [[one.path, one.kept] as const] : [])),
  )
  for (const change of journal.changes.toReversed()) {
    const kept = keptOf.get(change.path)
    // What was there is there again: a rollback before this one was cut off.
    if (change.change === 'in' && kept !== undefined && !(await isKept(replaced, kept))) continue
    await takeBack(replaced, change)
  }
  rmSync(replaced, { recursive: true, force: true })
  return journal
}

/** Each may not have happened, or be taken back already. */
async function takeBack(replaced: string, change: Change): Promise<void> {
  const { path } = change
  switch (change.change) {
    case 'in':
      await removeEntry(copyPathOf(path))
      return removeEntry(path)
    case 'away': {
      if (!(await isKept(replaced, change.kept))) return
      // SQLite may have made a log of that name meanwhile.
      await removeEntry(path)
      return moveTo(keptPathOf(replaced, change.kept), path)
    }
    case 'madeFolder':
      // What others put into it meanwhile stays.
      if ((await traitsAt(path)) !== undefined) await removeFolder(path)
      return
    case 'removedFolder':
      await makeFolder(path)
      return applyTraits(path, change.traits)
    case 'traits':
      if ((await traitsAt(path)) !== undefined) await applyTraits(path, change.traits)
  }
}

async function isKept(replaced: string, number: number): Promise<boolean> {
  return (await traitsAt(keptPathOf(replaced, number))) !== undefined
}
