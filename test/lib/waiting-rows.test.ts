import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, statSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { internalModules } from '../../agent/internal/index.ts'
import { formatComplaint } from '../../lib/cnf/complaint.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { ModuleBackend } from '../../lib/mib/backend.ts'
import { ConfigFile } from '../../lib/mib/config.ts'
import { type Column, column, type Definition, defineTable } from '../../lib/mib/declare.ts'
import type { ConfiguredModule } from '../../lib/mib/hosting.ts'
import { instanceOf } from '../../lib/mib/instance.ts'
import { anyServing, type Serving, serve } from '../../lib/mib/module.ts'
import type { AnyRow } from '../../lib/mib/served.ts'
import { enumeration, integer32, octetString, rowStatus, storageType, text } from '../../lib/mib/syntax.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { Statistics } from '../../snmp/engine/statistics.ts'
import { LocalV3 } from '../../snmp/local-v3.ts'
import { critappModule } from '../../subagents/critapp/index.ts'
import { logModule } from '../../subagents/log/index.ts'
import { scheduleModule } from '../../subagents/schedule/index.ts'
import { scriptModule } from '../../subagents/script/index.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waiting-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const bellTable = defineTable({
  name: 'bellTable',
  oid: '1.3.6.1.4.1.32473.99.9',
  index: { bellIndex: column(1, integer32(1, 100), 'not-accessible') },
  columns: {
    bellName: column(2, text(0, 40), 'read-create'),
    bellTone: column(3, enumeration({ low: 1, high: 2 }), 'read-create'),
    bellKey: column(4, octetString(0, 40), 'read-create', { secret: true, defaultValue: new Uint8Array(0) }),
    bellStorage: column(5, storageType(), 'read-create', { defaultValue: 'nonVolatile' }),
    bellStatus: column(6, rowStatus(), 'read-create'),
    bellRings: column(7, integer32(), 'read-only', { defaultValue: 0 }),
  },
  cnf: ['bellIndex', 'bellName', 'bellTone', 'bellKey', 'bellStorage'],
})
const bell = {
  bellIndex: 1,
  bellName: 'door',
  bellTone: 'low',
  bellKey: Buffer.alloc(0),
  bellStorage: 'nonVolatile',
  bellStatus: 'active',
  bellRings: 0,
} as const

const path = (): string => join(folder, 'conf', 'bell.cnf')
const waitingPath = (): string => join(folder, 'data', 'bell.waiting.cnf')

/** A daemon that starts: its table is empty but for what the files bring. */
async function bells(content?: string) {
  await mkdir(join(folder, 'conf'), { recursive: true })
  if (content !== undefined) await writeFile(path(), content, { mode: 0o600 })
  const { table } = serve(bellTable)
  const told: AnyRow[] = []
  const serving: Serving = anyServing({
    ...{ table, handlers: { commit: ({ after }: { after?: AnyRow }) => void (after && told.push(after)) } },
  } as never)
  const overlayPath = join(folder, 'data', 'bell.cnf')
  const file = new ConfigFile([serving], { path: path(), overlayPath, waitingPath: waitingPath() })
  const complaints = (await file.load()).map(formatComplaint)
  /** As a SET does: to the table, then to the files. */
  const set = async (after: AnyRow | undefined, index = 1): Promise<void> => {
    const before = table.getAny([index])
    if (after) table.putAny(after)
    else table.deleteAny([index])
    await file.persist([{ definition: table.definition, before, after }])
  }
  return { table, told, file, complaints, set, row: (index = 1) => table.getAny([index]) }
}

test('whatever a waiting row has comes back as it was, and what it has not is not there', async () => {
  const names = ['?', '"?"', '', '-', 'two\nlines\r\n', '\u0000\u007f\\u{a}', '#']
  const first = await bells('')
  for (const [i, bellName] of names.entries())
    await first.set({ ...bell, bellIndex: i + 1, bellName, bellStatus: 'notInService' }, i + 1)
  const { bellTone, ...toneless } = bell
  await first.set({ ...toneless, bellIndex: 50, bellStatus: 'notReady' }, 50)
  const second = await bells()
  assert.deepEqual(second.complaints, [])
  assert.deepEqual(
    names.map((_, i) => second.row(i + 1)?.bellName),
    names,
  )
  assert.equal(second.row(1)?.bellStatus, 'notInService')
  assert.deepEqual(second.row(50), { ...toneless, bellIndex: 50, bellStatus: 'notReady' })
  assert.equal(second.told.length, names.length + 1, 'the module hears of each')
})

test('a row is in one file: conf/ while it is active, data/ while it waits, neither when it is volatile or gone', async () => {
  const { set } = await bells('')
  const where = () =>
    [path(), waitingPath()].map((file) => existsSync(file) && /^bellEntry/m.test(readFileSync(file, 'utf8')))
  await set({ ...bell, bellStatus: 'notInService' })
  assert.deepEqual(where(), [false, true])
  await set(bell)
  assert.deepEqual(where(), [true, false])
  await set({ ...bell, bellStatus: 'notInService' })
  assert.deepEqual(where(), [false, true])
  await set({ ...bell, bellStatus: 'notInService', bellStorage: 'volatile' })
  assert.deepEqual(where(), [false, false])
  await set({ ...bell, bellStatus: 'notInService' })
  await set(undefined)
  assert.deepEqual(where(), [false, false])
})

test('between the two writes a row is in both files, and a start then takes what conf/ says', async () => {
  const first = await bells('')
  await first.set({ ...bell, bellName: 'waits', bellStatus: 'notInService' })
  const left = readFileSync(waitingPath(), 'utf8')
  await first.set({ ...bell, bellName: 'rings' })
  await writeFile(waitingPath(), left) // as a power cut would have left it
  const second = await bells()
  assert.deepEqual([second.row()?.bellName, second.row()?.bellStatus], ['rings', 'active'])
  await second.set({ ...bell, bellIndex: 2 }, 2)
  assert.doesNotMatch(readFileSync(waitingPath(), 'utf8'), /bellEntry/, 'it goes with what is written next')
})

test('a line that a person writes for a row that waits puts it in service at the next reload, and keeps its state', async () => {
  const { set, file, row, table } = await bells('')
  await set({ ...bell, bellStatus: 'notInService' })
  table.patch({ bellIndex: 1 }, { bellRings: 7 })
  await writeFile(path(), 'bellEntry 1 gate high - nonVolatile\n')
  assert.deepEqual(await file.load(), [])
  assert.deepEqual(row(), { ...bell, bellName: 'gate', bellTone: 'high', bellRings: 7 })
})

test('a reload leaves rows that wait alone', async () => {
  const { set, file, row } = await bells('')
  await set({ ...bell, bellStatus: 'notInService' })
  assert.deepEqual(await file.load(), [])
  assert.equal(row()?.bellStatus, 'notInService')
})

test('a row that cannot be written to data/ is no change at all: the SET fails, and conf/ stays as it was', async () => {
  const { set } = await bells('bellEntry 1 door low - nonVolatile\n')
  await writeFile(join(folder, 'data'), 'no folder')
  await assert.rejects(set({ ...bell, bellStatus: 'notInService' }))
  assert.equal(readFileSync(path(), 'utf8'), 'bellEntry 1 door low - nonVolatile\n')
})

test('what a SET wrote to data/ is taken back when it fails at conf/', async () => {
  const { set, table } = await bells('bellEntry 1 door low - nonVolatile\n')
  const [conf, away] = [join(folder, 'conf'), join(folder, 'away')]
  await rename(conf, away)
  await writeFile(conf, 'no folder')
  await assert.rejects(set({ ...bell, bellStatus: 'notInService' }))
  assert.doesNotMatch(readFileSync(waitingPath(), 'utf8'), /bellEntry/)
  await rm(conf)
  await rename(away, conf)
  table.put(bell) // it is undone
  await set(undefined)
  assert.doesNotMatch(readFileSync(waitingPath(), 'utf8'), /bellEntry/)
  assert.equal((await bells()).table.size, 0)
})

test("the file in data/ is its owner's alone, and what is wrong in it is said with its place", async () => {
  const { set } = await bells('')
  await set({ ...bell, bellStatus: 'notInService' })
  assert.equal(statSync(waitingPath()).mode & 0o777, 0o600)
  await writeFile(waitingPath(), 'bellEntry 1 door loud - nonVolatile\n')
  const { complaints, table } = await bells()
  assert.deepEqual(complaints, [`${waitingPath()}:1:18: bellTone must be low(1) or high(2), got "loud"`])
  assert.equal(table.size, 0)
})

/** What is served with rows that managers make, as its process puts it together. */
function everything() {
  const internal = internalModules({ statistics: new Statistics(), v3: new LocalV3(new Uint8Array(8)) })
  const home = resolveHome(folder)
  const modules: Omit<ConfiguredModule, 'file'>[] = [
    ...internal.modules,
    critappModule(home, async () => 200),
    logModule(home),
    scriptModule(home),
    scheduleModule(home),
  ]
  return { internal, modules }
}

test('a user that was cloned and not given its own keys needs them after a restart too', async () => {
  await mkdir(join(folder, 'conf'), { recursive: true })
  const key = Array.from({ length: 32 }, () => '61').join(':')
  const template = `usmUserEntry localSnmpID boss 1.3.6.1.6.3.10.1.1.5 1.3.6.1.6.3.10.1.2.1 nonVolatile ${key} -`
  await writeFile(path(), `${template}\n`, { mode: 0o600 })
  const open = async () => {
    const { internal } = everything()
    const configured = internal.modules.flatMap((module) => module.configured)
    const users = configured.find(({ table }) => table.definition.name === 'usmUserTable')!
    const owner = internal.modules.find((module) => module.configured.includes(users))!
    const overlayPath = join(folder, 'data', 'bell.cnf')
    const file = new ConfigFile(configured, { path: path(), overlayPath, waitingPath: waitingPath() })
    assert.deepEqual((await file.load()).map(formatComplaint), [])
    const { definition } = users.table
    const at = (user: string): number[] => [8, ...new Uint8Array(8), user.length, ...Buffer.from(user)]
    const backend = new ModuleBackend(owner.module, { log: silentLog, persist: (changes) => file.persist(changes) })
    const set = async (...changes: [name: string, value: SnmpValue][]) => {
      const varbinds = changes.map(([name, value], i) => ({
        ...{ name: [...definition.columns[name]!.oid, ...at('clone')], value, position: i + 1 },
      }))
      const part = backend.prepareSet(varbinds)
      return (await part.test()) ?? part.commit()
    }
    return {
      set,
      status: () => users.table.getAny(at('clone'))?.usmUserStatus,
      boss: [...definition.entry, 3, ...at('boss')],
    }
  }
  const first = await open()
  const cloneFrom = ['usmUserCloneFrom', { type: 'ObjectIdentifier', value: first.boss }] as [string, SnmpValue]
  const setTo = (value: number) => ['usmUserStatus', { type: 'Integer32', value }] as [string, SnmpValue]
  assert.equal(await first.set(setTo(5), cloneFrom), undefined)
  assert.equal(first.status(), 'notReady')
  const second = await open()
  assert.equal(second.status(), 'notReady')
  assert.deepEqual(await second.set(setTo(1)), { status: 'inconsistentValue', position: 1 })
  const change = ['usmUserAuthKeyChange', { type: 'OctetString', value: new Uint8Array(64) }] as [string, SnmpValue]
  assert.equal(await second.set(change), undefined)
  const third = await open()
  assert.equal(third.status(), 'notInService')
  assert.equal(await third.set(setTo(1)), undefined)
  assert.match(readFileSync(path(), 'utf8'), /^usmUserEntry localSnmpID clone /m)
})

test('every table with a RowStatus that has a file keeps its rows that are not ready, and nothing stumbles over them', async () => {
  await mkdir(join(folder, 'conf'), { recursive: true })
  const openAll = async () => {
    const { internal, modules } = everything()
    const opened = []
    for (const { module, configured, rules } of modules) {
      if (configured.length === 0) continue
      const files = (kind: string): string => join(folder, 'conf', `${module.name}.${kind}`)
      await writeFile(files('cnf'), '', { flag: 'a', mode: 0o600 })
      const file = new ConfigFile(configured, {
        ...{ path: files('cnf'), overlayPath: files('overlay'), waitingPath: files('waiting') },
      })
      assert.deepEqual(await file.load(), [], module.name)
      const backend = new ModuleBackend(module, {
        log: silentLog,
        persist: (changes) => file.persist(changes),
        rules: rules ?? { commandsWritable: true },
      })
      opened.push({ backend, servings: configured.filter(({ table }) => isRowsOfManagers(table.definition)) })
    }
    return { internal, opened }
  }
  const made: string[] = []
  const refused: string[] = []
  const first = await openAll()
  for (const { backend, servings } of first.opened) {
    for (const { table } of servings) {
      const { definition } = table
      const instance = instanceOf(definition, anyIndex(definition))
      const setTo = (name: string | undefined, value: number) =>
        name === undefined
          ? []
          : [{ name: [...definition.columns[name]!.oid, ...instance], value: { type: 'Integer32', value } as const }]
      const varbinds = [...setTo(definition.statusColumn, 5), ...setTo(definition.storageColumn, 3)]
      const part = backend.prepareSet(varbinds.map((varbind, i) => ({ ...varbind, position: i + 1 })))
      const refusal = await part.test()
      if (refusal) {
        refused.push(`${definition.name} ${refusal.status}`)
        continue
      }
      assert.equal(await part.commit(), undefined, definition.name)
      part.finish()
      made.push(`${definition.name} ${String(table.getAny(instance)![definition.statusColumn!])}`)
    }
  }
  for (const name of ['critAppProcTable', 'siLogTable', 'smScriptTable', 'smLaunchTable', 'schedTable', 'usmUserTable'])
    assert.ok(
      made.some((one) => one.startsWith(name)),
      `${name} among ${made}`,
    )
  assert.deepEqual(refused, ['nlmConfigLogTable noCreation'], 'there is one log')
  const second = await openAll()
  const states = ({ table }: Serving): string[] =>
    [...table.rows()].map(
      (row) => `${table.definition.name} ${String((row as AnyRow)[table.definition.statusColumn!])}`,
    )
  const found = second.opened.flatMap(({ servings }) => servings.flatMap(states)).filter((one) => !/ active$/.test(one))
  assert.deepEqual(found, made)
  for (const { internal } of [first, second]) {
    assert.deepEqual([internal.targets(), internal.communities(), internal.users().users.length], [[], [], 0])
    internal.vacm()
  }
})

function isRowsOfManagers({ kind, cnf, statusColumn, columns }: Definition): boolean {
  return (
    kind === 'table' && cnf.length > 0 && statusColumn !== undefined && columns[statusColumn]!.access === 'read-create'
  )
}

/** Some index that the table may have. */
function anyIndex({ index }: Definition): AnyRow {
  return Object.fromEntries(Object.entries(index).map(([name, part]) => [name, anyValue(part)]))
}

function anyValue({ syntax }: Column): unknown {
  const candidates = [
    ...[1, 2, 3].map((value) => ({ type: 'Integer32', value }) as const),
    ...[1, 2, 3].map((value) => ({ type: 'Gauge32', value }) as const),
    ...[1, 5, 8].map((size) => ({ type: 'OctetString', value: new Uint8Array(size).fill(0x61) }) as const),
    { type: 'ObjectIdentifier', value: [1, 3, 6, 1] } as const,
  ]
  for (const candidate of candidates) {
    const decoded = syntax.fromSnmp(candidate)
    if ('value' in decoded) return decoded.value
  }
  throw new Error(`no value of ${syntax.name} is known here`)
}
