import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BerWriter } from '../../lib/ber/writer.ts'
import { column, defineTable } from '../../lib/mib/declare.ts'
import { serve } from '../../lib/mib/module.ts'
import { serveOnDemand } from '../../lib/mib/on-demand.ts'
import type { ServedObject } from '../../lib/mib/subtree.ts'
import { integer32, octetString } from '../../lib/mib/syntax.ts'

const definition = defineTable({
  name: 'exampleTable',
  oid: '1.3.6.1.4.1.32473.99.1',
  index: { first: column(1, integer32(0, 9)), second: column(2, octetString(), 'not-accessible') },
  columns: {
    value: column(3, integer32()),
    note: column(5, integer32(), 'read-only', { presence: 'maybe' }),
    age: column(4, integer32(), 'read-only', { presence: 'live' }),
  },
})
const live = { age: ({ value }: { readonly value: number }) => value * 2 }
const rows = [0, 3, 3, 7].map((first, at) => ({
  first,
  second: Uint8Array.of(...Array(at).keys()),
  value: 100_000 + at,
  note: at % 2 === 0 ? undefined : at,
}))

/** All that can be asked of an object, with the answers of one that keeps its rows. */
function answers(object: ServedObject, ids: readonly number[]): unknown[] {
  const given = [9, ...ids, 9]
  const found = [object.find(given, 1, ids.length), object.after(given, 1, ids.length)]
  return [...found, ...found.filter((at) => at >= 0).map((at) => describe(object, at))]
}

function describe(object: ServedObject, at: number): unknown[] {
  const out = new BerWriter()
  const isWritten = object.write(at, out, 1000)
  return [isWritten, out.written().toString('hex'), object.valueAt(at), object.nameOf(at), object.next(at)]
}

test('a table whose rows are made on demand answers as one that keeps them, before and after it has other rows', () => {
  const kept = serve(definition, { live }).table
  const made = serveOnDemand(definition, live).table
  for (const present of [[], rows, rows.slice(1, 3)]) {
    kept.replaceAll(present)
    made.source = { size: present.length, rowAt: (at) => present[at]! }
    assert.deepEqual([...made.rows()], [...kept.rows()])
    const questions = [[], [0], [0, 0], [3], [3, 1, 0], [3, 1, 1], [3, 2, 0, 1], [3, 2, 0, 1, 5], [7, 3, 0, 1, 2], [8]]
    // Each twice: an object remembers where the last search ended.
    for (const ids of [...questions, ...questions.toReversed()]) {
      for (const [at, object] of kept.objects.entries()) {
        // What is written is the same varbind, whatever octets its length takes.
        assert.deepEqual(shape(answers(made.objects[at]!, ids)), shape(answers(object, ids)), `${ids}`)
      }
      assert.deepEqual(made.getAny(ids), kept.getAny(ids))
    }
  }
})

test('a varbind that does not fit is not written at all', () => {
  const { table } = serveOnDemand(definition, live)
  table.source = { size: rows.length, rowAt: (at) => rows[at]! }
  const out = new BerWriter()
  assert.equal(table.objects[0]!.write(0, out, 10), false)
  assert.equal(out.position, 0)
})

test('nobody but the owner of the rows changes them', () => {
  const { table } = serveOnDemand(definition, live)
  assert.throws(() => table.put(rows[0]!), /made on demand/)
  assert.throws(() => table.delete(rows[0]!), /made on demand/)
})

/** The length of the varbind may take one octet or three (X.690 §8.1.3): without it. */
function shape(found: unknown[]): unknown[] {
  return found.map((one) =>
    Array.isArray(one)
      ? one.map((part) => (typeof part === 'string' ? part.replace(/^30(82....|..)/, '') : part))
      : one,
  )
}
