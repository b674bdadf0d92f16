/** Who holds a port, for the sentence that says why a daemon cannot have it. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { readProcess } from './process.ts'

/** `PID 123 (node dist/agent/main.js)`; undefined when the kernel does not let us see. */
export function describePortOwner(protocol: 'udp' | 'tcp', port: number): string | undefined {
  const inodes = new Set(
    [`/proc/net/${protocol}`, `/proc/net/${protocol}6`].flatMap((table) => socketInodes(readText(table), port)),
  )
  if (inodes.size === 0) return undefined
  for (const name of readNames('/proc')) {
    if (!/^\d+$/.test(name)) continue
    for (const descriptor of readNames(`/proc/${name}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${name}/fd/${descriptor}`))?.[1]
      if (inode === undefined || !inodes.has(inode)) continue
      return `PID ${name} (${readProcess(Number(name))?.command.join(' ') ?? '?'})`
    }
  }
  return undefined
}

/** Inodes of the sockets bound to a port, from the text of /proc/net/udp or tcp. */
export function socketInodes(text: string, port: number): string[] {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return text
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(wanted))
    .map((fields) => fields[9]!)
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function readNames(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
