/** Sockets of TCP and UDP as /proc/net/tcp, tcp6, udp and udp6 list them. */
import { parseWords, withoutMapping } from './address.ts'
import { linesOf } from './lines.ts'

export interface Socket {
  readonly local: Uint8Array
  readonly localPort: number
  readonly remote: Uint8Array
  readonly remotePort: number
  /** Number of the kernel's state: 1 established ... 10 listen. */
  readonly state: number
  /** 0 when no process has it any more. */
  readonly inode: number
}

/**
 * Gives each address as one array, in this sample and the next: a row that did not change is then seen not to have, and
 * is not encoded again.
 */
export class SocketAddresses {
  #before = new Map<string, Uint8Array>()
  #now = new Map<string, Uint8Array>()

  of(hex: string): Uint8Array {
    let found = this.#now.get(hex)
    if (found) return found
    found = this.#before.get(hex) ?? withoutMapping(parseWords(hex))
    this.#now.set(hex, found)
    return found
  }

  /** A sample ends: addresses that were not in it are forgotten. */
  turn(): void {
    this.#before = this.#now
    this.#now = new Map()
  }
}

/** One by one, so that a long list can be taken in slices; lines that are not of the form are left out. */
export function* parseSockets(text: string, addresses = new SocketAddresses()): Generator<Socket> {
  for (const one of linesOf(text)) {
    const match = line.exec(one)
    if (!match) continue
    const [, local = '', localPort = '', remote = '', remotePort = '', state = '', inode = ''] = match
    yield {
      local: addresses.of(local),
      localPort: Number.parseInt(localPort, 16),
      remote: addresses.of(remote),
      remotePort: Number.parseInt(remotePort, 16),
      state: Number.parseInt(state, 16),
      inode: Number(inode),
    }
  }
}

/** sl, local, remote, state, queues, timer, retransmissions, uid, timeout, inode. */
const line =
  /^\s*\d+: ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) ((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4}) ([0-9A-F]{2}) \S+ \S+ \S+\s+\d+\s+\d+ (\d+)/
