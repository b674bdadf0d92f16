/** Who holds a port, for the sentence that says why a daemon cannot have it. */
import { readWhole } from './file.ts'
import { readProcess } from './process.ts'
import { listPids, openFiles, socketInode } from './processes.ts'

/** `PID 123 (node dist/agent/main.js)`; undefined when the kernel does not let us see. */
export function describePortOwner(protocol: 'udp' | 'tcp', port: number): string | undefined {
  const pid = portOwner(protocol, port)
  return pid === undefined ? undefined : `PID ${pid} (${readProcess(pid)?.command.join(' ') ?? '?'})`
}

/** Its PID; undefined when the kernel does not let us see. */
export function portOwner(protocol: 'udp' | 'tcp', port: number): number | undefined {
  const inodes = new Set(
    [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((table) => socketInodes(readText(table), port)),
  )
  return inodes.size === 0 ? undefined : listPids().find((candidate) => holdsAny(candidate, inodes))
}

/** False too of who may not be looked at. */
function holdsAny(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    for (const { target } of openFiles(pid)) if (inodes.has(String(socketInode(target)))) return true
  } catch {
    // somebody else's
  }
  return false
}

/** Inodes of the sockets bound to a port, from the text of /proc/net/udp or tcp. */
export function socketInodes(text: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .flatMap(([, local, , , , , , , , inode]) => (local?.endsWith(wanted) && inode !== undefined ? [inode] : []))
}

function readText(path: string): string {
  try {
    return readWhole(path) ?? ''
  } catch {
    return ''
  }
}
