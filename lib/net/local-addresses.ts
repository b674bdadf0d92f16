/** The addresses of this machine, of one family, as a socket can be bound to them. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { ownAddresses } from './fib-trie.ts'

export type IpFamily = 4 | 6

/** A routing table larger than this is not read: some 10,000 routes, and this is done every other second. */
const largestTrieOctets = 1 << 20
/** What Debian gives the machine's own name in /etc/hosts; it is answered by the loopback's 127.0.0.0/8. */
const debianHostAddress = '127.0.1.1'
const scratch = Buffer.allocUnsafeSlow(largestTrieOctets)

/**
 * Every unicast address of the machine. networkInterfaces leaves out links that have no carrier, and their
 * addresses can be asked all the same; the kernel's own tables have them.
 */
export function localAddresses(family: IpFamily): string[] {
  const found = new Set(family === 6 ? parseIfInet6(readText('/proc/net/if_inet6')) : parseFibTrie(readTrie()))
  // Of IPv6 the table says all, and also which addresses cannot be bound yet.
  if (family === 4 || found.size === 0)
    for (const [name, addresses] of Object.entries(networkInterfaces()))
      for (const { address, scopeid } of addresses ?? [])
        if (isIP(address) === family) found.add(scopeid ? `${address}%${name}` : address)
  if (family === 4 && found.has('127.0.0.1')) found.add(debianHostAddress)
  return [...found]
}

/**
 * Addresses in the text of /proc/net/if_inet6; a link-local one with its link. Those still being tested for duplicates
 * and those that are duplicates are left out: the kernel binds nothing to them (RFC 4862 §5.4).
 */
export function parseIfInet6(text: string): string[] {
  const tentative = 0x40
  const duplicate = 0x08
  const optimistic = 0x04
  return text.split('\n').flatMap((line) => {
    const [octets, , , scope, flags, link] = line.trim().split(/\s+/)
    if (octets?.length !== 32 || scope === undefined || flags === undefined || link === undefined) return []
    const bits = Number.parseInt(flags, 16)
    if ((bits & duplicate) !== 0 || ((bits & tentative) !== 0 && (bits & optimistic) === 0)) return []
    const long = octets.replace(/.{4}(?=.)/g, '$&:')
    const address = new URL(`http://[${long}]`).hostname.slice(1, -1)
    return [scope === '20' ? `${address}%${link}` : address]
  })
}

/** Addresses in the text of /proc/net/fib_trie: the leaves that are one host, and this one. */
export function parseFibTrie(text: string): string[] {
  const found = new Set<string>()
  for (const address of ownAddresses(text.split('\n'))) if (address !== undefined) found.add(address)
  return [...found]
}

/** The whole table, or nothing when it is too large; no more than the limit is ever read. */
function readTrie(): string {
  let file: number | undefined
  try {
    file = openSync('/proc/net/fib_trie', 'r')
    let octets = 0
    for (;;) {
      const count = readSync(file, scratch, octets, scratch.length - octets, null)
      if (count === 0) return scratch.toString('latin1', 0, octets)
      octets += count
      if (octets === scratch.length) return ''
    }
  } catch {
    return ''
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return '' // without IPv6, or in a sandbox; then networkInterfaces has to do
  }
}
