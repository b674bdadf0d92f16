import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { anyDefinition, column, defineTable } from '../../lib/mib/declare.ts'
import { indexValues, instanceOf } from '../../lib/mib/instance.ts'
import { anyServing, type Change, serve } from '../../lib/mib/module.ts'
import { nextRowState } from '../../lib/mib/row-status.ts'
import {
  bits,
  displayString,
  enumeration,
  integer32,
  ipAddress,
  objectIdentifier,
  octetString,
  rowStatus,
  storageType,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'

const phoneTable = defineTable({
  name: 'phoneTable',
  oid: '1.3.6.1.4.1.32473.99.5',
  index: {
    phoneLine: column(1, unsigned32(1, 100), 'not-accessible'),
    phoneName: column(2, displayString(0, 20), 'not-accessible'),
  },
  implied: true,
  columns: {
    phoneMode: column(3, enumeration({ desk: 1, soft: 2 }), 'read-create', { defaultValue: 'desk' }),
    phoneOwner: column(4, displayString(1, 10), 'read-create'),
    phoneCalls: column(5, unsigned32(), 'read-only', { defaultValue: 0 }),
    phoneFeatures: column(6, bits({ hold: 0, transfer: 1, park: 9 }), 'read-create', { presence: 'maybe' }),
    phoneStorage: column(7, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    phoneStatus: column(8, rowStatus(), 'read-create'),
  },
})
const entry = '1.3.6.1.4.1.32473.99.5.1'.split('.').map(Number)
const integer = (value: number): SnmpValue => ({ type: 'Integer32', value })
const text = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })

function phones(test?: (change: Change) => 'inconsistentValue' | undefined) {
  const told: string[] = []
  const served = serve(phoneTable, {
    ...(test ? { test: test as never } : {}),
    commit: ({ before, after }) => ({
      undo: () => void told.push('undo'),
      finish: () => void told.push(`${before ? 'had' : 'no'} row, ${after ? 'has' : 'no'} row`),
    }),
  })
  const backend = new ModuleBackend(
    { name: 'phones', description: '', oid: [1], tables: [anyServing(served)] },
    { log: silentLog },
  )
  const set = async (...varbinds: [number, number[], SnmpValue][]): Promise<string> => {
    const part = backend.prepareSet(
      varbinds.map(([number, instance, value], i) => ({
        name: [...entry, number, ...instance],
        value,
        position: i + 1,
      })),
    )
    const failure = await part.test()
    if (failure) return `${failure.status} ${failure.position}`
    const failed = await part.commit()
    if (failed) {
      await part.undo()
      return `${failed.status} ${failed.position}`
    }
    part.finish()
    return 'noError'
  }
  return { table: served.table, set, told, backend }
}

const line = [7, 98, 111] // 7."bo", IMPLIED
const row = { phoneLine: 7, phoneName: 'bo' }

test('createAndGo makes an active row out of its own varbinds and defaults, in any order', async () => {
  const { table, set, told } = phones()
  assert.equal(await set([4, line, text('ann')], [8, line, integer(4)]), 'noError')
  assert.deepEqual(table.get(row), {
    ...row,
    phoneOwner: 'ann',
    phoneMode: 'desk',
    phoneCalls: 0,
    phoneStorage: 'nonVolatile',
    phoneStatus: 'active',
  })
  assert.deepEqual(told, ['no row, has row'])
})

test('createAndGo without a required column is inconsistentValue at the status varbind', async () => {
  const { table, set } = phones()
  assert.equal(await set([3, line, integer(2)], [8, line, integer(4)]), 'inconsistentValue 2')
  assert.equal(table.size, 0)
})

test('createAndWait gives notReady until all is there, then notInService, then active', async () => {
  const { table, set } = phones()
  assert.equal(await set([8, line, integer(5)]), 'noError')
  assert.equal(table.get(row)?.phoneStatus, 'notReady')
  assert.equal(await set([8, line, integer(1)]), 'inconsistentValue 1')
  assert.equal(await set([4, line, text('ann')]), 'noError')
  assert.equal(table.get(row)?.phoneStatus, 'notInService')
  assert.equal(await set([8, line, integer(1)]), 'noError')
  assert.equal(table.get(row)?.phoneStatus, 'active')
  assert.equal(await set([8, line, integer(4)]), 'inconsistentValue 1')
  assert.equal(await set([8, line, integer(2)]), 'noError')
  assert.equal(table.get(row)?.phoneStatus, 'notInService')
  assert.equal(await set([8, line, integer(6)]), 'noError')
  assert.equal(table.size, 0)
  assert.equal(await set([8, line, integer(6)]), 'noError', 'destroying what is not there is no error')
})

test('every value of a RowStatus has an outcome in every state', () => {
  for (const value of [
    'active',
    'notInService',
    'notReady',
    'createAndGo',
    'createAndWait',
    'destroy',
    undefined,
  ] as const) {
    for (const state of ['absent', 'notReady', 'notInService', 'active'] as const) {
      for (const isComplete of [true, false]) assert.ok(nextRowState(state, value, isComplete))
    }
  }
})

test('what does not fit is refused with its own error, and a row is never half changed', async () => {
  const { table, set } = phones()
  await set([4, line, text('ann')], [8, line, integer(4)])
  const before = table.get(row)
  const cases: [string, [number, number[], SnmpValue]][] = [
    ['wrongType 2', [4, line, integer(1)]],
    ['wrongLength 2', [4, line, text('')]],
    ['wrongValue 2', [3, line, integer(3)]],
    ['wrongValue 2', [4, line, { type: 'OctetString', value: Uint8Array.of(0xff, 0xfe) }]],
    ['notWritable 2', [5, line, { type: 'Gauge32', value: 1 }]],
    ['notWritable 2', [1, line, integer(1)]],
    ['notWritable 2', [77, line, integer(1)]],
    ['noCreation 2', [3, [101, 98], integer(1)]],
    ['inconsistentName 2', [3, [8, 98], integer(1)]],
    ['wrongValue 2', [8, line, integer(3)]],
  ]
  for (const [expected, varbind] of cases) {
    assert.equal(await set([3, line, integer(2)], varbind), expected)
    assert.deepEqual(table.get(row), before)
  }
})

test('a rule of the table itself is asked last and refuses at the first varbind of its row', async () => {
  const { set } = phones(({ after }) => (after?.phoneOwner === 'eve' ? 'inconsistentValue' : undefined))
  assert.equal(
    await set([8, [1, 97], integer(4)], [4, [1, 97], text('ann')], [4, line, text('eve')], [8, line, integer(4)]),
    'inconsistentValue 3',
  )
})

test('permanent rows stay, read-only rows stay as they are', async () => {
  const { table, set } = phones()
  table.put({
    ...row,
    phoneOwner: 'ann',
    phoneMode: 'desk',
    phoneCalls: 0,
    phoneStorage: 'permanent',
    phoneStatus: 'active',
  })
  assert.equal(await set([8, line, integer(6)]), 'inconsistentValue 1')
  assert.equal(await set([3, line, integer(2)]), 'noError')
  table.patch(row, { phoneStorage: 'readOnly' })
  assert.equal(await set([3, line, integer(1)]), 'inconsistentValue 1')
})

test('what cannot be made durable is undone', async () => {
  const served = serve(phoneTable)
  let isBroken = false
  let attempts = 0
  const backend = new ModuleBackend(
    { name: 'phones', description: '', oid: [1], tables: [anyServing(served)] },
    {
      log: silentLog,
      persist: async () => {
        attempts++
        if (isBroken) throw new Error('disk full')
        return async () => {}
      },
    },
  )
  const set = async (value: number): Promise<string | undefined> => {
    const part = backend.prepareSet([{ name: [...entry, 3, ...line], value: integer(value), position: 1 }])
    assert.equal(await part.test(), undefined)
    const failure = await part.commit()
    if (failure) assert.equal(await part.undo(), true)
    return failure?.status
  }
  served.table.put({
    ...row,
    phoneOwner: 'ann',
    phoneMode: 'desk',
    phoneCalls: 0,
    phoneStorage: 'nonVolatile',
    phoneStatus: 'active',
  })
  isBroken = true
  assert.equal(await set(2), 'commitFailed')
  assert.equal(served.table.get(row)?.phoneMode, 'desk')
  assert.equal(attempts, 1, 'what is not durable is not written once more')
  isBroken = false
  assert.equal(await set(2), undefined)
  assert.equal(served.table.get(row)?.phoneMode, 'soft')
})

const indexTable = defineTable({
  name: 'indexTable',
  oid: '1.3.6.1.4.1.32473.99.6',
  index: {
    aNumber: column(1, integer32(0, 0x7fff_ffff), 'not-accessible'),
    aText: column(2, displayString(0, 30), 'not-accessible'),
    aFixed: column(3, octetString(3, 3), 'not-accessible'),
    anAddress: column(4, ipAddress(), 'not-accessible'),
    anOid: column(5, objectIdentifier(), 'not-accessible'),
  },
  columns: { aValue: column(6, unsigned32()) },
})

test('indexes of numbers, strings, fixed strings, addresses and OIDs come back from their instances', () => {
  const part = fc.record(
    {
      aNumber: fc.integer({ min: 0, max: 0x7fff_ffff }),
      aText: fc.string({ maxLength: 10 }),
      aFixed: fc.uint8Array({ minLength: 3, maxLength: 3 }),
      anAddress: fc.ipV4(),
      anOid: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { minLength: 2, maxLength: 9 }),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(part, (index) => {
      const instance = instanceOf(anyDefinition(indexTable), index)
      const back = indexValues(anyDefinition(indexTable), instance)
      assert.deepEqual(back && { ...back, aFixed: Uint8Array.from(back.aFixed as Uint8Array) }, index)
      assert.equal(indexValues(anyDefinition(indexTable), [...instance, 1]), undefined)
      assert.equal(indexValues(anyDefinition(indexTable), instance.slice(0, -1)), undefined)
    }),
  )
})

test('an instance with lying lengths names no row', () => {
  for (const instance of [[1, 0xffff_ffff, 97], [1, 2, 97], [1, 1, 256, 1, 2, 3, 1, 2, 3, 4, 0], [0x8000_0000]]) {
    assert.equal(indexValues(anyDefinition(indexTable), instance), undefined)
  }
})

test('rows are found and walked in the order of their instances, whatever the order they came in', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 100 }), fc.string({ maxLength: 5 })), {
        selector: ([a, b]) => `${a} ${b}`,
        maxLength: 60,
      }),
      (keys) => {
        const { table } = serve(phoneTable)
        for (const [phoneLine, phoneName] of keys) {
          table.put({
            phoneLine,
            phoneName,
            phoneOwner: 'x',
            phoneMode: 'desk',
            phoneCalls: 1,
            phoneStorage: 'volatile',
            phoneStatus: 'active',
          })
        }
        const owner = table.objects.find(({ bound }) => bound.name === 'phoneOwner')!
        const names: number[][] = []
        for (let at = owner.next(0); at >= 0; at = owner.next(at + 1)) names.push([...owner.nameOf(at)])
        assert.equal(names.length, keys.length)
        for (const [i, name] of names.entries()) {
          const instance = name.slice(owner.oid.length)
          assert.ok(owner.find(instance, 0, instance.length) >= 0)
          const next = owner.after(instance, 0, instance.length)
          assert.deepEqual(next < 0 ? undefined : owner.nameOf(next), names[i + 1])
        }
        assert.deepEqual(
          names,
          names.toSorted((a, b) => {
            for (let i = 0; ; i++)
              if (a[i] !== b[i]) return (a[i] ?? -1) - (b[i] ?? -1)
              else if (a[i] === undefined) return 0
          }),
        )
      },
    ),
  )
})
