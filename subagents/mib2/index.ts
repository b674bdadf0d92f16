/** The mib2 module: the system group, and interfaces that are read in the background and watched for links that change. */
import { hostname, type as osType, release, version } from 'node:os'
import type { RowOf } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import { toIfRow, toIfXRow } from './interfaces.ts'
import { type Link, readLinks } from './links.ts'
import { ifMibObjects, ifTable, ifXTable, interfacesGroup, linkDown, linkUp, systemGroup } from './mib.ts'

const refreshEveryMs = 2_000

export const sysObjectId = oid('1.3.6.1.4.1.32473.1.1')

export function mib2Module(read: () => Link[] = readLinks) {
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
  const changes = serve(ifMibObjects)
  changes.table.put({ ifTableLastChange: 0 })

  const refresh = (host: ModuleHost | undefined): void => {
    const now = upTimeTicks()
    const known = new Map([...links.table.rows()].map((row) => [row.ifIndex, row]))
    const found = read()
    const rows = found.map((link) => {
      const before = known.get(link.index)
      const row = toIfRow(link, before?.ifLastChange ?? (host ? now : 0))
      const isChanged = before !== undefined && before.ifOperStatus !== row.ifOperStatus
      return isChanged ? { ...row, ifLastChange: now } : row
    })
    links.table.replaceAll(rows)
    extended.table.replaceAll(found.map(toIfXRow))
    if (!host) return
    const hasOtherLinks = rows.length !== known.size || rows.some(({ ifIndex }) => !known.has(ifIndex))
    if (hasOtherLinks) changes.table.put({ ifTableLastChange: now })
    for (const row of rows) {
      const before = known.get(row.ifIndex)
      if (before && before.ifOperStatus !== row.ifOperStatus) tell(host, before, row)
    }
    for (const [index, before] of known) {
      const isGone = !rows.some(({ ifIndex }) => ifIndex === index)
      if (isGone && before.ifOperStatus === 'up') tell(host, before, { ...before, ifOperStatus: 'notPresent' })
    }
  }

  const module: MibModule = {
    name: 'mib2',
    description: 'SNMPv2-MIB system group and IF-MIB (RFC 3418, RFC 2863)',
    oid: oid('1.3.6.1.2.1.31'),
    tables: [system, interfaces, links, extended, changes].map(anyServing),
    notifications: [linkDown, linkUp],
    async start(host) {
      upTimeTicks = () => host.upTimeTicks()
      refresh(undefined)
      const timer = host.clock.every(refreshEveryMs, () => {
        try {
          refresh(host)
        } catch (error) {
          host.log.error('links could not be read and keep their last values', { error })
        }
      })
      host.signal.addEventListener('abort', () => timer.cancel(), { once: true })
    },
  }
  return {
    module,
    configured: [anyServing(system)],
  }
}

type IfRow = RowOf<typeof ifTable>

/** RFC 2863 §3.1.15: linkUp on leaving down, linkDown on entering it; here every way out of up counts as down. */
function tell(host: ModuleHost, before: IfRow, after: IfRow): void {
  const { ifIndex, ifDescr, ifAdminStatus, ifOperStatus } = after
  if (before.ifOperStatus !== 'up' && ifOperStatus !== 'up') return
  const notification = ifOperStatus === 'up' ? linkUp : linkDown
  const sentence = `link ${ifDescr} went from ${before.ifOperStatus} to ${ifOperStatus}`
  host.notify(notification, { ifIndex }, { ifIndex, ifAdminStatus, ifOperStatus }, sentence)
}
