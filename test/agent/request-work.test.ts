import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { read } from '../../agent/dispatch/read.ts'
import { RemoteWalk } from '../../agent/dispatch/remote-walk.ts'
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { column, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import { Registry } from '../../lib/mib/registry.ts'
import { search } from '../../lib/mib/subtree.ts'
import { integer32 } from '../../lib/mib/syntax.ts'
import { View } from '../../lib/mib/view.ts'
import { type Oid, oid } from '../../lib/smi/oid.ts'
import { nullValue } from '../../lib/smi/value.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { Request } from '../../snmp/message/request.ts'

const root = '1.3.6.1.4.1.32473.99.1'
const rows = 20_000
/** Enough for one row after the other to be passed, and for many names not to be. */
const bound = 100_000

const table = defineTable({
  name: 'rowTable',
  oid: root,
  index: { row: column(1, integer32(1), 'not-accessible') },
  columns: { shown: column(2, integer32()), sparse: column(3, integer32(), 'read-only', { presence: 'maybe' }) },
})
const served = serve(table)
for (let row = 1; row <= rows; row++) served.table.put({ row, shown: row, ...(row === rows ? { sparse: row } : {}) })
const registry = new Registry()
registry.register(
  new ModuleBackend({ name: 'rows', description: '', oid: [1], tables: [anyServing(served)] }, { log: silentLog }),
)

const family = (subtree: string) => ({ subtree: oid(subtree), mask: new Uint8Array(0), included: true })
/** A view that has the last row of a column alone, as a row mask would leave it. */
const lastRow = new View([family(`${root}.1.2.${rows}`)])
const everything = new View([family('1.3')])

type Type = 'getNextRequest' | 'getBulkRequest'

/** What a request for these names comes to, how many varbinds it got, and what it passed over. */
function ask(type: Type, names: readonly Oid[], view: View, maxRepetitions = 0) {
  const request = new Request()
  const varbinds = names.map((name) => ({ name, value: nullValue }))
  const bytes = encodeRequest('v2c', 'x', { type, requestId: 1, varbinds, nonRepeaters: 0, maxRepetitions })
  const reader = new BerReader().reset(bytes)
  reader.enter(tag.sequence)
  reader.integer32()
  reader.octets()
  request.readPdu(reader)
  const out = new BerWriter()
  const failure = read(registry, request, { view, isV1: false, limit: 65_507 }, out)
  const answer = new BerReader().reset(out.written())
  let answered = 0
  for (; answer.position < out.position; answered++) {
    const end = answer.enter(tag.sequence)
    answer.position = answer.limit
    answer.leave(end)
  }
  return { failure, answered, passed: search.passed }
}

const many = (suffix: string): Oid[] => Array.from({ length: 2000 }, () => oid(`${root}.${suffix}`))

test('one name is answered however many rows its view hides before the next one, so that every walk comes to its end', () => {
  assert.deepEqual(ask('getNextRequest', [oid(root)], lastRow), { failure: undefined, answered: 1, passed: rows - 1 })
})

for (const [what, view, suffix] of [
  ['rows that its view hides', lastRow, '1.2'],
  ['rows that have no value', everything, '1.3'],
] as const) {
  test(`a GETNEXT of 2,000 names that each lie before 20,000 ${what} is a genErr after a few of them (RFC 3416 §4.2.2)`, () => {
    const { failure, answered, passed } = ask('getNextRequest', many(suffix), view)
    assert.ok(passed < bound, `${passed} passed over`)
    assert.ok(answered > 0 && answered < 10)
    assert.deepEqual(failure, { status: 'genErr', position: answered + 1 })
  })

  test(`a GETBULK of 2,000 names that each lie before 20,000 ${what} is a genErr before its first repetition is whole`, () => {
    const { failure, passed } = ask('getBulkRequest', many(suffix), view, 10)
    assert.ok(passed < bound, `${passed} passed over`)
    assert.ok(failure && 'status' in failure && failure.status === 'genErr')
  })
}

test('a GETBULK that has its first repetition ends without error where the next ones would take too long (RFC 3416 §4.2.3)', () => {
  // Each of the three stands before its column's last row, and goes through all rows of the next column after it.
  const names = Array.from({ length: 3 }, () => oid(`${root}.1.2.${rows - 1}`))
  const both = new View([family(`${root}.1.2.${rows}`), family(`${root}.1.3.${rows}`)])
  const { failure, answered, passed } = ask('getBulkRequest', [...names, ...names], both, 50)
  assert.equal(failure, undefined)
  assert.ok(answered >= 6 && answered < 12, `${answered} varbinds`)
  assert.ok(passed < bound)
})

test('the same bounds hold where a part of the answer comes from a subagent', async () => {
  const rules = { view: lastRow, isV1: false, limit: 65_507 }
  const answer = await new RemoteWalk(registry, many('1.2'), rules).finish()
  assert.ok('status' in answer && answer.status === 'genErr')
  assert.ok(search.passed < bound)
  const one = await new RemoteWalk(registry, [oid(root)], rules).finish()
  assert.ok(!('status' in one))
  const bulk = { nonRepeaters: 0, repetitions: 10 }
  const bulkAnswer = await new RemoteWalk(registry, many('1.2'), rules, bulk).finish()
  assert.ok('status' in bulkAnswer && search.passed < bound)
})

test('a view keeps no object or region for which it decided: what a subagent registers and gives up is gone', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const references = ((): WeakRef<object>[] =>
    Array.from({ length: 10 }, (_, i) => {
      const region = { oid: oid(`1.3.${i}`) }
      assert.equal(everything.decide(region), 'in')
      return new WeakRef(region)
    }))()
  await new Promise(setImmediate)
  collect()
  assert.deepEqual(
    references.map((reference) => reference.deref()),
    references.map(() => undefined),
  )
})
