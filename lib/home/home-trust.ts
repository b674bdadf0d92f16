/** What a daemon believes lies where nobody but its user and root can write: looked at when it starts, and by castellan check. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { programRoot } from '../program-root.ts'
import { fieldsOf } from '../text/fields.ts'
import { shellWord } from '../text/shell-word.ts'
import { type PathMistake, pathMistake, treeMistakes } from '../trust/own-path.ts'
import { nameOfUser, type Owner } from '../users/owner.ts'
import { type Domain, foldersOf, type Home, HomeError } from './home.ts'
import { isLaidOut, readerOf } from './layout.ts'

/** Each wrong component once. `reader` is whom the process of the domain runs as. */
export function domainMistakes(home: Home, domain: Domain, reader = readerOf(home, domain)): PathMistake[] {
  const { conf, data, logs, run } = foldersOf(home, domain)
  // Started as root, sipd reads its configuration before it is somebody else.
  const confReader = domain === 'sipd' ? readerOf(home, 'subagents') : reader
  return distinct([
    ...treeMistakes(conf, confReader),
    ...treeMistakes(data, reader),
    ...treeMistakes(logs, reader, 'folders'),
    ...treeMistakes(run, reader, 'folders'),
  ])
}

/** Of the program itself, which root runs as well. */
export function programMistakes(reader: Owner): PathMistake[] {
  const node = pathMistake(process.execPath, reader)
  const own = ['package.json', 'bin', 'conf', 'dist'].map((part) => join(programRoot, part))
  const parts = [...own, ...modulesOf(programRoot)]
  return distinct([...(node ? [node] : []), ...parts.flatMap((part) => treeMistakes(part, reader))])
}

/** The folders of the modules that a package needs to run, with those that they need; what only builds and tests it is not run. */
function modulesOf(folder: string, found = new Set<string>()): Set<string> {
  for (const name of dependenciesIn(join(folder, 'package.json'))) {
    const module = join(programRoot, 'node_modules', name)
    if (found.has(module)) continue
    found.add(module)
    modulesOf(module, found)
  }
  return found
}

function dependenciesIn(path: string): string[] {
  try {
    return Object.keys(fieldsOf(fieldsOf(JSON.parse(readFileSync(path, 'utf8'))).dependencies))
  } catch {
    return [] // one that lies within another module is walked with it
  }
}

/**
 * Throws HomeError (4) with the first thing that is wrong: for a process that starts as this user. Only root asks it of the
 * installed program too: others run what they were given.
 */
export function requireTrust(home: Home, domain: Domain): void {
  const self: Owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
  const reader = readerOf(home, domain)
  // sipd gives root up by itself.
  if (self.uid !== reader.uid && !(domain === 'sipd' && self.uid === 0)) throw notItsUser(home, domain, self, reader)
  // In a checkout the program is of whoever checked it out, and starting it as root is that person's decision.
  const isInstalled = self.uid === 0 && isLaidOut(home)
  const mistakes = [...domainMistakes(home, domain), ...(isInstalled ? programMistakes(self) : [])]
  const [first] = mistakes
  if (first) throw new HomeError(`${first.sentence}${furtherWords(mistakes.length - 1)}`, 4)
}

/**
 * Throws HomeError (4) where root would start, stop or change something in the home of another user, whose files say what
 * that is. `command` is what to run as that user.
 */
export function requireOwner(home: Home, command: string): void {
  const { uid } = readerOf(home, 'subagents')
  if (process.geteuid?.() !== 0 || uid === 0) return
  const owner = nameOfUser(uid)
  const words = `runuser -u ${owner} -- ${command} --home ${shellWord(home.root)}`
  throw new HomeError(
    `${home.root} belongs to ${owner}, and root does not act on files of another user; run: ${words}`,
    4,
  )
}

/** Throws HomeError (4) where each daemon of the home has a user of its own, as no one process could start them all. */
export function refuseLaidOut(home: Home, verb: 'start' | 'stop' | 'restart'): void {
  if (!isLaidOut(home)) return
  const units = ['castellan-agent', 'castellan-subagents', 'castellan-console'].join(' ')
  throw new HomeError(
    `the daemons of ${home.root} have users of their own, and systemd runs them; run: systemctl ${verb} ${units}`,
    4,
  )
}

function notItsUser(home: Home, domain: Domain, self: Owner, reader: Owner): HomeError {
  const { run } = foldersOf(home, domain)
  const advice = isLaidOut(home)
    ? `systemctl start castellan-${domain}`
    : `runuser -u ${nameOfUser(reader.uid)} -- castellan start`
  return new HomeError(
    `${run} belongs to ${nameOfUser(reader.uid)}, and this ${domain} would run as ${nameOfUser(self.uid)}; run: ${advice}`,
    4,
  )
}

function furtherWords(count: number): string {
  return count === 0 ? '' : `; castellan check names ${count} more`
}

function distinct(mistakes: readonly PathMistake[]): PathMistake[] {
  return [...new Map(mistakes.map((one) => [one.component, one])).values()]
}
