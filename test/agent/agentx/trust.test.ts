import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { ownSubtrees } from '../../../agent/agentx/own-subtrees.ts'
import { trustDomains as domainsBeside, type TrustDomainName } from '../../../agent/agentx/trust.ts'
import { internalModules } from '../../../agent/internal/index.ts'
import { agentxError } from '../../../agentx/pdu.ts'
import { declaredNotifications } from '../../../catalogue.ts'
import { anyDefinition } from '../../../lib/mib/declare.ts'
import { afterSubtree } from '../../../lib/mib/registry.ts'
import { formatOid, type Oid, oid } from '../../../lib/smi/oid.ts'
import type { Varbind } from '../../../lib/smi/value.ts'
import { Statistics } from '../../../snmp/statistics.ts'
import * as critapp from '../../../subagents/critapp/mib.ts'
import * as logFiles from '../../../subagents/log/mib.ts'
import * as script from '../../../subagents/script/mib.ts'
import * as sip from '../../../subagents/sip/mib.ts'
import { type AgentxEngine, agentxEngine, ScriptedSubagent } from '../../support/agentx.ts'

const internal = internalModules({ statistics: new Statistics() }).modules
const acting = ['1.3.6.1.2.1.63', '1.3.6.1.2.1.88'].map((root) => ({ module: { oid: oid(root), tables: [] } as never }))
const trustDomains = domainsBeside(ownSubtrees([...internal, ...acting]))
const domains = Object.keys(trustDomains) as TrustDomainName[]

/** The processes that serve over AgentX, with what they declare. */
const hosted: Readonly<Record<Exclude<TrustDomainName, 'others'>, readonly object[]>> = {
  subagents: [critapp, logFiles, script],
  sipd: [sip],
}

const declaredIn = (houses: readonly object[], has: (one: object) => boolean): object[] =>
  houses
    .flatMap((house): unknown[] => Object.values(house))
    .filter((one): one is object => {
      return typeof one === 'object' && one !== null && has(one)
    })
const isTable = (one: object): boolean => 'entry' in one
const isNotification = (one: object): boolean => 'objects' in one && !('entry' in one)
const { entry } = critapp.critAppProcTable

const mayServe = (domain: TrustDomainName, subtree: Oid): boolean =>
  trustDomains[domain].mayServe(subtree, afterSubtree(subtree))

for (const [process, houses] of Object.entries(hosted)) {
  test(`every column of ${process} may be registered at its own socket, those that extend a standard's table too`, () => {
    const tables = declaredIn(houses, isTable) as { columns: Record<string, { name: string; oid: Oid }> }[]
    const columns = tables.flatMap((table) => Object.values(table.columns))
    const refused = columns.filter(({ oid: of }) => !mayServe(process as TrustDomainName, of))
    assert.deepEqual(
      refused.map(({ name, oid: of }) => `${name} ${formatOid(of)}`),
      [],
    )
  })

  test(`every table of ${process} may be registered at its own socket and at no other, nor any part of it`, () => {
    const tables = (declaredIn(houses, isTable) as { entry: Oid }[]).map(anyDefinition)
    assert.ok(tables.length > 3, `${tables.length} tables`)
    for (const { name, entry: of, readable } of tables) {
      for (const domain of domains) {
        const isOwn = domain === process
        assert.equal(mayServe(domain, of), isOwn, `${name} at ${domain}`)
        assert.equal(mayServe(domain, [...of, 2, 1]), isOwn, `an instance of ${name} at ${domain}`)
      }
      // A column of a table that AUGMENTS this one may be in another branch.
      for (const column of readable) assert.ok(mayServe(process as TrustDomainName, column.oid), column.name)
      for (let length = 1; length < of.length; length++)
        assert.equal(mayServe('others', of.slice(0, length)), false, `what is above ${name}, ${length} long`)
    }
  })
}

test('no notification that is declared here may be sent at the socket of others, and each one of ours only at its own', () => {
  assert.ok(declaredNotifications.length > 25, `${declaredNotifications.length} notifications`)
  for (const { name, oid: trapOid } of declaredNotifications)
    assert.equal(trustDomains.others.mayNotify(trapOid), false, name)
  for (const [process, houses] of Object.entries(hosted))
    for (const { name, oid: trapOid } of declaredIn(houses, isNotification) as { name: string; oid: Oid }[])
      for (const domain of domains)
        assert.equal(trustDomains[domain].mayNotify(trapOid), domain === process, `${name} at ${domain}`)
})

test('what the agent itself serves is for no session to register, nor a gap in its MIB modules, nor a notification of them', () => {
  for (const { module } of internal)
    for (const { table } of module.tables) {
      const { name, entry: of } = anyDefinition(table.definition)
      assert.equal(mayServe('others', of), false, name)
    }
  for (const gap of [
    ...['1.3.6.1.6.3', '1.3.6.1.6.3.14', '1.3.6.1.6.3.15.9', '1.3.6.1.6.3.16.1.3', '1.3.6.1.6.3.18.2.7'],
    ...['1.3.6.1.2.1.1.99', '1.3.6.1.2.1.11.200', '1.3.6.1.2.1.92.9', '1.3.6.1.2.1.74.1.9', '1.3.6.1.2.1.88.1.99'],
    ...['1.3.6.1.2.1.63.9', '1.3.6.1.2.1', '1.3.6.1.6', '1'],
  ]) {
    assert.equal(mayServe('others', oid(gap)), false, gap)
    assert.equal(mayServe('subagents', oid(gap)), false, `${gap} by our subagents`)
    assert.equal(mayServe('sipd', oid(gap)), false, `${gap} by sipd`)
  }
  assert.equal(trustDomains.others.mayNotify(oid('1.3.6.1.2.1.92.0.9')), false)
})

test('what others serve is theirs to register and notify: BGP4-MIB, OSPF-MIB, LLDP-MIB, and all of Net-SNMP', () => {
  for (const subtree of ['1.3.6.1.2.1.15', '1.3.6.1.2.1.14', '1.0.8802.1.1.2', '1.3.6.1.4.1.8072', '1.3.6.1.2.1.25'])
    assert.equal(mayServe('others', oid(subtree)), true, subtree)
  for (const trapOid of ['1.3.6.1.2.1.15.0.1', '1.0.8802.1.1.2.0.0.1', '1.3.6.1.4.1.8072.4.0.2'])
    assert.equal(trustDomains.others.mayNotify(oid(trapOid)), true, trapOid)
})

describe('at the sockets themselves', () => {
  let engine: AgentxEngine
  let subagent: ScriptedSubagent | undefined
  afterEach(async () => {
    subagent?.end()
    await engine.stop()
  })
  const open = async (domain: TrustDomainName, description?: string): Promise<ScriptedSubagent> => {
    engine = await agentxEngine([], undefined, undefined, {}, trustDomains[domain])
    subagent = await ScriptedSubagent.open(engine.path, 1, description)
    return subagent
  }
  const notify = async (from: ScriptedSubagent, trapOid: string): Promise<number> => {
    const trap: Varbind = {
      name: oid('1.3.6.1.6.3.1.1.4.1.0'),
      value: { type: 'ObjectIdentifier', value: oid(trapOid) },
    }
    return (await from.ask({ type: 'notify', varbinds: [trap] })).error
  }

  for (const domain of ['others', 'sipd'] as const)
    test(`a session at the socket of ${domain} takes no part of critAppProcTable, however it asks`, async () => {
      const mallory = await open(domain, 'Castellan subagents')
      const column = `${formatOid(entry)}.9`
      const length = column.split('.').length
      for (const [subtree, over] of [
        [column, {}],
        [`${column}.1`, { priority: 1 }],
        [column, { rangeSubid: length, upperBound: 20 }],
        [column, { rangeSubid: length - 2, upperBound: 40 }],
        ['1.3.6.1.4.1', { priority: 1 }],
        ['1', {}],
      ] as const)
        assert.equal(await mallory.register(subtree, over), agentxError.requestDenied, subtree)
      assert.equal(engine.engine.registry.objects.length, 0)
      const capability = { type: 'addAgentCaps', id: entry, description: 'mine' } as const
      assert.equal((await mallory.ask(capability)).error, agentxError.requestDenied)
    })

  test('a session of others sends neither coldStart nor critAppProcExited, and its own notifications as before', async () => {
    const mallory = await open('others')
    for (const trapOid of ['1.3.6.1.6.3.1.1.5.1', '1.3.6.1.6.3.1.1.5.3', formatOid(critapp.critAppProcExited.oid)])
      assert.equal(await notify(mallory, trapOid), agentxError.processingError, trapOid)
    assert.equal(await notify(mallory, '1.3.6.1.2.1.15.0.1'), 0)
    assert.deepEqual(
      engine.notifications.map(({ trapOid }) => formatOid(trapOid)),
      ['1.3.6.1.2.1.15.0.1'],
    )
  })

  for (const [domain, description, name] of [
    ['subagents', 'whatever it says', 'Castellan subagents'],
    ['sipd', 'Castellan subagents', 'Castellan sipd'],
    ['others', ' castellan SUBAGENTS', 'session 1'],
    ['others', '', 'session 1'],
    ['others', 'frr', 'frr'],
  ] as const)
    test(`a session at the socket of ${domain} that calls itself "${description}" is ${name}`, async () => {
      await open(domain, description)
      assert.deepEqual(
        engine.master.sessions.map((session) => session.name),
        [name],
      )
    })
})
