/** Brings a home from before each process had folders of its own to the folders of today. */
import { realpathSync, renameSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { domains, foldersOf, type Home, HomeError, makeFolders } from '../home/home.ts'
import { shellWord } from '../text/shell-word.ts'
import { type Folder, inFolderSync } from '../trust/folder.ts'
import { nameOfUser } from '../users/owner.ts'
import { holdOldLocks } from './old-daemons.ts'
import { type Area, domainOf, hasEnded } from './places.ts'
import { isOfToday, recordLayout } from './record.ts'
import { logsOfSipd, octets, type RewriteRule, rewritePaths } from './rewrite.ts'
import { namesIn, readText, replaceText } from './text-file.ts'

export interface Migration {
  /** Paths within the home, as they were. */
  readonly moved: readonly string[]
  /** Paths within the home of files whose paths were rewritten. */
  readonly rewritten: readonly string[]
}

/**
 * Moves files to the folders of their processes, and rewrites the paths by which configuration and states name them. One that
 * was interrupted goes on where it was: paths first, then files, and at the end the home remembers that it is done. Undefined
 * when there is nothing to do. Throws while daemons of an older version run, and HomeError (4) for who does not own the home.
 */
export function migrateHome(home: Home): Migration | undefined {
  if (isOfToday(home)) return undefined
  requireOwnHome(home)
  const release = holdOldLocks(home)
  try {
    // Another process may have done it while this one waited.
    if (isOfToday(home)) return undefined
    for (const domain of domains) makeFolders(home, domain)
    const ownSipdLogs = sipdLogsOf(home)
    const rewritten = rewriteFiles(home, ownSipdLogs)
    const moved = (['logs', 'run'] as const).flatMap((area) => moveFiles(home, area, ownSipdLogs))
    recordLayout(home)
    return moved.length + rewritten.length === 0 ? undefined : { moved, rewritten }
  } finally {
    release()
  }
}

function requireOwnHome({ root }: Home): void {
  const { uid } = statSync(root)
  if (uid === process.geteuid?.()) return
  throw new HomeError(
    `${root} was made by an older version, whose files only its owner, ${nameOfUser(uid)}, can move; as that user run: castellan init --home ${shellWord(root)}`,
    4,
  )
}

/** For people. */
export function migrationSentence({ root }: Home, { moved, rewritten }: Migration): string {
  const parts = [
    ...(moved.length > 0 ? [`moved ${moved.join(', ')} to the folders of their processes`] : []),
    ...(rewritten.length > 0 ? [`rewrote paths in ${rewritten.join(', ')}`] : []),
  ]
  return `${root} was made by an older version: ${parts.join('; ')}`
}

function sipdLogsOf(home: Home): ReadonlySet<string> {
  return logsOfSipd(readText(foldersOf(home, 'sipd').conf, 'sipd.conf') ?? '')
}

/** Files of people and states of daemons; of these last, only two name files. */
function rewriteFiles(home: Home, sipdLogs: ReadonlySet<string>): string[] {
  const roots = [...new Set([home.root, realpathSync(home.root)])]
  const folders = domains.flatMap((domain) => [foldersOf(home, domain).conf, foldersOf(home, domain).data])
  return folders.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => /\.(cnf|conf)$/.test(name) || ['log.json', 'rotation.json'].includes(name))
      .filter((name) => {
        const before = readText(folder, name)
        const after = before && rewritePaths(before, roots, ruleFor(name, sipdLogs))
        if (after === undefined || after === before) return false
        replaceText(join(folder, name), after)
        return true
      })
      .map((name) => relative(home.root, join(folder, name))),
  )
}

function ruleFor(name: string, sipdLogs: ReadonlySet<string>): RewriteRule {
  if (name === 'sipd.conf') return { ownerOf: () => 'sipd', hasRelative: true }
  const ownerOf: RewriteRule['ownerOf'] = (area, file) => domainOf(area, file, sipdLogs)
  if (name !== 'snmpd.cnf') return { ownerOf, hasRelative: false }
  return { ownerOf: (area, file) => (area === 'run' ? 'agent' : ownerOf(area, file)), hasRelative: true }
}

/** A rename keeps the file itself, so that who follows it goes on where it was. */
function moveFiles(home: Home, area: Area, sipdLogs: ReadonlySet<string>): string[] {
  return inFolderSync(home[area], (from) =>
    from.readNamesSync().flatMap((name) => {
      const domain = domainOf(area, octets(name), sipdLogs)
      if (domain === undefined) return []
      if (hasEnded(area, name)) {
        from.removeSync(name)
        return []
      }
      inFolderSync(foldersOf(home, domain)[area], (to) => move(from, to, name))
      return [join(area, name)]
    }),
  )
}

/** What is there already, of a daemon that ran before the home was migrated, is kept beside it. */
function move(from: Folder, to: Folder, name: string): void {
  if (to.readNamesSync().includes(name)) to.renameSync(name, `${name}.new`)
  from.callSync(() => renameSync(from.at(name), to.at(name)))
}
