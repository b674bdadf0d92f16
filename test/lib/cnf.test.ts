import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { chmod, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { internalModules } from '../../agent/internal/index.ts'
import { formatComplaint } from '../../lib/cnf/complaint.ts'
import { lex, quote } from '../../lib/cnf/lex.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import { column, defineScalars, defineTable } from '../../lib/mib/declare.ts'
import { anyServing, serve } from '../../lib/mib/module.ts'
import {
  bits,
  enumeration,
  integer32,
  objectIdentifier,
  rowStatus,
  storageType,
  text,
  truthValue,
} from '../../lib/mib/syntax.ts'
import { programRoot } from '../../lib/program-root.ts'
import { Statistics } from '../../snmp/engine/statistics.ts'
import { critappModule } from '../../subagents/critapp/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cnf-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const lampTable = defineTable({
  name: 'lampTable',
  oid: '1.3.6.1.4.1.32473.99.7',
  index: { lampIndex: column(1, integer32(1, 100), 'not-accessible') },
  columns: {
    lampName: column(2, text(0, 40), 'read-create'),
    lampColour: column(3, enumeration({ red: 1, green: 2 }), 'read-create'),
    lampTests: column(4, bits({ existence: 0, boolean: 1, threshold: 2 }), 'read-create'),
    lampSees: column(5, objectIdentifier(), 'read-create'),
    lampOn: column(6, truthValue(), 'read-create', { defaultValue: true }),
    lampStorage: column(7, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    lampStatus: column(8, rowStatus(), 'read-create'),
  },
  cnf: ['lampIndex', 'lampName', 'lampColour', 'lampTests', 'lampSees', 'lampOn'],
})
const lampScalars = defineScalars({
  name: 'lamps',
  oid: '1.3.6.1.4.1.32473.99.8',
  objects: { lampsDim: column(1, integer32(0, 9), 'read-write') },
  cnf: ['lampsDim'],
})

async function lamps(content: string, secret = false) {
  const path = join(folder, 'lamp.cnf')
  const overlayPath = join(folder, 'data', 'lamp.cnf')
  await writeFile(path, content, { mode: 0o600 })
  const reload = () => {
    const table = serve(lampTable)
    const scalars = serve(lampScalars)
    scalars.table.put({ lampsDim: 0 })
    const file = new ConfigFile([anyServing(table), anyServing(scalars)], {
      path,
      overlayPath,
      secret,
      resolveName: (name) => (name === 'sysDescr.0' ? [1, 3, 6, 1, 2, 1, 1, 1, 0] : undefined),
    })
    return { table: table.table, scalars: scalars.table, file }
  }
  return { ...reload(), path, overlayPath, reload }
}

const row = {
  lampIndex: 1,
  lampName: 'hall light',
  lampColour: 'red',
  lampTests: new Set(['threshold'] as const),
  lampSees: [1, 3, 6],
  lampOn: false,
  lampStorage: 'nonVolatile',
  lampStatus: 'active',
} as const

test('words, quotes, escapes, comments, continued lines and - for an empty string are read', () => {
  const { lines, complaints } = lex('# nothing\na "b c" \\\n  "d\\"e\\\\" - # rest\n\n"-"\n', 'x.cnf')
  assert.deepEqual(complaints, [])
  assert.deepEqual(
    lines.map(({ tokens }) => tokens.map((token) => token.text)),
    [['a', 'b c', 'd"e\\', ''], ['-']],
  )
  assert.deepEqual(
    lines[0]?.tokens.map(({ line, column }) => `${line}:${column}`),
    ['2:1', '2:3', '3:3', '3:12'],
  )
})

test('whatever is quoted is read back the same', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constant('\n\r\0\\u{a}')), { minLength: 1 }),
      (words) => {
        const { lines } = lex(words.map(quote).join(' '), 'x.cnf')
        assert.deepEqual(
          lines[0]?.tokens.map((token) => token.text),
          words,
        )
      },
    ),
  )
})

test('an entry becomes an active row, by names, numbers, hex bits and OIDs of either kind', async () => {
  const { table, scalars, file } = await lamps(
    'lampEntry 1 "hall light" 1 20 iso.3.6 2\nlampEntry 2u - green 80 sysDescr.0\nlampsDim 7\n',
  )
  assert.deepEqual(await file.load(), [])
  assert.deepEqual(table.get({ lampIndex: 1 }), row)
  assert.deepEqual(table.get({ lampIndex: 2 })?.lampSees, [1, 3, 6, 1, 2, 1, 1, 1, 0])
  assert.equal(table.get({ lampIndex: 2 })?.lampOn, true)
  assert.equal(scalars.get({})?.lampsDim, 7)
})

test('all complaints come at once, each with file, line, column and what was expected', async () => {
  const { table, file } = await lamps(
    'lampEntry 1 x red 80 1.3\nlampEntry 1 y red 80 1.3\nlampEntri 3\nlampEntry 200 x blue zz nowhere\nlampEntry 5 "open\nlampEntry 6 x red 80 1.3 true extra\nlampsDim\n',
  )
  assert.deepEqual((await file.load()).map(formatComplaint), [
    'lamp.cnf:5:13: the string that starts here has no closing quote',
    'lamp.cnf:2:1: lampEntry 1 is there already, in line 1',
    'lamp.cnf:3:1: unknown entry "lampEntri"; did you mean lampEntry?',
    'lamp.cnf:4:11: lampIndex must be a number within 1 to 100, got "200"',
    'lamp.cnf:4:17: lampColour must be red(1) or green(2), got "blue"',
    'lamp.cnf:4:22: lampTests must be bits in hexadecimal, such as 80, got "zz"',
    'lamp.cnf:4:25: lampSees must be an object identifier such as 1.3.6.1 or a name that is served here, got "nowhere"',
    'lamp.cnf:5:11: lampEntry ends before its field 2, lampName',
    'lamp.cnf:6:31: lampEntry has 6 fields; this one is too many',
    'lamp.cnf:7:1: lampsDim ends before its field 1, lampsDim',
  ])
  assert.equal(table.size, 0, 'nothing of a broken file is taken')
})

test('changes go back into the file, comments and all, and come back the same', async () => {
  const { table, file, path, reload } = await lamps(
    '# my lamps\nlampEntry 1 x red 80 \\\n  1.3 # the first\nlampEntry 2 y red 80 1.3\n# the end\nlampsDim 1\n',
  )
  await file.load()
  const before = table.get({ lampIndex: 1 })
  await file.persist([
    { definition: table.definition, before, after: row },
    { definition: table.definition, before: table.get({ lampIndex: 2 }), after: undefined },
    { definition: table.definition, before: undefined, after: { ...row, lampIndex: 9, lampName: 'a "b"' } },
    { definition: table.definition, before: undefined, after: { ...row, lampIndex: 10, lampStorage: 'volatile' } },
  ])
  assert.equal(
    await readFile(path, 'utf8'),
    '# my lamps\nlampEntry 1 "hall light" red 20 1.3.6 false\nlampEntry 9 "a \\"b\\"" red 20 1.3.6 false\n# the end\nlampsDim 1\n',
  )
  const again = reload()
  assert.deepEqual(await again.file.load(), [])
  assert.deepEqual(again.table.get({ lampIndex: 1 }), row)
  assert.equal(again.table.get({ lampIndex: 9 })?.lampName, 'a "b"')
  assert.equal(again.table.size, 2)
})

test('a file that a person changed meanwhile is left alone: the change goes to the overlay, which is read after it', async () => {
  const { table, scalars, file, path, reload } = await lamps('lampEntry 1 x red 80 1.3\nlampEntry 2 y red 80 1.3\n')
  await file.load()
  const edited = 'lampEntry 1 x green 80 1.3 # edited\nlampEntry 2 y red 80 1.3\n'
  await writeFile(path, edited)
  await file.persist([
    { definition: table.definition, before: table.get({ lampIndex: 1 }), after: row },
    { definition: table.definition, before: table.get({ lampIndex: 2 }), after: undefined },
    { definition: scalars.definition, before: { lampsDim: 0 }, after: { lampsDim: 3 } },
  ])
  assert.equal(await readFile(path, 'utf8'), edited)
  const again = reload()
  assert.deepEqual(await again.file.load(), [])
  assert.equal(again.file.overlayInUse, true)
  assert.deepEqual([...again.table.rows()], [row])
  assert.equal(again.scalars.get({})?.lampsDim, 3)
})

test('a file with secrets that others can read is refused, with the command that mends it', async () => {
  const { file, path } = await lamps('lampsDim 1\n', true)
  await chmod(path, 0o644)
  const complaints = await file.load()
  assert.match(complaints[0]?.message ?? '', /others can read; run: chmod 600 /)
})

test("the ancestor's printed entries load as they mean", async () => {
  const statistics = new Statistics()
  const internal = internalModules({ statistics })
  const critapp = critappModule(resolveHome(folder), async () => 200)
  const seed = (name: string) => ({
    path: join(programRoot, 'test/fixtures/seed', name),
    overlayPath: join(folder, name),
  })
  assert.deepEqual(
    await new ConfigFile(
      internal.modules.flatMap(({ configured }) => configured),
      seed('snmpd.cnf'),
    ).load(),
    [],
  )
  assert.deepEqual(await new ConfigFile(critapp.configured, seed('critagt.cnf')).load(), [])
  assert.deepEqual(
    internal.communities().map(({ name, securityName }) => [Buffer.from(name).toString(), securityName]),
    [['cspsAdmin', 'proxySec']],
  )
  const [processes] = critapp.configured
  const rows = [...processes!.table.rows()] as Record<string, unknown>[]
  assert.deepEqual(
    rows.map((one) => one.critAppProcName),
    ['sipd', 'spa', 'pserver', 'licenseMgr', 'mysqld'],
  )
  assert.deepEqual(
    [
      rows[0]!.critAppAdminStatus,
      rows[0]!.critAppRestartOnExit,
      rows[0]!.critAppRestartInterval,
      rows[4]!.critAppStartCommand,
    ],
    ['down', false, 3000, '/etc/init.d/mysql start'],
  )
})
