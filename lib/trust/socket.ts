/** Unix sockets in folders that others may write: what is bound, given away and connected to is a socket, and no link to one. */

import { once } from 'node:events'
import { chmodSync, chownSync, closeSync, constants, fstatSync, openSync, type Stats } from 'node:fs'
import { createConnection, type Server, Socket } from 'node:net'
import { errorOf } from '../errors.ts'
import { O_PATH } from './calls.ts'
import { Folder, type Place } from './folder.ts'
import { kindOf } from './open.ts'
import { isSharedFolder, isTrusted } from './owners.ts'
import { RefusedPathError } from './refused-path.ts'

export interface SocketOwner {
  readonly uid: number
  readonly gid: number
}

export interface ListenOptions {
  /** Who may connect; the owner alone when it is left out. */
  readonly mode?: number
  readonly owner?: SocketOwner | undefined
}

/**
 * Has a server listen at a path, in place of what a process that was killed left there. Resolves when it listens with this mode and
 * owner; nobody else can connect before. Throws RefusedPathError, or what the system throws.
 */
export async function listenAt(
  server: Server,
  path: string,
  { mode = 0o600, owner }: ListenOptions = {},
): Promise<void> {
  const place = await Folder.locate(path)
  const { folder, name } = place
  // When it closes, the name is removed by the path that it was bound with.
  server.once('close', () => folder.close())
  try {
    folder.removeSync(name)
    const before = process.umask(0o177)
    try {
      server.listen(folder.at(name)) // binds at once, and says so later
    } finally {
      process.umask(before)
    }
    await once(server, 'listening')
    give(place, mode, owner)
  } catch (error) {
    if (server.listening) server.close()
    else folder.close()
    throw error
  }
}

function give(place: Place, mode: number, owner: SocketOwner | undefined): void {
  const descriptor = openSocket(place)
  try {
    // Of what is open: chmod(2) and chown(2) by the name would follow a link that was put there meanwhile.
    const opened = `/proc/self/fd/${descriptor}`
    chmodSync(opened, mode)
    if (owner) chownSync(opened, owner.uid, owner.gid)
  } finally {
    closeSync(descriptor)
  }
}

/**
 * Connects to a socket. What goes wrong is the socket's error: RefusedPathError where there is none of who may write its folder, or
 * what the system says.
 */
export function connectTo(path: string): Socket {
  try {
    const place = Folder.locateSync(path)
    try {
      const { folder } = place
      const isPlain = folder.isReachedByName && !folder.isWritableByOthers
      return isPlain ? createConnection({ path }) : connectToOpened(openSocket(place), path)
    } finally {
      place.folder.close()
    }
  } catch (error) {
    return new Socket().destroy(errorOf(error))
  }
}

function connectToOpened(descriptor: number, path: string): Socket {
  const opened = `/proc/self/fd/${descriptor}`
  const socket = createConnection({ path: opened })
  socket.once('close', () => closeSync(descriptor))
  socket.prependOnceListener('error', (error) => {
    error.message = error.message.replace(opened, path)
  })
  return socket
}

/** A descriptor of what has the name, which stays the same whatever happens to the name. */
function openSocket({ folder, name }: Place): number {
  const descriptor = folder.callSync(() => openSync(folder.at(name), O_PATH | constants.O_NOFOLLOW))
  try {
    assertSocket(fstatSync(descriptor), folder, name)
    return descriptor
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

function assertSocket(stats: Stats, folder: Folder, name: string): void {
  const path = folder.pathOf(name)
  const refuse = (kind: 'notSocket' | 'owner', reason: string): never => {
    throw new RefusedPathError({ kind, path, component: path, reason })
  }
  if (!stats.isSocket()) refuse('notSocket', `is ${kindOf(stats)}; it must be a socket`)
  const isExpected = isTrusted(stats.uid) || stats.uid === folder.stats.uid || isSharedFolder(folder.stats)
  if (!isExpected)
    refuse('owner', `belongs to uid ${stats.uid}, and its folder to uid ${folder.stats.uid}; it is not used`)
}
