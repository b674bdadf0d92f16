/** castellan access WHO OID: what somebody may do with an object, and which lines of snmpd.cnf decide it. */

import type { AccessEntry, Vacm, ViewType } from '../agent/access/vacm.ts'
import { snmpCommunityTable } from '../agent/internal/access-tables.ts'
import { usmUserTable } from '../agent/internal/usm-users.ts'
import { declaredNames } from '../catalogue.ts'
import { defineCommand } from '../lib/cli/command.ts'
import { exitCodes } from '../lib/cli/exit-codes.ts'
import { json, textOr } from '../lib/cli/options.ts'
import { show } from '../lib/cli/print.ts'
import type { Home } from '../lib/home/home.ts'
import { View } from '../lib/mib/view.ts'
import { formatOid, type Oid } from '../lib/smi/oid.ts'
import type { Principal, SecurityLevel } from '../lib/smi/principal.ts'
import { printable } from '../lib/text/escape.ts'
import { type Configuration, openConfiguration } from './agent/configuration.ts'

export interface Decision {
  readonly principal: Principal
  readonly viewType: ViewType
  readonly allowed: boolean
  readonly why: string
}

export const accessCommand = defineCommand({
  name: 'access',
  operands: '<who> <object>',
  summary: 'say what a community or user may do with an object, and which lines decide it',
  example: 'castellan access public critAppStartCommand.1',
  exitCodes: { 0: 'done, whatever the answer', 1: 'there is no such community, user or object' },
  options: { context: textOr('--context <name>', 'the context it is in', ''), json },
  async run({ home, operands: [who = '', object = ''], options }) {
    const decisions = await explainAccess(home, who, object, options.context)
    show(decisions, options.json, () => decisions.map(formatDecision).join(''))
    return exitCodes.ok
  },
})

/** WHO is a community or a user of SNMPv3. */
export async function explainAccess(
  home: Home,
  who: string,
  object: string,
  contextName: string,
): Promise<readonly Decision[]> {
  const name = declaredNames.resolve(object)
  if (!name)
    throw new Error(`unknown object ${printable(object)}; use a MIB name or a numeric OID such as 1.3.6.1.2.1.1`)
  const file = await openConfiguration(home)
  const principals = principalsOf(file, who, contextName)
  if (principals.length === 0) throw new Error(`there is no community and no user ${who}`)
  const vacm = file.internal.vacm()
  return principals.flatMap((principal) =>
    (['read', 'write', 'notify'] as const).map((viewType) => decide(vacm, principal, viewType, name)),
  )
}

function formatDecision({ principal, viewType, allowed, why }: Decision): string {
  const who = `${principal.securityModel} ${principal.securityName} ${principal.securityLevel}`
  return `${printable(`${who.padEnd(36)} ${viewType.padEnd(6)} ${allowed ? 'yes' : 'no '}  ${why}`)}\n`
}

function principalsOf({ internal, rows }: Configuration, who: string, contextName: string): Principal[] {
  // As it is written in snmpd.cnf: text, or octets in hexadecimal.
  const community = snmpCommunityTable.columns.snmpCommunityName.syntax.parse(who)
  const communities = internal.communities().filter(({ name }) => community && Buffer.compare(name, community) === 0)
  const levels: readonly SecurityLevel[] = ['noAuthNoPriv', 'authNoPriv', 'authPriv']
  const isUser = rows(usmUserTable).some((row) => row.usmUserName === who)
  return [
    ...communities.flatMap(({ securityName, contextName: own }) =>
      (['snmpv1', 'snmpv2c'] as const).map((securityModel) => ({
        securityModel,
        securityName,
        securityLevel: 'noAuthNoPriv' as const,
        contextName: contextName === '' ? own : contextName,
      })),
    ),
    ...(isUser
      ? levels.map((securityLevel) => ({
          securityModel: 'usm' as const,
          securityName: who,
          securityLevel,
          contextName,
        }))
      : []),
  ]
}

function decide(vacm: Vacm, principal: Principal, viewType: ViewType, name: Oid): Decision {
  const { result, groupName, entry, viewName } = vacm.explain(principal, viewType)
  const because = (allowed: boolean, why: string): Decision => ({ principal, viewType, allowed, why })
  if (!(result instanceof View) || !entry) return because(false, refusal(result, principal, groupName, viewName))
  const by = `${entryText(entry)}, view ${viewName}`
  const family = result.familyOf(name)
  if (!family) return because(false, `${by}: no vacmViewTreeFamilyEntry of it names ${declaredNames.format(name)}`)
  const subtree = declaredNames.format(family.subtree) || formatOid(family.subtree)
  if (!family.included) return because(false, `${by}: ${subtree} is excluded`)
  const declared = declaredNames.objectOf(name)
  if (viewType === 'write' && declared) {
    if (declared.access === 'read-only') return because(false, `${by}: ${subtree} is included, but it is read-only`)
    const what = declared.command === 'argument' ? 'arguments of commands' : 'commands'
    if (declared.command)
      return because(
        false,
        `${by}: ${subtree} is included, but ${what} change only in the local files, unless those say otherwise`,
      )
  }
  return because(true, `${by}: ${subtree} is included`)
}

function refusal(
  result: View | string,
  principal: Principal,
  groupName: string | undefined,
  viewName: string | undefined,
) {
  const { securityModel, securityName, securityLevel, contextName } = principal
  switch (result) {
    case 'noSuchContext':
      return `noSuchContext: there is no context ${JSON.stringify(contextName)}`
    case 'noGroupName':
      return `noGroupName: no vacmSecurityToGroupEntry ${securityModel} ${securityName}`
    case 'noAccessEntry':
      return `noAccessEntry: no vacmAccessEntry of ${groupName} for ${securityModel} at ${securityLevel} or below`
    default:
      return viewName ? `noSuchView: no vacmViewTreeFamilyEntry ${viewName}` : 'noSuchView: the vacmAccessEntry has -'
  }
}

function entryText({ groupName, contextPrefix, securityModel, securityLevel }: AccessEntry): string {
  return `vacmAccessEntry ${groupName} ${contextPrefix || '-'} ${securityModel} ${securityLevel}`
}
