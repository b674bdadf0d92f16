/** The socket where subagents connect: its folder, its mode and its owner. */
import { chmodSync, chownSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname } from 'node:path'
import type { Log } from '../../lib/log.ts'
import type { Owner } from '../../lib/owner.ts'
import { checkSocketPath } from '../../lib/socket-path.ts'

export interface AgentxAddress {
  /** A path of a Unix socket, or host and port. */
  readonly path?: string
  readonly host?: string
  readonly port?: number
  /** Of the Unix socket: who may connect. */
  readonly mode?: number
  readonly owner?: Owner
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
    if (address.path !== undefined) {
      checkSocketPath(address.path)
      createFolder(dirname(address.path), address)
      rmSync(address.path, { force: true }) // of an agent that was killed; a living one has its SNMP port still
    }
    const server = await listen(address, accept)
    if (address.path !== undefined) giveAway(address.path, address, log)
    return server
  } catch (cause) {
    throw new Error(`listen for AgentX subagents on ${nameOf(address)}`, { cause })
  }
}

/** Of one socket; a connection has one session as a rule, and what is beyond it is closed at once. */
const connectionsAtMost = 512

/** Nobody but the agent's own user can connect until the socket's mode and owner are set. */
async function listen(address: AgentxAddress, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer(accept)
  server.maxConnections = connectionsAtMost
  const before = process.umask(0o177)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(address, () => {
        server.off('error', reject)
        resolve()
      })
    })
  } finally {
    process.umask(before)
  }
  return server
}

function createFolder(folder: string, { folderMode = 0o700, folderOwner }: AgentxAddress): void {
  const first = mkdirSync(folder, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    if (folderOwner) chownSync(made, folderOwner.uid, folderOwner.gid)
    chmodSync(made, folderMode) // whatever the umask is
  }
}

function giveAway(path: string, { mode = 0o600, owner }: AgentxAddress, log: Log): void {
  chmodSync(path, mode)
  if (!owner) return
  chownSync(path, owner.uid, owner.gid)
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
