/** Rules about communities, groups, access entries, views and users: references that lead nowhere, and keys that do not fit. */

import type { ConfiguredRow, ConfiguredRows, Report, Rule } from '../../lib/mib/rules.ts'
import {
  snmpCommunityTable,
  vacmAccessTable,
  vacmSecurityToGroupTable,
  vacmViewTreeFamilyTable,
} from './access-tables.ts'
import { tagsOf } from './conventions.ts'
import { snmpTargetAddrTable } from './target-tables.ts'
import { brokenColumn, isLocalUser, type UsmUserRow, usmUserTable } from './usm-users.ts'

type CommunityRow = ReturnType<typeof communitiesOf>[number]['row']

const communitiesOf = (rows: ConfiguredRows) => rows.of(snmpCommunityTable)

export const communityRule: Rule = (rows, report) => {
  const members = rows.of(vacmSecurityToGroupTable)
  const tags = new Set(rows.of(snmpTargetAddrTable).flatMap(({ row }) => tagsOf(row.snmpTargetAddrTagList)))
  const seen = new Map<string, number>()
  for (const { row, placeOf } of communitiesOf(rows)) {
    const isMember = members.some(
      (one) => one.row.vacmSecurityModel !== 'usm' && one.row.vacmSecurityName === row.snmpCommunitySecurityName,
    )
    if (!isMember)
      report.warn(
        placeOf('snmpCommunitySecurityName'),
        `security name ${row.snmpCommunitySecurityName} is in no vacmSecurityToGroupEntry of snmpv1 or snmpv2c; the community may do nothing`,
      )
    const tag = row.snmpCommunityTransportTag
    if (tag !== '' && !tags.has(tag))
      report.warn(
        placeOf('snmpCommunityTransportTag'),
        `no snmpTargetAddrEntry has the tag ${tag}; the community is accepted from nowhere`,
      )
    const before = seen.get(identityOf(row))
    if (before !== undefined)
      report.warn(
        placeOf('snmpCommunityName'),
        `line ${before} has the same community with the same transport tag; this one never counts`,
      )
    else seen.set(identityOf(row), placeOf().line)
    checkContext(row, placeOf, report)
  }
}

function identityOf({ snmpCommunityName, snmpCommunityTransportTag }: CommunityRow): string {
  return `${Buffer.from(snmpCommunityName).toString('hex')} ${snmpCommunityTransportTag}`
}

function checkContext(row: CommunityRow, placeOf: ConfiguredRow<CommunityRow>['placeOf'], report: Report): void {
  if (row.snmpCommunityName.length === 0)
    report.warn(placeOf('snmpCommunityName'), 'the community is empty, so a message that gives none has its rights')
  if (row.snmpCommunityContextEngineID.length > 0)
    report.warn(
      placeOf('snmpCommunityContextEngineID'),
      'this agent is no proxy for other engines; use localSnmpID for its own',
    )
  if (row.snmpCommunityContextName !== '')
    unknownContext(row.snmpCommunityContextName, placeOf('snmpCommunityContextName'), report)
}

function unknownContext(name: string, at: ReturnType<ConfiguredRow<CommunityRow>['placeOf']>, report: Report): void {
  report.warn(at, `there is no context ${name}; the only one has the empty name, which is written -`)
}

/** `localNames` are security names of this agent's own modules, which are no users. */
export function groupRule(localNames: readonly string[]): Rule {
  return (rows, report) => {
    const groups = new Set(rows.of(vacmAccessTable).map(({ row }) => row.vacmGroupName))
    const communities = new Set(communitiesOf(rows).map(({ row }) => row.snmpCommunitySecurityName))
    const users = new Set(
      rows
        .of(usmUserTable)
        .filter(({ row }) => isLocalUser(row))
        .map(({ row }) => row.usmUserName),
    )
    for (const { row, placeOf } of rows.of(vacmSecurityToGroupTable)) {
      const { vacmSecurityModel: model, vacmSecurityName: name, vacmGroupName: group } = row
      if (!groups.has(group))
        report.warn(placeOf('vacmGroupName'), `group ${group} has no vacmAccessEntry, so its members may do nothing`)
      if (model === 'usm' && !users.has(name) && !localNames.includes(name))
        report.warn(placeOf('vacmSecurityName'), `there is no user ${name}; add one: castellan user add ${name}`)
      else if (model !== 'usm' && !communities.has(name))
        report.warn(placeOf('vacmSecurityName'), `no snmpCommunityEntry has the security name ${name}`)
    }
  }
}

const viewColumns = ['vacmAccessReadViewName', 'vacmAccessWriteViewName', 'vacmAccessNotifyViewName'] as const

export const accessRule: Rule = (rows, report) => {
  const views = new Set(rows.of(vacmViewTreeFamilyTable).map(({ row }) => row.vacmViewTreeFamilyViewName))
  for (const { row, placeOf } of rows.of(vacmAccessTable)) {
    for (const column of viewColumns)
      if (row[column] !== '' && !views.has(row[column]))
        report.warn(placeOf(column), `there is no vacmViewTreeFamilyEntry of a view ${row[column]}`)
    if (row.vacmAccessContextPrefix !== '')
      unknownContext(row.vacmAccessContextPrefix, placeOf('vacmAccessContextPrefix'), report)
    const isCommunityModel = row.vacmAccessSecurityModel === 'snmpv1' || row.vacmAccessSecurityModel === 'snmpv2c'
    if (isCommunityModel && row.vacmAccessSecurityLevel !== 'noAuthNoPriv')
      report.warn(
        placeOf('vacmAccessSecurityLevel'),
        `messages of ${row.vacmAccessSecurityModel} are noAuthNoPriv, so this entry never counts`,
      )
  }
}

/** Keys over SNMP always fit, for they are changed by the protocol's length; a person may have cut one. */
export const userRule: Rule = (rows, report) => {
  const members = rows.of(vacmSecurityToGroupTable)
  for (const { row, placeOf } of rows.of(usmUserTable)) {
    const { usmUserName: name } = row
    const broken = brokenColumn(row)
    if (broken !== undefined)
      report.error(
        placeOf(broken),
        `the keys of user ${name} do not fit its protocols; give it new ones: castellan user add ${name}`,
      )
    const isMember = members.some((one) => one.row.vacmSecurityModel === 'usm' && one.row.vacmSecurityName === name)
    // One of another engine is for informs, and asks nothing here.
    if (isLocalUser(row) && !isMember)
      report.warn(placeOf('usmUserName'), `user ${name} is in no vacmSecurityToGroupEntry of usm, and may do nothing`)
  }
}

/** A level that a user has keys for. */
export function reaches(row: UsmUserRow, level: 'noAuthNoPriv' | 'authNoPriv' | 'authPriv'): boolean {
  if (level === 'noAuthNoPriv') return true
  return row.usmUserAuthKey.length > 0 && (level === 'authNoPriv' || row.usmUserPrivKey.length > 0)
}
