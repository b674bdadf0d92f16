/** Rules about where notifications go: targets, their parameters, tags, filters and the log. */
import type { Place } from '../../lib/cnf/complaint.ts'
import type { RowOf } from '../../lib/mib/declare.ts'
import type { ConfiguredRows, Report, Rule } from '../../lib/mib/rules.ts'
import { View } from '../../lib/mib/view.ts'
import { readTransport } from '../../snmp/transport/transport-address.ts'
import { vacmOf } from './access.ts'
import { reaches } from './access-rules.ts'
import { snmpCommunityTable } from './access-tables.ts'
import { tagsOf } from './conventions.ts'
import { nlmConfigLogTable } from './notification-log-tables.ts'
import {
  snmpNotifyFilterProfileTable,
  snmpNotifyFilterTable,
  snmpNotifyTable,
  snmpTargetAddrTable,
  snmpTargetParamsTable,
} from './target-tables.ts'
import { isLocalUser, usmUserTable } from './usm-users.ts'

type AddrRow = RowOf<typeof snmpTargetAddrTable>
type ParamsRow = RowOf<typeof snmpTargetParamsTable>

/** RFC 3584, snmpTargetAddrTMask: as long as the address, or empty. Asked by a SET too. */
export function hasFittingMask(row: AddrRow): boolean {
  const mask = row.snmpTargetAddrTMask.length
  return mask === 0 || mask === row.snmpTargetAddrTAddress.length
}

export const targetRule: Rule = (rows, report) => {
  const params = new Set(rows.of(snmpTargetParamsTable).map(({ row }) => row.snmpTargetParamsName))
  const tags = new Set([
    ...rows.of(snmpNotifyTable).map(({ row }) => row.snmpNotifyTag),
    ...rows.of(snmpCommunityTable).map(({ row }) => row.snmpCommunityTransportTag),
  ])
  for (const { row, placeOf } of rows.of(snmpTargetAddrTable)) {
    if (!hasFittingMask(row))
      report.error(placeOf('snmpTargetAddrTMask'), 'snmpTargetAddrTMask must be as long as the address, or -')
    if (!readTransport(row.snmpTargetAddrTDomain, row.snmpTargetAddrTAddress))
      report.warn(
        placeOf('snmpTargetAddrTDomain'),
        'nothing is sent to this target; its address must be one of snmpUDPDomain or transportDomainUdpIpv4, such as 192.0.2.7:162, or of transportDomainUdpIpv6, such as [2001:db8::7]:162',
      )
    if (!params.has(row.snmpTargetAddrParams))
      report.warn(
        placeOf('snmpTargetAddrParams'),
        `there is no snmpTargetParamsEntry ${row.snmpTargetAddrParams}; nothing is sent to this target`,
      )
    const own = tagsOf(row.snmpTargetAddrTagList)
    if (own.length > 0 && !own.some((tag) => tags.has(tag)))
      report.warn(
        placeOf('snmpTargetAddrTagList'),
        `no snmpNotifyEntry and no community has a tag of ${own.join(' ')}; nothing is sent to this target`,
      )
  }
}

export const notifyRule: Rule = (rows, report) => {
  const tags = new Set(rows.of(snmpTargetAddrTable).flatMap(({ row }) => tagsOf(row.snmpTargetAddrTagList)))
  for (const { row, placeOf } of rows.of(snmpNotifyTable))
    if (row.snmpNotifyTag !== '' && !tags.has(row.snmpNotifyTag))
      report.warn(placeOf('snmpNotifyTag'), `no snmpTargetAddrEntry has the tag ${row.snmpNotifyTag}`)
}

export const paramsRule: Rule = (rows, report) => {
  const vacm = vacmOf(rows)
  const used = new Set(rows.of(snmpTargetAddrTable).map(({ row }) => row.snmpTargetAddrParams))
  for (const { row, placeOf } of rows.of(snmpTargetParamsTable)) {
    const mismatch = modelMismatch(row)
    if (mismatch) {
      report.warn(placeOf(mismatch.column), mismatch.message)
      continue
    }
    const { snmpTargetParamsSecurityModel: securityModel, snmpTargetParamsSecurityName: securityName } = row
    const at = placeOf('snmpTargetParamsSecurityName')
    const isKnown = securityModel === 'usm' ? checkUser(rows, row, at, report) : checkCommunity(rows, row, at, report)
    if (!isKnown || !used.has(row.snmpTargetParamsName)) continue
    const securityLevel = row.snmpTargetParamsSecurityLevel
    if (!(vacm.viewFor({ securityModel, securityName, securityLevel, contextName: '' }, 'notify') instanceof View))
      report.warn(at, `${securityName} has no notify view by ${securityModel} at ${securityLevel}; nothing is sent`)
  }
}

/** Message model and security model go together (RFC 3412 §4.1.1); neither version 1 nor 2c has security. */
function modelMismatch(row: ParamsRow): { column: keyof ParamsRow & string; message: string } | undefined {
  const model = row.snmpTargetParamsMPModel
  const fitting = model === 'snmpv3' ? 'usm' : model
  if (row.snmpTargetParamsSecurityModel !== fitting)
    return {
      column: 'snmpTargetParamsSecurityModel',
      message: `messages of ${model} need the security model ${fitting}`,
    }
  if (model !== 'snmpv3' && row.snmpTargetParamsSecurityLevel !== 'noAuthNoPriv')
    return { column: 'snmpTargetParamsSecurityLevel', message: `messages of ${model} are noAuthNoPriv` }
  return undefined
}

/** Of any engine: informs go by the keys of their receiver's. */
function checkUser(rows: ConfiguredRows, row: ParamsRow, at: Place, report: Report): boolean {
  const { snmpTargetParamsSecurityName: name, snmpTargetParamsSecurityLevel: level } = row
  const own = rows.of(usmUserTable).filter((one) => one.row.usmUserName === name)
  if (own.some((one) => reaches(one.row, level))) return own.some((one) => isLocalUser(one.row))
  report.warn(
    at,
    own.length > 0
      ? `user ${name} has no keys for ${level}`
      : `there is no user ${name}; run: castellan user add ${name}`,
  )
  return false
}

function checkCommunity(rows: ConfiguredRows, row: ParamsRow, at: Place, report: Report): boolean {
  const name = row.snmpTargetParamsSecurityName
  const isThere = rows.of(snmpCommunityTable).some((one) => one.row.snmpCommunitySecurityName === name)
  if (!isThere) report.warn(at, `no snmpCommunityEntry has the security name ${name}; nothing can be sent`)
  return isThere
}

export const filterRule: Rule = (rows, report) => {
  const params = new Set(rows.of(snmpTargetParamsTable).map(({ row }) => row.snmpTargetParamsName))
  const profiles = rows.of(snmpNotifyFilterProfileTable)
  const logs = rows.of(nlmConfigLogTable)
  const filters = rows.of(snmpNotifyFilterTable)
  const filtered = new Set(filters.map(({ row }) => row.snmpNotifyFilterProfileName))
  const named = new Set([
    ...profiles.map(({ row }) => row.snmpNotifyFilterProfileName),
    ...logs.map(({ row }) => row.nlmConfigLogFilterName),
  ])
  for (const { row, placeOf } of profiles) {
    if (!params.has(row.snmpTargetParamsName))
      report.warn(placeOf('snmpTargetParamsName'), `there is no snmpTargetParamsEntry ${row.snmpTargetParamsName}`)
    if (!filtered.has(row.snmpNotifyFilterProfileName))
      report.warn(
        placeOf('snmpNotifyFilterProfileName'),
        `profile ${row.snmpNotifyFilterProfileName} has no snmpNotifyFilterEntry, so it keeps nothing back`,
      )
  }
  for (const { row, placeOf } of logs)
    if (row.nlmConfigLogFilterName !== '' && !filtered.has(row.nlmConfigLogFilterName))
      report.warn(
        placeOf('nlmConfigLogFilterName'),
        `profile ${row.nlmConfigLogFilterName} has no snmpNotifyFilterEntry, so nothing is logged`,
      )
  for (const { row, placeOf } of filters)
    if (!named.has(row.snmpNotifyFilterProfileName))
      report.warn(placeOf('snmpNotifyFilterProfileName'), `nothing uses the profile ${row.snmpNotifyFilterProfileName}`)
}
