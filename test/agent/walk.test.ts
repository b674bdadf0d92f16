import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { read } from '../../agent/dispatch/read.ts'
import { getBulk } from '../../agentx/search.ts'
import { BerReader } from '../../lib/ber/reader.ts'
import { tag } from '../../lib/ber/tags.ts'
import { BerWriter } from '../../lib/ber/writer.ts'
import { afterSubtree, Registry } from '../../lib/mib/registry.ts'
import type { NameRange, RemoteBackend } from '../../lib/mib/remote.ts'
import type { ServedObject } from '../../lib/mib/subtree.ts'
import { View } from '../../lib/mib/view.ts'
import { compareOid, formatOid, type Oid, startsWith } from '../../lib/smi/oid.ts'
import { nullValue, type Varbind } from '../../lib/smi/value.ts'
import { encodeRequest } from '../../snmp/manager/messages.ts'
import { Request } from '../../snmp/message/request.ts'

/** An object whose rows are numbers, and which counts how often it was read. */
function served(oid: Oid, rows: readonly number[]): ServedObject & { reads: number } {
  const value = { type: 'Integer32', value: 1 } as const
  return {
    base: 'Integer32',
    oid,
    reads: 0,
    find: (ids, from, length) => (length === 1 ? rows.indexOf(ids[from] ?? -1) : -1),
    after: (ids, from, length) => rows.findIndex((row) => length === 0 || row > (ids[from] ?? 0)),
    next: (position) => (position < rows.length ? position : -1),
    write(position, out) {
      this.reads++
      out.varbind(this.nameOf(position), value)
      return true
    },
    valueAt: () => value,
    nameOf: (position) => [...oid, rows[position] ?? 0],
  }
}

/** A backend of these names, sorted, as a subagent that keeps to RFC 2741. */
function elsewhere(names: readonly Oid[]): RemoteBackend {
  const next = ({ start, include, end }: NameRange): Varbind => {
    const name = names.find((one) => compareOid(one, start) >= (include ? 0 : 1) && compareOid(one, end) < 0)
    return name ? { name, value: { type: 'Integer32', value: 1 } } : { name: start, value: { type: 'endOfMibView' } }
  }
  return {
    name: 'elsewhere',
    get: async (asked) => asked.map((name) => ({ name, value: { type: 'noSuchObject' } })),
    getNext: async (ranges) => ranges.map(next),
    getBulk: async (ranges, nonRepeaters, maxRepetitions) => {
      const varbinds = ranges.slice(0, nonRepeaters).map(next)
      let repeaters = ranges.slice(nonRepeaters)
      for (let round = 0; round < maxRepetitions; round++) {
        const found = repeaters.map(next)
        varbinds.push(...found)
        repeaters = repeaters.map((range, i) => ({ ...range, start: found[i]!.name, include: false }))
      }
      return varbinds
    },
    prepareSet: () => {
      throw new Error('nothing is set here')
    },
  }
}

interface Part {
  readonly isRemote: boolean
  readonly rows: readonly number[]
}

const root = [1, 3, 6]
/** Parts of the tree, one after the other, each served here or elsewhere. */
function treeOf(parts: readonly Part[]) {
  const registry = new Registry()
  const objects = parts.map(({ rows }, i) => served([...root, i + 1], rows))
  const names = objects.flatMap(({ oid }, i) => parts[i]!.rows.map((row) => [...oid, row]))
  const backend = elsewhere(names.filter((name) => parts[name[3]! - 1]!.isRemote))
  registry.register({
    name: 'here',
    objects: objects.filter((_, i) => !parts[i]!.isRemote),
    prepareSet: backend.prepareSet,
  })
  for (const [i, { oid }] of objects.entries()) {
    if (parts[i]!.isRemote)
      registry.addRegion({
        oid,
        to: afterSubtree(oid),
        specificity: oid.length,
        priority: 127,
        timeoutMs: 1000,
        backend,
      })
  }
  return { registry, objects, names }
}

async function ask(registry: Registry, view: View, names: readonly Oid[], bulk?: readonly [number, number]) {
  const [nonRepeaters, maxRepetitions] = bulk ?? [0, 0]
  const type = bulk ? 'getBulkRequest' : 'getNextRequest'
  const varbinds = names.map((name) => ({ name, value: nullValue }))
  const reader = new BerReader().reset(
    encodeRequest('v2c', 'x', { type, requestId: 1, varbinds, nonRepeaters, maxRepetitions }),
  )
  reader.enter(tag.sequence)
  reader.integer32()
  reader.octets()
  const request = new Request()
  request.readPdu(reader)
  const out = new BerWriter()
  const outcome = read(registry, request, { view, isV1: false, limit: 65_507 }, out)
  if (!outcome) return decode(out.written())
  assert.ok('finish' in outcome)
  const answer = await outcome.finish()
  assert.ok(!('status' in answer))
  return decode(Buffer.concat(answer))
}

function decode(octets: Uint8Array): string[] {
  const reader = new BerReader().reset(octets)
  const varbinds: string[] = []
  while (reader.position < octets.length) {
    const outer = reader.enter(tag.sequence)
    const name = formatOid(reader.oid())
    varbinds.push(reader.value().type === 'endOfMibView' ? `${name} end` : name)
    reader.leave(outer)
  }
  return varbinds
}

/** RFC 3416 §4.2.3 over a plain list of what is seen. */
function expected(seen: readonly Oid[], names: readonly Oid[], nonRepeaters: number, repetitions: number): string[] {
  const step = (from: Oid): Oid | undefined => seen.find((name) => compareOid(name, from) > 0)
  const answer = names.slice(0, nonRepeaters).map((name) => {
    const next = step(name)
    return next ? formatOid(next) : `${formatOid(name)} end`
  })
  let places = names.slice(nonRepeaters)
  for (let round = 0; round < repetitions && places.length > 0; round++) {
    const found = places.map(step)
    answer.push(...found.map((next, i) => (next ? formatOid(next) : `${formatOid(places[i]!)} end`)))
    places = places.map((place, i) => found[i] ?? place)
    if (found.every((next) => next === undefined)) break
  }
  return answer
}

const part = fc.record({
  isRemote: fc.boolean(),
  rows: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 5 }).map((rows) => rows.toSorted((a, b) => a - b)),
})
const name = fc
  .tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: 0, max: 10 }), fc.integer({ min: 3, max: 5 }))
  .map(([object, row, length]) => [...root, object, row].slice(0, length))
const hidden = fc.array(
  name.filter(({ length }) => length > 3),
  { maxLength: 3 },
)

test('GETNEXT and GETBULK give the names of one sorted list, wherever its parts are served and whatever the view hides', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(part, { minLength: 1, maxLength: 6 }),
      fc.array(name, { minLength: 1, maxLength: 4 }),
      hidden,
      fc.integer({ min: 0, max: 4 }),
      fc.integer({ min: 0, max: 12 }),
      async (parts, asked, hiddenNames, nonRepeaters, repetitions) => {
        const { registry, names } = treeOf(parts)
        const family = (subtree: Oid, included: boolean) => ({ subtree, included, mask: new Uint8Array(0) })
        const view = new View([family(root, true), ...hiddenNames.map((subtree) => family(subtree, false))])
        const seen = names
          .filter((one) => !hiddenNames.some((subtree) => startsWith(one, subtree)))
          .toSorted(compareOid)
        assert.deepEqual(await ask(registry, view, asked), expected(seen, asked, asked.length, 0))
        const first = Math.min(nonRepeaters, asked.length)
        assert.deepEqual(
          await ask(registry, view, asked, [nonRepeaters, repetitions]),
          expected(seen, asked, first, repetitions),
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('a subagent finds in its ranges what a list of its names has', () => {
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      name,
      fc.boolean(),
      name,
      (parts, start, include, end) => {
        const { registry, names } = treeOf(parts.map((one) => ({ ...one, isRemote: false })))
        const within = names.filter((one) => compareOid(one, start) >= (include ? 0 : 1) && compareOid(one, end) < 0)
        const found = getBulk(registry, [{ start, include, end }], 0, 30).map((one) =>
          one.value.type === 'endOfMibView' ? `${formatOid(one.name)} end` : formatOid(one.name),
        )
        assert.deepEqual(found, [...within.map(formatOid), `${formatOid(within.at(-1) ?? start)} end`])
      },
    ),
  )
})

test('what a GETBULK read before it came to a region of a subagent is not read again', async () => {
  const { registry, objects } = treeOf([
    { isRemote: false, rows: [1, 2, 3] },
    { isRemote: true, rows: [1, 2] },
    { isRemote: false, rows: [1] },
  ])
  const view = new View([{ subtree: root, included: true, mask: new Uint8Array(0) }])
  const answer = await ask(registry, view, [root, [...root, 1, 1]], [1, 6])
  assert.deepEqual(answer, [
    '1.3.6.1.1',
    '1.3.6.1.2',
    '1.3.6.1.3',
    '1.3.6.2.1',
    '1.3.6.2.2',
    '1.3.6.3.1',
    '1.3.6.3.1 end',
  ])
  assert.deepEqual(
    objects.map(({ reads }) => reads),
    [3, 0, 1],
  )
})

test('the endOfMibView of a walk names what was asked, never an instance of a subagent that the view hides (RFC 3416 §4.2.2)', async () => {
  const { registry } = treeOf([{ isRemote: true, rows: [2] }])
  const family = (subtree: Oid, included: boolean) => ({ subtree, included, mask: new Uint8Array(0) })
  const view = new View([family(root, true), family([...root, 1, 2], false)])
  assert.deepEqual(await ask(registry, view, [root]), ['1.3.6 end'])
  assert.deepEqual(await ask(registry, view, [root], [0, 5]), ['1.3.6 end'])
})

test('a walk goes through a range of subtrees whose first one the view hides', async () => {
  const registry = new Registry()
  const names = [1, 2, 3].map((column) => [...root, column, 5])
  registry.addRegion({
    oid: [...root, 1],
    to: [...root, 4],
    specificity: 4,
    priority: 127,
    timeoutMs: 1000,
    backend: elsewhere(names),
  })
  const family = (subtree: Oid, included: boolean) => ({ subtree, included, mask: new Uint8Array(0) })
  const view = new View([family(root, true), family([...root, 1], false)])
  assert.deepEqual(await ask(registry, view, [root], [0, 5]), ['1.3.6.2.5', '1.3.6.3.5', '1.3.6.3.5 end'])
})
