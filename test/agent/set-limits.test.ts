/** What a SET may not do is refused, with the error of RFC 3416 §4.2.5, whatever the agent itself keeps in the column. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineCommunityTable, vacmAccessTable, vacmSecurityToGroupTable } from '../../agent/internal/access-tables.ts'
import { snmpNotifyTable, snmpTargetAddrTable, snmpTargetParamsTable } from '../../agent/internal/target-tables.ts'
import { defineUsmUserTable } from '../../agent/internal/usm-users.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import { planSet } from '../../lib/mib/set.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { mteTriggerTable } from '../../subagents/event/mib.ts'
import { schedTable } from '../../subagents/schedule/mib.ts'

const engineId = Buffer.from('80007ed905a1b2c3d4', 'hex')
const definitions = [
  defineCommunityTable(engineId),
  defineUsmUserTable(engineId),
  vacmAccessTable,
  vacmSecurityToGroupTable,
  snmpNotifyTable,
  snmpTargetAddrTable,
  snmpTargetParamsTable,
  mteTriggerTable,
  schedTable,
]
const servings = definitions.map((definition) => anyServing(serve(definition as typeof schedTable)))

/** The error of a SET of this column with createAndWait in the same row; `ok` without one. */
function set(object: string, instance: readonly number[], value: SnmpValue): string {
  const { definition } = servings.find(({ table }) => object in table.definition.columns)!.table
  const status = definition.statusColumn!
  const varbinds = [
    { name: [...definition.columns[object]!.oid, ...instance], value, position: 1 },
    ...(object === status
      ? []
      : [{ name: [...definition.columns[status]!.oid, ...instance], value: createAndWait, position: 2 }]),
  ]
  const planned = planSet(servings, varbinds, { commandsWritable: false })
  return 'status' in planned ? planned.status : 'ok'
}

const text = (value: string): number[] => [value.length, ...Buffer.from(value)]
const hex = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value, 'hex') })
const number = (value: number): SnmpValue => ({ type: 'Integer32', value })
const createAndWait = number(5)

test('an engineID that is none makes no user (RFC 3411 SnmpEngineID, SIZE 5..32): noCreation', () => {
  const of = (...engine: number[]): number[] => [engine.length, ...engine, ...text('ann')]
  assert.equal(set('usmUserStatus', of(), createAndWait), 'noCreation')
  assert.equal(set('usmUserStatus', of(1, 2, 3), createAndWait), 'noCreation')
  assert.equal(set('usmUserStatus', of(...new Uint8Array(8)), createAndWait), 'noCreation')
  assert.equal(set('usmUserStatus', of(...new Uint8Array(33).fill(1)), createAndWait), 'noCreation')
  assert.equal(set('usmUserStatus', of(...engineId), createAndWait), 'ok')
  assert.equal(set('usmUserStatus', of(1, 2, 3, 4, 5), createAndWait), 'ok')
})

test('snmpCommunityContextEngineID takes no stand-in for the own engine, and no engineID that is none', () => {
  const refused = (value: string): string => set('snmpCommunityContextEngineID', [...Buffer.from('t1')], hex(value))
  assert.equal(refused(''), 'wrongLength')
  assert.equal(refused('010203'), 'wrongLength')
  assert.equal(refused('00'.repeat(8)), 'wrongValue')
  assert.equal(refused('ff'.repeat(8)), 'wrongValue')
  assert.equal(refused(engineId.toString('hex')), 'ok')
  assert.equal(refused('0102030405'), 'ok')
})

test('bits that are not defined are wrongValue, octets too many wrongLength; those at the end without a bit may be missing', () => {
  const trigger = [...text('own'), ...text('t')]
  assert.equal(set('mteTriggerTest', trigger, hex('10')), 'wrongValue')
  assert.equal(set('mteTriggerTest', trigger, hex('a1')), 'wrongValue')
  assert.equal(set('mteTriggerTest', trigger, hex('8000')), 'wrongLength')
  assert.equal(set('mteTriggerTest', trigger, hex('e0')), 'ok')
  assert.equal(set('schedHour', trigger, hex('80')), 'ok')
  assert.equal(set('schedMonth', trigger, hex('0010')), 'ok')
  assert.equal(set('schedMonth', trigger, hex('0008')), 'wrongValue')
})

test('0 is no security model where any does not stand for all (RFC 3415, RFC 3413)', () => {
  assert.equal(set('vacmSecurityToGroupStatus', [0, ...text('ann')], createAndWait), 'noCreation')
  assert.equal(set('vacmSecurityToGroupStatus', [3, ...text('ann')], createAndWait), 'ok')
  assert.equal(set('snmpTargetParamsSecurityModel', [...Buffer.from('p')], number(0)), 'wrongValue')
  assert.equal(set('vacmAccessStatus', [...text('g'), 0, 0, 1], createAndWait), 'ok')
})

test('a tag is one word, an address has an octet at least, and a message size is 0 or 484 on (RFC 3413, 2579, 3584)', () => {
  assert.equal(set('snmpNotifyTag', [...Buffer.from('n')], hex('612062')), 'wrongValue')
  assert.equal(set('snmpCommunityTransportTag', [...Buffer.from('c')], hex('0a')), 'wrongValue')
  assert.equal(set('snmpTargetAddrTagList', [...Buffer.from('a')], hex('612062')), 'ok')
  assert.equal(set('snmpTargetAddrTAddress', [...Buffer.from('a')], hex('')), 'wrongLength')
  assert.equal(set('snmpTargetAddrTMask', [...Buffer.from('a')], hex('')), 'ok')
  assert.equal(set('snmpTargetAddrMMS', [...Buffer.from('a')], number(100)), 'wrongValue')
})
