/** What is SET comes back from the file as the same octets, for every declared table and every value its syntax allows. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import { defineCommunityTable } from '../../agent/internal/access-tables.ts'
import { defineUsmUserTable } from '../../agent/internal/usm-users.ts'
import { declaredDefinitions, declaredNames } from '../../catalogue.ts'
import { formatComplaint } from '../../lib/cnf/complaint.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import { anyDefinition, type BoundColumn, type Definition } from '../../lib/mib/declare.ts'
import { withDependents } from '../../lib/mib/dependents.ts'
import { waitingColumns } from '../../lib/mib/entry-types.ts'
import { instanceOf } from '../../lib/mib/instance.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import type { AnyRow } from '../../lib/mib/served.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'

let folder: string
before(() => {
  // Every write waits for the disk, and there are thousands: memory is as good for this.
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'round-trip-'))
})
after(() => rm(folder, { recursive: true, force: true }))

const engineId = Buffer.from('80007ed905a1b2c3d4', 'hex')
/** The engine's own engineID is known only where there is an engine. */
const ownEngine = [defineUsmUserTable(engineId), defineCommunityTable(engineId)].map(anyDefinition)
const kept = declaredDefinitions
  .map((one) => ownEngine.find(({ name }) => name === one.name) ?? one)
  .filter(({ cnf }) => cnf.length > 0)

/** Words that a file might take for something else. */
const hard = [
  ...['-', '?', '"', '\\', '#', '42', '42u', '0u', 'u', 'fd', 'f0', 'zz', '0xfd', 'ab:cd', '61:62', 'FD', ' ', 'a b'],
  ...['\\x{fd}', '\\u{a}', '"?"', 'deleted', 'localSnmpID', 'none', 'never', 'sysDescr.0', '1.3.6', 'true', '\ufeff'],
  ...['\n', '\r', '\r\n', '\0', '\x7f', 'é', 'a\u0085b\u2028', 'büro', '127.0.0.1:162', '\\'],
].map((text) => Buffer.from(text))
const octets = fc.oneof(
  fc.constantFrom(...hard),
  fc.uint8Array({ maxLength: 2 }),
  fc.uint8Array({ maxLength: 70 }),
  fc.string({ maxLength: 64 }).map((text) => Buffer.from(text)),
  fc.uint8Array({ minLength: 250, maxLength: 1100 }),
)
const subIdentifier = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 0xffff_ffff }))

/** Any value of the wire for a column, its ends among them; what the syntax then refuses is not for this test. */
function wire({ syntax }: BoundColumn): fc.Arbitrary<SnmpValue> {
  const { base } = syntax
  if (base === 'Integer32' || base === 'Gauge32' || base === 'TimeTicks' || base === 'Counter32') {
    if (syntax.named) return fc.constantFrom(...Object.values(syntax.named)).map((value) => ({ type: base, value }))
    const [low, high] = base === 'Integer32' ? [-0x8000_0000, 0x7fff_ffff] : [0, 0xffff_ffff]
    const ranges = syntax.ranges.length > 0 ? syntax.ranges : [[low, high] as const]
    return fc
      .oneof(...ranges.map(([min, max]) => fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max))))
      .map((value) => ({ type: base, value }))
  }
  if (base === 'ObjectIdentifier') {
    const any = fc
      .tuple(fc.nat(2), fc.nat(39), fc.array(subIdentifier, { maxLength: 20 }))
      .map(([first, second, rest]) => [first, second, ...rest])
    return fc
      .oneof(
        any,
        fc.constantFrom(
          [0, 0],
          [1, 3, 6, 1, 2, 1],
          [1, 3, 6, 1, 6, 3, 10, 1, 1, 5],
          [1, 3, 6, 1, 6, 3, 10, 1, 2, 1],
          [1, 3, 6, 1, 6, 1, 1],
        ),
      )
      .map((value) => ({ type: base, value }))
  }
  if (base === 'Counter64') throw new Error('no file holds a counter')
  if (syntax.name === 'BITS')
    return fc.subarray(Object.keys(syntax.named!)).map((labels) => syntax.toSnmp(new Set(labels)))
  if (syntax.name === 'DateAndTime') return moments.map((parts) => ({ type: base, value: Uint8Array.from(parts) }))
  return octets.map((value) => ({ type: base, value }))
}

/** DateAndTime, with an offset from UTC or without; of a year that is not there, or a day that its month lacks, too. */
const moments = fc
  .tuple(
    ...[255, 255, 13, 31, 23, 59, 60, 9].map((max) => fc.nat(max)),
    fc.constantFrom([], [0x2b, 0, 0], [0x2d, 5, 30], [0x2b, 14, 0]),
  )
  .map((parts) => parts.flat())

function value(column: BoundColumn): fc.Arbitrary<unknown> {
  const decoded = wire(column).map((one) => column.syntax.fromSnmp(one))
  return decoded.filter((one): one is { readonly value: unknown } => 'value' in one).map((one) => one.value)
}

/** Index parts and columns of a row that its lines have. */
function fields(definition: Definition): string[] {
  return [...new Set([definition, ...definition.dependents].flatMap(({ cnf }) => cnf))]
}

function row(definition: Definition): fc.Arbitrary<AnyRow> {
  const { columns, statusColumn, storageColumn } = definition
  const values = Object.fromEntries(waitingColumns(definition).map((name) => [name, value(columns[name]!)]))
  return fc.record(values).map((given) => ({
    ...given,
    ...(statusColumn === undefined ? {} : { [statusColumn]: 'active' }),
    ...(storageColumn === undefined ? {} : { [storageColumn]: 'nonVolatile' }),
  }))
}

/** A home's three files for one table, and the table as it is after a start with them. */
async function open(definition: Definition) {
  const served = serve(definition)
  if (definition.kind === 'scalars') served.table.putAny({})
  const path = (kind: string): string => join(folder, `${definition.name}.${kind}`)
  const file = new ConfigFile([anyServing(served)], {
    ...{ path: path('cnf'), overlayPath: path('overlay'), waitingPath: path('waiting') },
    resolveName: (name) => declaredNames.resolve(name),
  })
  assert.deepEqual((await file.load()).map(formatComplaint), [], await readFile(path('cnf'), 'utf8'))
  return { table: served.table, file, path }
}

/** What a manager would read, secrets included. */
function octetsOf(definition: Definition, names: readonly string[], row: AnyRow | undefined): string[] | undefined {
  return (
    row &&
    names.map((name) => `${name} ${row[name] === undefined ? 'absent' : inWords(definition.columns[name]!, row[name])}`)
  )
}

function inWords({ syntax }: BoundColumn, value: unknown): string {
  const encoded = syntax.toSnmp(value)
  return 'value' in encoded && typeof encoded.value === 'object'
    ? [...encoded.value].join('.')
    : String((encoded as { value?: unknown }).value)
}

test('whatever may be SET in a table that has a file has a field there', () => {
  const lost = kept.flatMap((definition) =>
    Object.values(definition.columns)
      .filter(({ access }) => access === 'read-write' || access === 'read-create')
      // The status is what the line's place says; what reads as always the same, or is made at each read, is an action.
      .filter(
        ({ name, readsAs, presence }) =>
          name !== definition.statusColumn && readsAs === undefined && presence !== 'live',
      )
      .filter(({ name }) => !fields(definition).includes(name))
      .map(({ name }) => name),
  )
  // smLaunchStart starts a run (RFC 3165): set to a number, it reads as before. smScriptSource is never writable here.
  assert.deepEqual(lost.sort(), ['smLaunchStart', 'smScriptSource'])
})

test('what getone prints of a column that may be SET, setany takes as the same octets', () => {
  for (const { columns } of declaredDefinitions) {
    for (const column of Object.values(columns)) {
      if (column.access !== 'read-write' && column.access !== 'read-create') continue
      const { syntax } = column
      fc.assert(
        fc.property(value(column), (one) => {
          const typed = syntax.parse(syntax.format(one))
          assert.ok(typed !== undefined, `${column.name} = ${JSON.stringify(syntax.format(one))}`)
          assert.equal(inWords(column, typed), inWords(column, one), column.name)
        }),
        { numRuns: 25 },
      )
    }
  }
})

const runs = { numRuns: 20 }

for (const definition of kept) {
  const { name, statusColumn } = definition

  test(`whatever is SET in ${name} comes back from its file, and from the overlay`, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(row(definition), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (made, isEdited) => {
          for (const kind of ['overlay', 'waiting']) await rm(join(folder, `${name}.${kind}`), { force: true })
          await writeFile(join(folder, `${name}.cnf`), '# B\xfcro\r\n', 'latin1')
          const first = await open(definition)
          if (isEdited) await writeFile(first.path('cnf'), '# edited\n')
          const rows = new Map<string, AnyRow>()
          for (const one of made) {
            const after = withDependents(definition, one)
            const at = definition.kind === 'scalars' ? [0] : instanceOf(definition, after)
            await first.file.persist([{ definition, before: first.table.getAny(at), after }])
            first.table.putAny(after)
            rows.set(at.join('.'), after)
          }
          const second = await open(definition)
          assert.equal(second.table.size, rows.size)
          for (const [at, before] of rows) {
            const names = fields(definition).filter((field) => before[field] !== undefined)
            const found = second.table.getAny(at.split('.').map(Number))
            assert.deepEqual(octetsOf(definition, names, found), octetsOf(definition, names, before))
          }
          if (definition.kind === 'scalars') return
          // And a row that goes, goes: its key in a file, or in a `deleted` line of the overlay, is the row's.
          const [gone] = rows.values()
          await writeFile(second.path('cnf'), `${await readFile(second.path('cnf'), 'latin1')}# edited\n`, 'latin1')
          await second.file.persist([{ definition, before: gone, after: undefined }])
          assert.equal((await open(definition)).table.size, rows.size - 1)
        },
      ),
      runs,
    )
  })

  if (definition.kind === 'scalars' || statusColumn === undefined || definition.cnf.includes(statusColumn)) continue
  test(`whatever a row of ${name} has while it waits comes back, and what it has not yet does not`, async () => {
    const names = waitingColumns(definition)
    const isDue = fc.array(fc.boolean(), { minLength: names.length, maxLength: names.length })
    await fc.assert(
      fc.asyncProperty(row(definition), isDue, async (whole, due) => {
        // A row that the test before left in the overlay may have the same index.
        for (const kind of ['overlay', 'waiting']) await rm(join(folder, `${name}.${kind}`), { force: true })
        await writeFile(join(folder, `${name}.cnf`), '')
        const { file } = await open(definition)
        const isThere = (field: string, i: number): boolean =>
          field in definition.index ||
          field === definition.storageColumn ||
          definition.columns[field]!.defaultValue !== undefined ||
          due[i] === true
        const present = names.filter(isThere)
        const waits = {
          ...Object.fromEntries(present.map((field) => [field, whole[field]])),
          [statusColumn]: 'notReady',
        }
        await file.persist([{ definition, before: undefined, after: waits }])
        const found = (await open(definition)).table.getAny(instanceOf(definition, waits))
        assert.deepEqual(octetsOf(definition, names, found), octetsOf(definition, names, waits))
      }),
      runs,
    )
  })
}
