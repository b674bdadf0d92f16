/** Communities that strangers could use: what versions 1 and 2c may not do on a listener that others than this machine reach. */
import { isIP } from 'node:net'
import type { ConfiguredRows, Rule } from '../../lib/mib/rules.ts'
import { View } from '../../lib/mib/view.ts'
import { canonicalAddress, isLoopbackAddress } from '../../lib/net/address.ts'
import type { Source } from '../../snmp/security/community.ts'
import { isWellKnownCommunity } from '../../snmp/security/well-known-communities.ts'
import { parseAddress } from '../../snmp/transport/udp.ts'
import type { ViewType } from '../access/vacm.ts'
import { vacmOf } from './access.ts'
import { snmpCommunityTable } from './access-tables.ts'
import { tagsOf } from './conventions.ts'
import { snmpListenTable } from './listen-tables.ts'
import { snmpTargetAddrTable } from './target-tables.ts'

const remedy =
  'use SNMPv3 users instead (castellan user add NAME), listen on 127.0.0.1 alone, or bind it to hosts: give it a transport tag that snmpTargetAddrEntry lines have, each with a mask'

/**
 * Refused: a community that everybody tries, or that may write, where it is taken from any address. It is read by everybody on
 * the way; one that a transport tag binds to given hosts is left to who wrote that.
 */
export const exposedCommunityRule: Rule = (rows, report) => {
  const open = openListener(rows)
  if (open === undefined) return
  const vacm = vacmOf(rows)
  for (const { row, placeOf } of rows.of(snmpCommunityTable)) {
    if (row.snmpCommunityStatus !== 'active') continue
    const may = (viewType: ViewType): boolean =>
      (['snmpv1', 'snmpv2c'] as const).some((securityModel) => {
        const { snmpCommunitySecurityName: securityName, snmpCommunityContextName: contextName } = row
        const principal = { securityModel, securityName, securityLevel: 'noAuthNoPriv', contextName } as const
        return vacm.viewFor(principal, viewType) instanceof View
      })
    const isKnown = isWellKnownCommunity(row.snmpCommunityName) && (may('read') || may('write'))
    if (!isKnown && !may('write')) continue
    const tag = row.snmpCommunityTransportTag
    if (tag !== '' && sourcesOf(rows, tag).every(isBinding)) continue
    const what = isKnown ? 'this community is one that everybody tries' : 'this community may write in clear text'
    const where = tag === '' ? '' : ` (a mask of its tag ${tag} lets any address in)`
    report.refuse(placeOf('snmpCommunityName'), `${what}, and ${open} takes it from any address${where}; ${remedy}`)
  }
}

/** The first listener that others than this machine reach. */
function openListener(rows: ConfiguredRows): string | undefined {
  return rows
    .of(snmpListenTable)
    .map(({ row }) => row.snmpListenAddress)
    .find((text) => {
      const address = parseAddress(text)
      // What is no address has a complaint of its own.
      return address !== undefined && isIP(address.host) !== 0 && !isLoopbackAddress(canonicalAddress(address.host))
    })
}

function sourcesOf(rows: ConfiguredRows, tag: string): Source[] {
  return rows
    .of(snmpTargetAddrTable)
    .map(({ row }) => row)
    .filter((row) => row.snmpTargetAddrRowStatus === 'active' && tagsOf(row.snmpTargetAddrTagList).includes(tag))
    .map((row) => ({ address: row.snmpTargetAddrTAddress, mask: row.snmpTargetAddrTMask }))
}

/** A mask that does not even compare the first octet is one of the whole Internet, or of a great part of it. */
function isBinding({ mask }: Source): boolean {
  return mask.length === 0 || mask[0] === 0xff
}
