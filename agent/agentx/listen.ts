/** The socket where subagents connect: its folder, its mode and its owner, right from the moment it can be seen. */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { codeOf, isMissing } from '../../lib/errors.ts'
import type { Log } from '../../lib/log/log.ts'
import { checkSocketPath } from '../../lib/net/socket-path.ts'
import type { Owner } from '../../lib/users/owner.ts'

export interface AgentxAddress {
  /** A path of a Unix socket, or host and port. */
  readonly path?: string
  readonly host?: string
  readonly port?: number
  /** Of the Unix socket: who may connect. */
  readonly mode?: number
  readonly owner?: Owner
  /** A group that may connect too, where this process may give a file to it. */
  readonly group?: number
  /** Of the folders that are created for the socket; a folder that is there already is left as it is. */
  readonly folderMode?: number
  readonly folderOwner?: Owner
}

export function nameOf({ path, host, port }: AgentxAddress): string {
  return path ?? `${host}:${port}`
}

/** Resolves when subagents can connect. Throws when the socket cannot be had, or not given to its owner. */
export async function listenForSubagents(
  address: AgentxAddress,
  accept: (socket: Socket) => void,
  log: Log,
): Promise<Server> {
  try {
    const { path } = address
    if (path === undefined) return await listen(address, accept)
    checkSocketPath(path)
    createFolder(dirname(path), address)
    return await listenAtPath(path, address, accept, log)
  } catch (cause) {
    throw new Error(`listen for AgentX subagents on ${nameOf(address)}`, { cause })
  }
}

/** Of one socket; a connection has one session as a rule, and what is beyond it is closed at once. */
const connectionsAtMost = 512

/** With this umask while it binds, which is within the call of `listen`. */
async function listen(where: ListenOptions, accept: (socket: Socket) => void, umask: number = 0o177): Promise<Server> {
  const server = createServer(accept)
  server.maxConnections = connectionsAtMost
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const before = process.umask(umask)
    try {
      server.listen(where, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
  return server
}

/**
 * The socket is bound with its mode in a private folder, given to its owner there, and then put in its place, where the
 * one that an agent before it left is replaced (a living agent has its SNMP port still). All steps go by descriptors of
 * the two folders: whoever may write in the outer one can swap nothing that is given away.
 */
async function listenAtPath(
  path: string,
  { mode = 0o600, owner, group }: AgentxAddress,
  accept: (socket: Socket) => void,
  log: Log,
): Promise<Server> {
  const outer = openFolder(dirname(path))
  const name = `.agentx-${randomBytes(6).toString('hex')}`
  let inner: number | undefined
  try {
    inner = makeFolder(outer, name)
    const socket = within(inner, name)
    const place = within(outer, basename(path))
    const server = await listen({ path: socket }, accept, 0o777 & ~(group === undefined ? mode : 0o660))
    let isGiven = true
    try {
      if (owner) lchownSync(socket, owner.uid, owner.gid)
      if (group !== undefined) isGiven = giveToGroup(socket, group)
      if (!isSocketOrNothing(place)) throw new Error(`${path} is there and is no socket`)
      renameSync(socket, place)
    } catch (error) {
      server.close()
      rmSync(socket, { force: true })
      throw error
    }
    if (!isGiven)
      log.warn('cannot let a group in at its AgentX socket: the agent is not a member of it', { socket: path, group })
    removeWhenClosed(server, path)
    if (owner) warnOfClosedFolder(path, owner, log)
    return server
  } finally {
    if (inner !== undefined) {
      closeSync(inner)
      removeFolder(within(outer, name))
    }
    closeSync(outer)
  }
}

/** The owner of the outer folder may have moved it, which harms nobody but them. */
function removeFolder(path: string): void {
  try {
    rmdirSync(path)
  } catch (error) {
    if (!isMissing(error) && codeOf(error) !== 'ENOTEMPTY') throw error
  }
}

/** Makes a folder in an open one, and gives the descriptor of that very folder. */
function makeFolder(outer: number, name: string): number {
  mkdirSync(within(outer, name), { mode: 0o700 })
  const made = openFolder(within(outer, name), constants.O_NOFOLLOW)
  if (fstatSync(made).uid === process.geteuid?.()) return made
  closeSync(made)
  throw new Error(`the folder ${name} was taken away while it was made`)
}

function openFolder(path: string, flags = 0): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | flags)
}

/** A name in an open folder: Node has no openat, but the kernel resolves this from the folder itself. */
function within(folder: number, ...names: readonly string[]): string {
  return `/proc/self/fd/${folder}/${names.join('/')}`
}

/** False where the process may not, being no member of the group: the socket is for its owner alone then. */
function giveToGroup(socket: string, group: number): boolean {
  try {
    lchownSync(socket, -1, group)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EPERM') throw error
    chmodSync(socket, 0o600) // in the private folder, where nobody else can put anything in its place
    return false
  }
}

function isSocketOrNothing(path: string): boolean {
  try {
    return lstatSync(path).isSocket()
  } catch (error) {
    if (isMissing(error)) return true
    throw error
  }
}

/** Node removes the path that it bound, which is another one; a socket that took this one's place stays. */
function removeWhenClosed(server: Server, path: string): void {
  const { ino, dev } = lstatSync(path)
  server.once('close', () => {
    try {
      const now = lstatSync(path)
      if (now.ino === ino && now.dev === dev) rmSync(path)
    } catch {
      // It is gone already.
    }
  })
}

/** With those above it; each that is made gets the mode, whatever the umask is, and the owner. */
function createFolder(folder: string, address: AgentxAddress): void {
  if (existsSync(folder)) return
  createFolder(dirname(folder), address)
  const { folderMode = 0o700, folderOwner } = address
  const outer = openFolder(dirname(folder))
  try {
    const made = makeFolder(outer, basename(folder))
    if (folderOwner) fchownSync(made, folderOwner.uid, folderOwner.gid)
    fchmodSync(made, folderMode)
    closeSync(made)
  } finally {
    closeSync(outer)
  }
}

function warnOfClosedFolder(path: string, owner: Owner, log: Log): void {
  const folder = closedFolder(path, owner)
  if (folder !== undefined)
    log.warn('the owner of the AgentX socket may not enter its folder; chmod or chown the folder', {
      socket: path,
      folder,
      mode: (statSync(folder).mode & 0o777).toString(8),
    })
}

/** The innermost folder on the way to a path that an owner may not search; undefined when the way is free. */
export function closedFolder(path: string, { uid, gid }: Owner): string | undefined {
  if (uid === 0) return undefined
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const found = statSync(folder)
    const shift = found.uid === uid ? 6 : found.gid === gid ? 3 : 0
    if (((found.mode >> shift) & 1) === 0) return folder
    if (folder === dirname(folder)) return undefined
  }
}
