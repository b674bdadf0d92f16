/** What a manager sees of a module is the same in the master's process and behind AgentX. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { column, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import {
  counter32,
  counter64,
  dateAndTime,
  displayString,
  enumeration,
  gauge32,
  integer32,
  ipAddress,
  objectIdentifier,
  octetString,
  rowStatus,
  timeTicks,
} from '../../lib/mib/syntax.ts'
import { errorStatusName } from '../../lib/smi/error-status.ts'
import { formatOid, oid } from '../../lib/smi/oid.ts'
import { nullValue, type SnmpValue, type Varbind } from '../../lib/smi/value.ts'
import type { CommunityMessage } from '../../snmp/message/community-message.ts'
import { agentxEngine } from '../support/agentx.ts'
import { type TestEngine, testEngine } from '../support/engine.ts'

const root = '1.3.6.1.4.1.32473.99'
const shelfTable = defineTable({
  name: 'shelfTable',
  oid: `${root}.1`,
  index: { shelfIndex: column(1, integer32(1, 1000), 'not-accessible') },
  columns: {
    shelfName: column(2, displayString(1, 20), 'read-create'),
    shelfKind: column(3, enumeration({ wood: 1, steel: 2 }), 'read-create', { defaultValue: 'wood' }),
    shelfNote: column(4, displayString(), 'read-only', { presence: 'maybe' }),
    shelfStatus: column(5, rowStatus(), 'read-create'),
  },
})
const everyType = defineScalars({
  name: 'everyType',
  oid: `${root}.2`,
  objects: {
    aNumber: column(1, integer32(), 'read-write'),
    aCounter: column(2, counter32()),
    aWideCounter: column(3, counter64()),
    aGauge: column(4, gauge32()),
    someTicks: column(5, timeTicks()),
    someOctets: column(6, octetString(0, 64), 'read-write'),
    aName: column(7, objectIdentifier()),
    anAddress: column(8, ipAddress()),
    aDate: column(9, dateAndTime()),
    aSecret: column(10, octetString(), 'read-only', { secret: true }),
    anAge: column(11, gauge32(), 'read-only', { presence: 'live' }),
  },
})

function sample(): { modules: MibModule[]; happened: string[] } {
  const happened: string[] = []
  const shelves = serve(shelfTable, {
    test: ({ after }) => (after?.shelfName === 'forbidden' ? 'inconsistentValue' : undefined),
    commit: ({ after }) => {
      if (after?.shelfName === 'breaks') throw new Error('the saw breaks')
      happened.push(`commit ${after?.shelfName}`)
      return { undo: () => happened.push('undo'), finish: () => happened.push('finish') }
    },
  })
  for (const shelfIndex of [1, 2, 7])
    shelves.table.put({
      shelfIndex,
      shelfName: `shelf ${shelfIndex}`,
      shelfKind: 'wood',
      shelfNote: shelfIndex === 2 ? 'dusty' : undefined,
      shelfStatus: 'active',
    })
  const types = serve(everyType, { live: { anAge: () => 42 } })
  types.table.put({
    aNumber: -5,
    aCounter: 4_294_967_295,
    aWideCounter: 18_446_744_073_709_551_615n,
    aGauge: 7,
    someTicks: 8,
    someOctets: Uint8Array.of(0, 255, 1),
    aName: oid('1.3.6.1.4.1'),
    anAddress: '192.0.2.7',
    aDate: new Date(Date.UTC(2026, 0, 2, 3, 4, 5)),
    aSecret: Uint8Array.of(1, 2, 3),
  })
  const modules = [
    { name: 'shelves', description: '', oid: [1, 3], tables: [anyServing(shelves)] },
    { name: 'types', description: '', oid: [1, 3], tables: [anyServing(types)] },
  ]
  return { modules, happened }
}

interface Host {
  readonly name: string
  start(modules: MibModule[]): Promise<TestEngine & { stop?(): Promise<void> }>
}
const views = { included: [oid(root)], excluded: [oid(`${root}.2.9`), oid(`${root}.1.1.3.2`)] }
const writable = { included: [oid(root)], excluded: [oid(`${root}.2.6`)] }
const hosts: readonly Host[] = [
  { name: 'in the process of the master', start: async (modules) => testEngine(modules, views, writable) },
  {
    name: 'behind AgentX',
    async start(modules) {
      const engine = await agentxEngine([], views, writable)
      await engine.serve(modules)
      return engine
    },
  },
  {
    name: 'one here and one behind AgentX',
    async start([shelves, types]) {
      const engine = await agentxEngine([shelves!], views, writable)
      await engine.serve([types!])
      return engine
    },
  },
]

for (const host of hosts) {
  describe(`a module ${host.name}`, () => {
    let engine: Awaited<ReturnType<Host['start']>>
    let happened: string[]
    before(async () => {
      const made = sample()
      happened = made.happened
      engine = await host.start(made.modules)
    })
    after(() => engine.stop?.())

    const at = (suffix: string): Varbind => ({
      name: oid(suffix === '' ? root : `${root}.${suffix}`),
      value: nullValue,
    })
    const shown = (message: CommunityMessage | undefined): string[] =>
      (message?.varbinds ?? []).map(({ name, value }) => `${formatOid(name).slice(root.length + 1)} ${textOf(value)}`)
    const ask = async (type: 'getRequest' | 'getNextRequest', ...suffixes: string[]) =>
      shown(await engine.ask({ type, varbinds: suffixes.map(at) }))
    const set = async (...varbinds: readonly (readonly [string, SnmpValue])[]): Promise<string> => {
      const changes = varbinds.map(([suffix, value]) => ({ name: oid(`${root}.${suffix}`), value }))
      const answer = await engine.ask({ type: 'setRequest', varbinds: changes })
      return `${errorStatusName(answer!.errorStatus)} ${answer!.errorIndex}`
    }

    test('every type of value comes back as it is', async () => {
      const suffixes = [1, 2, 3, 4, 5, 6, 7, 8, 10, 11].map((column) => `2.${column}.0`)
      assert.deepEqual(await ask('getRequest', ...suffixes), [
        '2.1.0 Integer32 -5',
        '2.2.0 Counter32 4294967295',
        '2.3.0 Counter64 18446744073709551615',
        '2.4.0 Gauge32 7',
        '2.5.0 TimeTicks 8',
        '2.6.0 OctetString 00ff01',
        '2.7.0 ObjectIdentifier 1.3.6.1.4.1',
        '2.8.0 IpAddress c0000207',
        '2.10.0 OctetString ',
        '2.11.0 Gauge32 42',
      ])
    })

    test('a missing instance, a missing object and a hidden one are told apart', async () => {
      assert.deepEqual(await ask('getRequest', '1.1.2.9', '1.1.4.1', '3.1.0', '2.9.0', '1.1.3.2', '1.1.2.1'), [
        '1.1.2.9 noSuchInstance',
        '1.1.4.1 noSuchInstance',
        '3.1.0 noSuchObject',
        '2.9.0 noSuchObject',
        '1.1.3.2 noSuchObject',
        '1.1.2.1 OctetString 7368656c662031',
      ])
    })

    test('a walk goes through all that is in the view, in order, by GETNEXT and GETBULK alike', async () => {
      const walked: string[] = []
      let from = ''
      for (;;) {
        const [next] = await ask('getNextRequest', from)
        if (next!.endsWith('endOfMibView')) break
        walked.push(next!)
        from = next!.split(' ')[0]!
      }
      assert.deepEqual(
        walked.map((line) => line.split(' ')[0]),
        ['1.1.2.1', '1.1.2.2', '1.1.2.7', '1.1.3.1', '1.1.3.7', '1.1.4.2', '1.1.5.1', '1.1.5.2', '1.1.5.7'].concat(
          [1, 2, 3, 4, 5, 6, 7, 8, 10, 11].map((column) => `2.${column}.0`),
        ),
      )
      const bulk = await engine.ask({
        type: 'getBulkRequest',
        nonRepeaters: 0,
        maxRepetitions: 50,
        varbinds: [at('')],
      })
      assert.deepEqual(shown(bulk).slice(0, -1), walked)
      assert.match(shown(bulk).at(-1)!, /^2\.11\.0 endOfMibView$/)
    })

    test('GETBULK repeats what follows the non-repeaters, across the border', async () => {
      const bulk = await engine.ask({
        type: 'getBulkRequest',
        nonRepeaters: 1,
        maxRepetitions: 3,
        varbinds: [at('2.4'), at('1.1.5.1'), at('1.1.2')],
      })
      assert.deepEqual(
        shown(bulk).map((line) => line.split(' ')[0]),
        ['2.4.0', '1.1.5.2', '1.1.2.1', '1.1.5.7', '1.1.2.2', '2.1.0', '1.1.2.7'],
      )
      const single = await engine.ask({
        type: 'getBulkRequest',
        nonRepeaters: 0,
        maxRepetitions: 0x7fff_ffff,
        varbinds: [at('2.10')],
      })
      assert.deepEqual(shown(single), ['2.10.0 OctetString ', '2.11.0 Gauge32 42', '2.11.0 endOfMibView'])
    })

    test('version 1 sees no Counter64', async () => {
      const next = await engine.ask({ type: 'getNextRequest', varbinds: [at('2.2.0')] }, { version: 'v1' })
      assert.deepEqual(shown(next), ['2.4.0 Gauge32 7'])
      const get = await engine.ask({ type: 'getRequest', varbinds: [at('2.1.0'), at('2.3.0')] }, { version: 'v1' })
      assert.deepEqual([get?.errorStatus, get?.errorIndex], [2, 2])
    })

    const text = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })
    const number = (value: number): SnmpValue => ({ type: 'Integer32', value })

    test('a SET across both is done, and its effects come after all committed', async () => {
      happened.length = 0
      assert.equal(await set(['1.1.2.1', text('oak')], ['2.1.0', number(6)], ['1.1.3.1', number(2)]), 'noError 0')
      assert.deepEqual(await ask('getRequest', '1.1.2.1', '1.1.3.1', '2.1.0'), [
        '1.1.2.1 OctetString 6f616b',
        '1.1.3.1 Integer32 2',
        '2.1.0 Integer32 6',
      ])
      assert.deepEqual(happened, ['commit oak', 'finish'])
    })

    test('rows come and go by RowStatus', async () => {
      assert.equal(await set(['1.1.2.3', text('new')], ['1.1.5.3', number(4)]), 'noError 0')
      assert.deepEqual(await ask('getRequest', '1.1.3.3', '1.1.5.3'), ['1.1.3.3 Integer32 1', '1.1.5.3 Integer32 1'])
      assert.equal(await set(['1.1.5.3', number(6)]), 'noError 0')
      assert.deepEqual(await ask('getRequest', '1.1.2.3'), ['1.1.2.3 noSuchInstance'])
    })

    for (const [what, varbinds, due] of [
      ['wrong type', [['2.1.0', text('x')]], 'wrongType 2'],
      ['wrong value', [['1.1.3.1', number(3)]], 'wrongValue 2'],
      ['wrong length', [['1.1.2.1', text('')]], 'wrongLength 2'],
      ['not writable', [['2.4.0', { type: 'Gauge32', value: 1 }]], 'notWritable 2'],
      ['no access', [['2.6.0', text('x')]], 'noAccess 2'],
      ['no creation', [['2.1.7', number(1)]], 'noCreation 2'],
      ['inconsistent name', [['1.1.2.9', text('x')]], 'inconsistentName 2'],
      ['inconsistent value', [['1.1.2.1', text('forbidden')]], 'inconsistentValue 2'],
      ['a commit that fails', [['1.1.2.1', text('breaks')]], 'commitFailed 2'],
    ] as const) {
      test(`a SET with ${what} has its own error and index, and changes nothing`, async () => {
        const before = await ask('getRequest', '1.1.2.1', '1.1.3.1', '2.1.0', '2.4.0')
        assert.equal(await set(['1.1.2.7', text('also')], ...varbinds), due)
        assert.deepEqual(await ask('getRequest', '1.1.2.1', '1.1.3.1', '2.1.0', '2.4.0'), before)
        assert.deepEqual(await ask('getRequest', '1.1.2.7'), ['1.1.2.7 OctetString 7368656c662037'])
      })
    }
  })
}

function textOf(value: SnmpValue): string {
  if (!('value' in value)) return value.type
  const { type } = value
  if (type === 'ObjectIdentifier') return `${type} ${formatOid(value.value)}`
  return `${type} ${value.value instanceof Uint8Array ? Buffer.from(value.value).toString('hex') : value.value}`
}
