/** The module of the system group and IF-MIB: links sampled in the background and watched for those that change. */

import { hostname, type as osType, release, version } from 'node:os'
import type { RowOf } from '../../lib/mib/declare.ts'
import { fill } from '../../lib/mib/generator.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import { textOf } from '../../lib/text/octets.ts'
import type { SystemFiles } from './files.ts'
import { hasNotifications, toIfRcvAddressRows, toIfRow, toIfStackRows, toIfXRow } from './interfaces.ts'
import type { Links } from './known-links.ts'
import { type LinkChange, LinkHistory } from './link-history.ts'
import { type Link, parseDevMulticast } from './links.ts'
import {
  ifMibObjects,
  ifRcvAddressTable,
  ifStackTable,
  ifTable,
  ifXTable,
  interfacesGroup,
  linkDown,
  linkUp,
  systemGroup,
} from './mib.ts'
import { Sampler } from './sampler.ts'

const linksEveryMs = 2_000
/** More than others: a link that goes down is to be known soon. */
const linksCoreShare = 0.005

export const sysObjectId = oid(`${castellanArc}.1.1`)

export function interfacesModule(files: SystemFiles, known: Links) {
  let upTimeTicks = (): number => 0
  const system = serve(systemGroup, { live: { sysUpTime: () => upTimeTicks() } })
  system.table.put({
    sysDescr: `Castellan on ${osType()} ${release()} ${version()}`.slice(0, 255),
    sysObjectID: sysObjectId,
    sysContact: '',
    sysName: hostname(),
    sysLocation: '',
    sysServices: 72, // RFC 3418: a host offering application services, layers 4 and 7
  })
  const interfaces = serve(interfacesGroup, { live: { ifNumber: () => links.table.size } })
  interfaces.table.put({})
  const links = serve(ifTable)
  const extended = serve(ifXTable)
  const stack = serve(ifStackTable)
  const received = serve(ifRcvAddressTable)
  const changes = new SingleRow(ifMibObjects, { ifTableLastChange: 0, ifStackLastChange: 0 })
  const history = new LinkHistory()
  let shownGroups: string | undefined
  let shownLinks: readonly Link[] = []

  const sampler = new Sampler(
    'links',
    linksEveryMs,
    async (host, work) => {
      const found = await known.read(work)
      const groups = (await files.text('/proc/net/dev_mcast')) ?? ''
      const isFirst = shownGroups === undefined
      const now = isFirst ? 0 : upTimeTicks()
      const changed = history.take(found, now)
      if (!(await work.run(putLinks(found)))) return
      const isSameStructure = !isFirst && groups === shownGroups && haveSameDetails(found, shownLinks)
      shownGroups = groups
      shownLinks = found
      if (isSameStructure) return
      const { ifTableLastChange, ifStackLastChange } = changes.values
      const layers = stackOf(stack.table.rows())
      stack.table.replaceAll(toIfStackRows(found))
      await fill(anyServing(received).table, toIfRcvAddressRows(found, parseDevMulticast(groups)), host.signal)
      if (isFirst) return
      changes.table.put({
        ifTableLastChange: changed.some(({ before, after }) => !before || !after) ? now : ifTableLastChange,
        ifStackLastChange: layers === stackOf(stack.table.rows()) ? ifStackLastChange : now,
      })
      for (const change of changed) notifyChange(host, change)
    },
    linksCoreShare,
  )

  /** A step is a link; one in which nothing changed has its rows already. */
  function* putLinks(found: readonly Link[]): Iterable<void> {
    links.table.beginSweep()
    extended.table.beginSweep()
    for (const link of found) {
      const { lastChangeTicks = 0, discontinuityTicks = 0 } = history.of(link.index) ?? {}
      links.table.put(toIfRow(link, lastChangeTicks))
      extended.table.put(toIfXRow(link, discontinuityTicks))
      yield
    }
    links.table.endSweep()
    extended.table.endSweep()
  }

  const module: MibModule = {
    name: 'mib2',
    description: 'SNMPv2-MIB system group and IF-MIB (RFC 3418, RFC 2863)',
    oid: oid('1.3.6.1.2.1.31'),
    tables: [system, interfaces, links, extended, stack, received, changes].map(anyServing),
    notifications: [linkDown, linkUp],
    async start(host) {
      upTimeTicks = () => host.upTimeTicks()
      files.onMissing = (path) =>
        host.log.warn('a file of the kernel is missing, and rows with it', { path: textOf(path) })
      await sampler.start(host)
    },
  }
  return { module, configured: [anyServing(system)] }
}

/** Whether they are the same links, and differ in nothing but their counters. */
function haveSameDetails(links: readonly Link[], before: readonly Link[]): boolean {
  return links.length === before.length && links.every((link, at) => isSameButCounters(link, before[at]))
}

function isSameButCounters(link: Link, other: Link | undefined): boolean {
  if (link === other) return true
  const { counters: _, ...details } = link
  return Object.entries(details).every(([name, value]) => value === other?.[name as keyof Link])
}

const stackOf = (rows: Iterable<RowOf<typeof ifStackTable>>): string =>
  [...rows].map(({ ifStackHigherLayer, ifStackLowerLayer }) => `${ifStackHigherLayer}.${ifStackLowerLayer}`).join(' ')

/**
 * RFC 2863 §3.1.15: linkUp on leaving down, linkDown on entering it; here every way out of up counts as down, and so does the end of a
 * link that was up. A link that is up when it comes has not left down, unless it took the index of one that went just now.
 */
function notifyChange(host: ModuleHost, { before, after, isReplacement = false }: LinkChange): void {
  const link = (after ?? before)?.link
  if (!link || !hasNotifications(link) || (!before && !isReplacement)) return
  const from = before?.operStatus ?? 'notPresent'
  const to = after?.operStatus ?? 'notPresent'
  if (from === to || (from !== 'up' && to !== 'up')) return
  const values = { ifIndex: link.index, ifAdminStatus: link.isAdminUp ? 'up' : 'down', ifOperStatus: to } as const
  const sentence = `link ${textOf(link.name)} went from ${from} to ${to}`
  host.notify(to === 'up' ? linkUp : linkDown, { ifIndex: link.index }, values, sentence)
}
