/** Who owns which folder of an installed home: one list, from which folders are made and against which they are checked. */
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { codeOf } from '../errors.ts'
import type { Owner } from '../users/owner.ts'
import { type Domain, foldersOf, type Home, HomeError } from './home.ts'

/** Whom the daemons that need no root run as. */
export interface DaemonUsers {
  readonly agent: Owner
  readonly sipd: Owner
  readonly console: Owner
}

export interface Place extends Owner {
  readonly path: string
  readonly mode: number
  /** Of files in it; undefined where each keeps what it lets others do, but write. */
  readonly fileMode: number | undefined
  /** Its folders are places of their own. */
  readonly isParent: boolean
}

const root: Owner = { uid: 0, gid: 0 }

/** Parents first. */
export function placesOf(home: Home, { agent, sipd, console }: DaemonUsers): Place[] {
  const of = (domain: Domain) => foldersOf(home, domain)
  const parent = (path: string): Place => ({ ...root, path, mode: 0o755, fileMode: undefined, isParent: true })
  const own = (path: string, owner: Owner): Place => ({ ...owner, path, mode: 0o700, fileMode: 0o600, isParent: false })
  // Others reach what they know by name: sockets of the agent, reports of the subagents.
  const shared = (path: string, owner: Owner): Place => ({ ...own(path, owner), mode: 0o711, fileMode: undefined })
  return [
    ...[home.root, home.conf, home.data, home.logs, home.run].map(parent),
    // The agent writes snmpd.cnf: keys that a user changes, rows that a manager sets.
    ...[of('agent').conf, of('agent').data, of('agent').logs].map((path) => own(path, agent)),
    ...[of('subagents').conf, of('subagents').data, of('subagents').logs].map((path) => own(path, root)),
    // sipd reads its configuration and changes none of it.
    { uid: 0, gid: sipd.gid, path: of('sipd').conf, mode: 0o750, fileMode: 0o640, isParent: false },
    ...[of('sipd').data, of('sipd').logs, of('sipd').run].map((path) => own(path, sipd)),
    // Nobody else reads the keys of its SNMP users, and what was notified.
    ...[of('console').conf, of('console').data, of('console').logs, of('console').run].map((path) =>
      own(path, console),
    ),
    shared(of('agent').run, agent),
    shared(of('subagents').run, root),
  ]
}

/**
 * Makes the folders, and gives each, with what is in it, to its user. Only root may. Throws HomeError where something
 * cannot be given away without harm, since a file with further hard links may be anybody's, or where the users could not
 * reach the home. `act` is done in between, while all of it is root's alone.
 */
export function layOut(home: Home, users: DaemonUsers, act: () => void): void {
  if (process.geteuid?.() !== 0)
    throw new HomeError('only root can give folders of a home to the users of its daemons; run the command as root', 4)
  mkdirSync(dirname(home.root), { recursive: true, mode: 0o755 })
  const places = placesOf(home, users)
  for (const place of places) {
    mkdirSync(place.path, { recursive: true, mode: 0o700 })
    giveFolder({ ...place, ...root, mode: 0o700 })
  }
  act()
  for (const place of places) giveFolder(place)
  const closed = ancestorsOf(home.root).find((folder) => (statSync(folder).mode & 0o001) === 0)
  if (closed !== undefined)
    throw new HomeError(
      `${closed} is closed to the users of the daemons; choose another place, or run: chmod a+x ${closed}`,
    )
}

/** Whom the process of a domain runs as: the owner of its run folder, or of the home where none is to be seen. */
export function readerOf(home: Home, domain: Domain): Owner {
  for (const path of [foldersOf(home, domain).run, home.root]) {
    try {
      const { uid, gid } = statSync(path)
      return { uid, gid }
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')) throw error
    }
  }
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
}

/** Its daemons have users of their own; a home where all is one user's is not laid out. */
export function isLaidOut(home: Home): boolean {
  const { uid } = readerOf(home, 'subagents')
  return readerOf(home, 'agent').uid !== uid || readerOf(home, 'sipd').uid !== uid
}

function giveContent(place: Place): void {
  for (const entry of readdirSync(place.path, { withFileTypes: true })) {
    const path = join(place.path, entry.name)
    if (entry.isDirectory() && !place.isParent) giveFolder({ ...place, path, mode: place.mode & 0o750 })
    else if (entry.isFile()) giveFile(path, place)
  }
}

function giveFolder(place: Place): void {
  withOpen(place.path, constants.O_DIRECTORY, (folder) => {
    // Nobody else can exchange what is in it while it is root's alone.
    give(folder, root, 0o700)
    giveContent(place)
    give(folder, place, place.mode)
  })
}

function giveFile(path: string, place: Place): void {
  withOpen(path, 0, (file) => {
    const { nlink, mode } = fstatSync(file)
    if (nlink > 1)
      throw new HomeError(
        `${path} has ${nlink} hard links and may be another user's file; remove it, and run the command again`,
        4,
      )
    give(file, place, place.fileMode ?? mode & 0o755)
  })
}

function withOpen(path: string, flags: number, act: (descriptor: number) => void): void {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const descriptor = openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags)
  try {
    act(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function give(descriptor: number, { uid, gid }: Owner, mode: number): void {
  fchownSync(descriptor, uid, gid)
  fchmodSync(descriptor, mode)
}

function ancestorsOf(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...ancestorsOf(above)]
}
