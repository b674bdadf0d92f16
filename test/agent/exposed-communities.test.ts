import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { internalModules } from '../../agent/internal/index.ts'
import { declaredNames } from '../../catalogue.ts'
import { createLog, silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { Statistics } from '../../snmp/engine/statistics.ts'
import { isWellKnownCommunity } from '../../snmp/security/well-known-communities.ts'
import { snmpUdpDomain } from '../../snmp/transport/transport-address.ts'
import { newHome, withFile } from '../support/check-home.ts'

type Sets = readonly (readonly [name: string, value: SnmpValue])[]
const number = (value: number): SnmpValue => ({ type: 'Integer32', value })
const text = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })
const octets = (...value: number[]): SnmpValue => ({ type: 'OctetString', value: Uint8Array.from(value) })
/** A name as the last part of an index, which is IMPLIED or has its length first. */
const implied = (name: string): string => [...Buffer.from(name)].join('.')
const counted = (name: string): string => `${name.length}.${implied(name)}`

const listening = (address: string) => (text: string) =>
  text
    .replace(/^sys.*$/gm, '') // of a module that is not here
    .replace(/^snmpListenEntry .*$/m, `snmpListenEntry ${address}`)
    .replace('public public publicSec localSnmpID - -', 'public q4-Elbe-ferry publicSec localSnmpID - -')
    .replace('t0000001 cspsAdmin proxySec localSnmpID - -', 't0000001 cspsAdmin proxySec localSnmpID - hosts')
    .concat('snmpTargetAddrEntry nms snmpUDPDomain 192.0.2.7:0 100 3 hosts v2cParams nonVolatile 255.255.255.255:0\n')

/** What becomes of a SET at an agent that has this file in force: its error-status, and what its log says. */
async function refusal(edit: (text: string) => string, ...sets: Sets): Promise<{ status: string; log: string }> {
  const home = await newHome()
  return await withFile(home, 'agent/snmpd.cnf', edit, async () => {
    let said = ''
    const internal = internalModules({
      statistics: new Statistics(),
      log: createLog({ component: 'agent', write: (line) => (said += line) }),
    })
    const config = new ConfigFile(
      internal.modules.flatMap(({ configured }) => configured),
      { path: `${home.conf}/agent/snmpd.cnf`, resolveName: (name) => declaredNames.resolve(name) },
    )
    assert.deepEqual(await config.load(), [])
    const varbinds = sets.map(([name, value], i) => ({ name: declaredNames.resolve(name)!, value, position: i + 1 }))
    for (const { module } of internal.modules) {
      const own = varbinds.filter(({ name }) =>
        module.tables.some(({ table }) =>
          table.objects.some(({ bound }) => bound.oid.every((id, i) => name[i] === id)),
        ),
      )
      if (own.length === 0) continue
      const failure = await new ModuleBackend(module, { log: silentLog }).prepareSet(own).test()
      if (failure) return { status: failure.status, log: said }
    }
    return { status: 'noError', log: said }
  })
}

const newCommunity = (name: string): Sets => [
  [`snmpCommunityName.${implied('more')}`, text(name)],
  [`snmpCommunitySecurityName.${implied('more')}`, text('publicSec')],
  [`snmpCommunityStatus.${implied('more')}`, number(4)],
]
const onAllAddresses = listening('0.0.0.0:161')

test('a SET that makes a well-known community is refused where others than this machine can ask, and the log says why', async () => {
  const { status, log } = await refusal(onAllAddresses, ...newCommunity('private'))
  assert.equal(status, 'inconsistentValue')
  assert.match(log, /a SET was refused reason="this community is one that everybody tries, and 0\.0\.0\.0:161 takes it/)
  assert.equal((await refusal(onAllAddresses, ...newCommunity('w3-Danube-lock'))).status, 'noError')
  assert.equal((await refusal(listening('127.0.0.1:161'), ...newCommunity('private'))).status, 'noError')
})

for (const [what, sets] of Object.entries<Sets>({
  'takes the transport tag off a community': [[`snmpCommunityTransportTag.${implied('t0000001')}`, text('')]],
  'lets any address in by the mask of a tag': [
    [`snmpTargetAddrTDomain.${implied('any')}`, { type: 'ObjectIdentifier', value: snmpUdpDomain }],
    [`snmpTargetAddrTAddress.${implied('any')}`, octets(192, 0, 2, 7, 0, 0)],
    [`snmpTargetAddrTMask.${implied('any')}`, octets(0, 0, 0, 0, 0, 0)],
    [`snmpTargetAddrTagList.${implied('any')}`, text('hosts')],
    [`snmpTargetAddrParams.${implied('any')}`, text('v2cParams')],
    [`snmpTargetAddrRowStatus.${implied('any')}`, number(4)],
  ],
  'gives a community without a tag a write view, by its group': [
    [`vacmAccessWriteViewName.${counted('publicGroup')}.0.0.1`, text('operate')],
  ],
  'puts a community without a tag into a group that writes': [
    [`vacmGroupName.2.${counted('publicSec')}`, text('proxyGroup')],
  ],
}))
  test(`a SET that ${what} is refused where others than this machine can ask`, async () => {
    assert.equal((await refusal(onAllAddresses, ...sets)).status, 'inconsistentValue')
    assert.equal((await refusal(listening('[::1]:161'), ...sets)).status, 'noError')
  })

test('a SET that has nothing to do with communities is taken', async () => {
  assert.equal(
    (await refusal(onAllAddresses, [`snmpTargetAddrRetryCount.${implied('nms')}`, number(1)])).status,
    'noError',
  )
  assert.equal(
    (await refusal(onAllAddresses, [`snmpCommunityStatus.${implied('public')}`, number(6)])).status,
    'noError',
  )
})

test('the communities of our own template are well known', async () => {
  const home = await newHome()
  const names = [...readFileSync(`${home.conf}/agent/snmpd.cnf`, 'utf8').matchAll(/^snmpCommunityEntry \S+ (\S+)/gm)]
  assert.ok(names.length > 0)
  for (const [, name] of names) assert.ok(isWellKnownCommunity(Buffer.from(name!)), name)
})
