import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Vacm } from '../../agent/access/vacm.ts'
import { column, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, type MibModule, serve } from '../../lib/mib/module.ts'
import { counter64, displayString, integer32 } from '../../lib/mib/syntax.ts'
import { formatOid, oid } from '../../lib/smi/oid.ts'
import { nullValue, type SnmpValue } from '../../lib/smi/value.ts'
import type { CommunityMessage } from '../../snmp/message/community-message.ts'
import { testEngine } from '../support/engine.ts'

const root = '1.3.6.1.4.1.32473.99'
const ledTable = defineTable({
  name: 'ledTable',
  oid: `${root}.1`,
  index: { ledIndex: column(1, integer32(1, 1000), 'not-accessible') },
  columns: {
    ledName: column(2, displayString(0, 40), 'read-write'),
    ledBlinks: column(3, counter64()),
    ledNote: column(4, displayString(), 'read-only', { presence: 'maybe' }),
  },
})
const room = defineScalars({
  name: 'room',
  oid: `${root}.2`,
  objects: {
    roomName: column(1, displayString(0, 40), 'read-write'),
    roomBroken: column(2, integer32(), 'read-only', { presence: 'live' }),
  },
})

function modules(rows = 3): MibModule[] {
  const leds = serve(ledTable)
  for (let ledIndex = 1; ledIndex <= rows; ledIndex++) {
    leds.table.put({
      ledIndex,
      ledName: `led ${ledIndex}`,
      ledBlinks: BigInt(ledIndex),
      ledNote: ledIndex === 2 ? 'odd one out' : undefined,
    })
  }
  let asked = 0
  const rooms = serve(room, {
    live: {
      roomBroken: () => {
        if (++asked % 2 === 0) throw new Error('this handler has a bug') // the second time, when it is encoded
        return 1
      },
    },
    commit: ({ after }) => {
      if (after?.roomName === 'refuse') throw new Error('the hardware refuses')
      return {}
    },
  })
  rooms.table.put({ roomName: 'cellar' })
  return [
    { name: 'leds', description: '', oid: [1, 3], tables: [anyServing(leds)] },
    { name: 'room', description: '', oid: [1, 3], tables: [anyServing(rooms)] },
  ]
}

const all = { included: [oid('1.3')] }
const name = (suffix: string) => ({ name: oid(`${root}.${suffix}`), value: nullValue })
const text = (suffix: string, value: string) => ({
  name: oid(`${root}.${suffix}`),
  value: { type: 'OctetString', value: Buffer.from(value) } as SnmpValue,
})
const shown = (message: CommunityMessage | undefined): string[] =>
  (message?.varbinds ?? []).map(({ name, value }) => {
    const text =
      value.type === 'OctetString'
        ? Buffer.from(value.value).toString()
        : 'value' in value
          ? String(value.value)
          : value.type
    return `${formatOid(name).slice(root.length + 1)} ${text}`
  })

test('GET tells a missing object from a missing instance', async () => {
  const { ask } = testEngine(modules(), all)
  const answer = await ask({
    type: 'getRequest',
    varbinds: [name('1.1.2.1'), name('1.1.2.99'), name('1.1.77.1'), name('1.1.4.1'), name('2.1.0')],
  })
  assert.deepEqual(shown(answer), [
    '1.1.2.1 led 1',
    '1.1.2.99 noSuchInstance',
    '1.1.77.1 noSuchObject',
    '1.1.4.1 noSuchInstance',
    '2.1.0 cellar',
  ])
})

test('GETNEXT walks columns in order, skips empty cells, and ends with endOfMibView', async () => {
  const { ask } = testEngine(modules(2), all)
  const names: string[] = []
  let at = '1'
  for (;;) {
    const [varbind] = (await ask({ type: 'getNextRequest', varbinds: [name(at)] }))!.varbinds
    if (varbind!.value.type === 'endOfMibView') break
    at = formatOid(varbind!.name).slice(root.length + 1)
    names.push(at)
    if (at === '2.1.0') break
  }
  assert.deepEqual(names, ['1.1.2.1', '1.1.2.2', '1.1.3.1', '1.1.3.2', '1.1.4.2', '2.1.0'])
})

test('GETBULK repeats what follows the non-repeaters, row by row', async () => {
  const { ask } = testEngine(modules(), all)
  const answer = await ask({
    type: 'getBulkRequest',
    nonRepeaters: 1,
    maxRepetitions: 2,
    varbinds: [name('2'), name('1.1.2'), name('1.1.3')],
  })
  assert.deepEqual(
    shown(answer).map((line) => line.split(' ')[0]),
    ['2.1.0', '1.1.2.1', '1.1.3.1', '1.1.2.2', '1.1.3.2'],
  )
})

test('GETBULK with odd numbers does what RFC 3416 says of them', async () => {
  const { ask } = testEngine(modules(), { included: [oid(`${root}.1`)] })
  const bulk = async (nonRepeaters: number, maxRepetitions: number, ...suffixes: string[]) =>
    shown(await ask({ type: 'getBulkRequest', nonRepeaters, maxRepetitions, varbinds: suffixes.map(name) }))
  assert.equal((await bulk(-1, 1, '1.1.2')).length, 1, 'negative non-repeaters count as none')
  assert.equal((await bulk(0, -5, '1.1.2')).length, 0)
  assert.equal((await bulk(9, 5, '1.1.2')).length, 1, 'no more non-repeaters than varbinds')
  assert.equal((await bulk(0, 5)).length, 0)
  const whole = await bulk(0, 0x7fff_ffff, '1.1.2')
  assert.equal(whole.length, 8, 'seven cells and one endOfMibView')
  assert.equal(whole.at(-1), '1.1.4.2 endOfMibView')
})

test('GETBULK fills a frame for a manager elsewhere, and more for one on this machine', async () => {
  const { ask } = testEngine(modules(1000), { included: [oid(`${root}.1`)] })
  const pdu = { type: 'getBulkRequest', nonRepeaters: 0, maxRepetitions: 0x7fff_ffff, varbinds: [name('1')] } as const
  const here = await ask(pdu)
  const elsewhere = await ask(pdu, { address: '192.0.2.7' })
  assert.ok(here!.varbinds.length > 1500, `${here!.varbinds.length}`)
  assert.ok(elsewhere!.varbinds.length > 30 && elsewhere!.varbinds.length < 80, `${elsewhere!.varbinds.length}`)
})

test('an empty varbind list is answered with one, and 300 varbinds with 300', async () => {
  const { ask } = testEngine(modules(), all)
  for (const type of ['getRequest', 'getNextRequest', 'getBulkRequest', 'setRequest'] as const) {
    const answer = await ask({ type, varbinds: [] })
    assert.deepEqual([answer?.errorStatus, answer?.varbinds.length], [0, 0], type)
  }
  const many = Array.from({ length: 300 }, () => name('1.1.2.1'))
  const answer = await ask({ type: 'getRequest', varbinds: many })
  assert.deepEqual([answer?.errorStatus, answer?.varbinds.length], [0, 300])
})

test('a community with a transport tag is known only from its addresses, mask by mask (RFC 3584 §5.2)', async () => {
  const { engine, ask } = testEngine(modules(), all)
  const octets = (...values: number[]) => Uint8Array.from(values)
  const sources = [{ address: octets(192, 0, 2, 0, 0, 0), mask: octets(255, 255, 255, 0, 0, 0) }]
  engine.configure(
    [
      { name: Buffer.from('tagged'), securityName: 'reader', contextName: '', sources },
      {
        name: Buffer.from('exact'),
        securityName: 'reader',
        contextName: '',
        sources: [{ address: octets(192, 0, 2, 7, 0, 9), mask: octets() }],
      },
    ],
    new Vacm([], [], []),
  )
  const hears = async (community: string, address: string): Promise<boolean> =>
    (await ask({ type: 'getRequest', varbinds: [] }, { community, address })) !== undefined
  assert.deepEqual(
    [await hears('tagged', '192.0.2.99'), await hears('tagged', '192.0.3.99'), await hears('tagged', '::1')],
    [true, false, false],
  )
  assert.deepEqual([await hears('exact', '192.0.2.7'), await hears('exact', '192.0.2.8')], [true, false])
})

test('a GET whose answer does not fit is tooBig with no varbinds, and in version 1 with those of the request', async () => {
  const { ask } = testEngine(modules(), all, all, { maxMessageSize: 484 })
  const varbinds = Array.from({ length: 19 }, () => name('1.1.2.1'))
  const v2c = await ask({ type: 'getRequest', varbinds: varbinds })
  assert.deepEqual([v2c?.errorStatus, v2c?.errorIndex, v2c?.varbinds.length], [1, 0, 0])
  const v1 = await ask({ type: 'getRequest', varbinds: varbinds }, { version: 'v1' })
  assert.deepEqual([v1?.errorStatus, v1?.varbinds.length], [1, 19])
})

test('version 1 knows no Counter64: GET says noSuchName, GETNEXT goes past', async () => {
  const { ask } = testEngine(modules(), all)
  const got = await ask({ type: 'getRequest', varbinds: [name('1.1.2.1'), name('1.1.3.1')] }, { version: 'v1' })
  assert.deepEqual([got?.errorStatus, got?.errorIndex], [2, 2])
  const next = await ask({ type: 'getNextRequest', varbinds: [name('1.1.2.3')] }, { version: 'v1' })
  assert.deepEqual(
    shown(next).map((line) => line.split(' ')[0]),
    ['1.1.4.2'],
  )
})

test('version 1 names the first variable to who has no rights at all, for each request (RFC 1157 §4.1.5)', async () => {
  const { ask } = testEngine(modules(), all)
  const varbinds = [name('2.1.0'), name('2.1.0')]
  for (const [type, community] of [
    ['setRequest', 'public'], // it may read
    ['setRequest', 'nogroup'],
    ['getRequest', 'nogroup'],
    ['getNextRequest', 'nogroup'],
  ] as const) {
    const v1 = await ask({ type, varbinds }, { version: 'v1', community })
    assert.deepEqual([v1?.errorStatus, v1?.errorIndex], [2, 1], `${type} ${community}`)
    const v2c = await ask({ type, varbinds }, { community })
    assert.deepEqual([v2c?.errorStatus, v2c?.errorIndex], [16, 0], `${type} ${community}`)
  }
})

test('what is not in the view is as if it were not there', async () => {
  const { ask } = testEngine(modules(), {
    included: [oid(`${root}.1.1.2.2`), oid(`${root}.2`)],
    excluded: [oid(`${root}.2.2`)],
  })
  const got = await ask({ type: 'getRequest', varbinds: [name('1.1.2.1'), name('2.2.0')] })
  assert.deepEqual(shown(got), ['1.1.2.1 noSuchObject', '2.2.0 noSuchObject'])
  const walked = await ask({ type: 'getBulkRequest', nonRepeaters: 0, maxRepetitions: 10, varbinds: [name('1')] })
  assert.deepEqual(
    shown(walked).map((line) => line.split(' ')[0]),
    ['1.1.2.2', '2.1.0', '2.1.0'],
  )
})

test('a SET over two modules whose second fails at commit leaves the first as it was', async () => {
  const { ask } = testEngine(modules(), all)
  const answer = await ask({ type: 'setRequest', varbinds: [text('1.1.2.1', 'changed'), text('2.1.0', 'refuse')] })
  assert.deepEqual([answer?.errorStatus, answer?.errorIndex], [14, 2])
  const after = await ask({ type: 'getRequest', varbinds: [name('1.1.2.1'), name('2.1.0')] })
  assert.deepEqual(shown(after), ['1.1.2.1 led 1', '2.1.0 cellar'])
})

test('a SET over two modules whose second fails its test commits nothing', async () => {
  const { ask } = testEngine(modules(), all)
  const answer = await ask({
    type: 'setRequest',
    varbinds: [text('1.1.2.1', 'changed'), text('2.1.0', 'x'.repeat(41))],
  })
  assert.deepEqual([answer?.errorStatus, answer?.errorIndex], [8, 2])
  assert.deepEqual(shown(await ask({ type: 'getRequest', varbinds: [name('1.1.2.1')] })), ['1.1.2.1 led 1'])
})

test('a handler with a bug costs its own request a genErr', async () => {
  const { ask } = testEngine(modules(), all)
  assert.equal((await ask({ type: 'getRequest', varbinds: [name('2.2.0')] }))?.errorStatus, 5)
  assert.equal((await ask({ type: 'getRequest', varbinds: [name('2.1.0')] }))?.errorStatus, 0)
})

test('principals without a group or a write view are refused, unknown communities hear nothing', async () => {
  const told: string[] = []
  const { ask, engine } = testEngine(modules(), all, all, {
    onAuthenticationFailure: ({ address }) => told.push(address),
  })
  assert.equal(
    (await ask({ type: 'getRequest', varbinds: [name('2.1.0')] }, { community: 'nogroup' }))?.errorStatus,
    16,
  )
  assert.equal(
    (await ask({ type: 'setRequest', varbinds: [text('2.1.0', 'x')] }, { community: 'public' }))?.errorStatus,
    16,
  )
  assert.equal(await ask({ type: 'getRequest', varbinds: [name('2.1.0')] }, { community: 'guess' }), undefined)
  assert.equal(await ask({ type: 'getRequest', varbinds: [name('2.1.0')] }, { community: 'publi' }), undefined)
  assert.equal(engine.statistics.snmpInBadCommunityNames, 2)
  assert.equal(engine.statistics.snmpInBadCommunityUses, 1)
  assert.deepEqual(told, ['127.0.0.1', '127.0.0.1'])
})

test('octets that are no message are counted, and a whole message with more behind it is none', async () => {
  const { send, ask, engine } = testEngine(modules(), all)
  for (const bytes of [[], [0], [0x30, 0x80], [0x30, 0x03, 2, 1, 1], [0x30, 0x03, 2, 1, 9]]) {
    assert.equal(await send(Uint8Array.from(bytes)), undefined)
  }
  assert.equal(engine.statistics.snmpInASNParseErrs, 4)
  assert.equal(engine.statistics.snmpInBadVersions, 1)
  assert.ok(await ask({ type: 'getRequest', varbinds: [] }), 'an empty list has an empty answer')
  const many = await ask({ type: 'getRequest', varbinds: Array.from({ length: 300 }, () => name('2.1.0')) })
  assert.equal(many?.varbinds.length, 300)
})
