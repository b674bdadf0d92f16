/** Neighbours of IPv6: only netlink has them, so `ip` of iproute2 asks for them, in the daemon that may start programs. */
import { join } from 'node:path'
import type { ReportedProgram } from '../../lib/program/program-report.ts'
import { type Octets, octetsOf } from '../../lib/text/octets.ts'
import { parseHardwareAddress } from './links.ts'
import type { Neighbour } from './neighbours.ts'

const everyMs = 5_000
/** A report this old is of a daemon that is gone: no rows are better than wrong ones. */
export const neighbours6StaleMs = 4 * everyMs

/** `folder` is the home's run folder. Without `nud all`, what never needs to be resolved is left out. */
export function neighbours6Program(folder: string): ReportedProgram {
  return {
    path: join(folder, 'neighbours6.json'),
    program: 'ip',
    args: ['-6', '-json', 'neigh', 'show'],
    everyMs,
    limitMs: 3_000,
  }
}

/** States of the kernel (NUD_, include/uapi/linux/neighbour.h) in the words of ipNetToPhysicalState. */
const states: Readonly<Record<string, Neighbour['state']>> = {
  REACHABLE: 'reachable',
  STALE: 'stale',
  DELAY: 'delay',
  PROBE: 'probe',
  INCOMPLETE: 'incomplete',
  FAILED: 'invalid',
}

/** What `ip -6 -json neigh` prints; entries that are not of its form are left out, and all where it is no JSON. */
export function parseNeighbours6(text: string, linkOf: (name: string) => Octets = octetsOf): Neighbour[] {
  const entries = parsed(text)
  return entries.flatMap((entry): Neighbour[] => {
    if (typeof entry !== 'object' || entry === null) return []
    const { dst, dev, lladdr, state }: { dst?: unknown; dev?: unknown; lladdr?: unknown; state?: unknown } = entry
    const octets = typeof dst === 'string' ? parseIpv6(dst) : undefined
    if (!octets || typeof dev !== 'string') return []
    const words = Array.isArray(state) ? state.map(String) : []
    const hardware = parseHardwareAddress(typeof lladdr === 'string' ? lladdr : '')
    return [
      {
        octets,
        hardware,
        link: linkOf(dev),
        isComplete: hardware.length > 0 && !words.includes('FAILED') && !words.includes('INCOMPLETE'),
        isPermanent: words.includes('PERMANENT'),
        state: words.map((word) => states[word]).find((found) => found !== undefined) ?? 'unknown',
      },
    ]
  })
}

function parsed(text: string): readonly unknown[] {
  try {
    const found: unknown = JSON.parse(text)
    return Array.isArray(found) ? found : []
  } catch {
    return []
  }
}

/** RFC 4291 §2.2, all three forms; undefined for anything else. */
export function parseIpv6(text: string): Uint8Array | undefined {
  const dots = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  if (dots) {
    const [a = 0, b = 0, c = 0, d = 0] = dots.slice(2).map(Number)
    if ([a, b, c, d].some((octet) => octet > 255)) return undefined
    return parseIpv6(`${dots[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [before = [], after = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - before.length - after.length
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from(
    groups.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]),
  )
}
