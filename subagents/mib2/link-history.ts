/** When the links last changed and when their counters last began again, in sysUpTime (RFC 2863). */
import type { RowOf } from '../../lib/mib/declare.ts'
import { ifOperStatus } from './interfaces.ts'
import type { Link, LinkCounters } from './links.ts'
import type { ifTable } from './mib.ts'

type OperStatus = RowOf<typeof ifTable>['ifOperStatus']

export interface LinkTimes {
  readonly link: Link
  readonly operStatus: OperStatus
  /** ifLastChange and ifCounterDiscontinuityTime. */
  readonly lastChangeTicks: number
  readonly discontinuityTicks: number
}

/** What became of an index between two samples. */
export interface LinkChange {
  readonly before: LinkTimes | undefined
  readonly after: LinkTimes | undefined
  /** It came with the index of one that was there at the sample before. */
  readonly isReplacement?: boolean
}

export class LinkHistory {
  #known = new Map<number, LinkTimes>()
  #isFirst = true

  of(ifIndex: number): LinkTimes | undefined {
    return this.#known.get(ifIndex)
  }

  /**
   * Takes the links of a sample, and gives what came, went or changed its state. A link that was deleted and made again between two
   * samples with the same index is one that went and one that came.
   */
  take(links: readonly Link[], upTimeTicks: number): LinkChange[] {
    const before = this.#known
    const changes: LinkChange[] = []
    this.#known = new Map()
    for (const link of links) {
      const was = before.get(link.index)
      const isSame = was?.link.identity === link.identity
      const after = this.#isFirst ? first(link) : isSame ? next(was, link, upTimeTicks) : begun(link, upTimeTicks)
      this.#known.set(link.index, after)
      if (was && !isSame)
        changes.push({ before: was, after: undefined }, { before: undefined, after, isReplacement: true })
      else if (was?.operStatus !== after.operStatus) changes.push({ before: was, after })
    }
    for (const [index, was] of before) if (!this.#known.has(index)) changes.push({ before: was, after: undefined })
    if (!this.#isFirst) return changes
    this.#isFirst = false
    return []
  }
}

/** RFC 2863: zero for what has been so since the agent started. */
function first(link: Link): LinkTimes {
  return { link, operStatus: ifOperStatus(link), lastChangeTicks: 0, discontinuityTicks: 0 }
}

/** Its counters began when it came: who polled the index before, when it was another link's, must not subtract. */
function begun(link: Link, now: number): LinkTimes {
  return { link, operStatus: ifOperStatus(link), lastChangeTicks: now, discontinuityTicks: now }
}

function next(was: LinkTimes, link: Link, now: number): LinkTimes {
  const operStatus = ifOperStatus(link)
  return {
    link,
    operStatus,
    lastChangeTicks: operStatus === was.operStatus ? was.lastChangeTicks : now,
    // Counters of 64 bits do not wrap: one that is less than it was began again, as when a driver resets its card.
    discontinuityTicks: isLess(link.counters, was.link.counters) ? now : was.discontinuityTicks,
  }
}

const counterNames = ['inOctets', 'inPackets', 'outOctets', 'outPackets'] as const

function isLess(now: LinkCounters, before: LinkCounters): boolean {
  return now !== before && counterNames.some((name) => now[name] < before[name])
}
