/** A SET whose file cannot be written is commitFailed and changes nothing: on a disk that is full to its last octet. */

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { declaredNames } from '../../catalogue.ts'
import { codeOf } from '../../lib/errors.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { silentLog } from '../../lib/log/log.ts'
import { type ConfiguredModule, Hosting } from '../../lib/mib/hosting.ts'
import { Registry } from '../../lib/mib/registry.ts'
import { SetTransaction } from '../../lib/mib/set-transaction.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { SnmpValue } from '../../lib/smi/value.ts'
import { ProcessTable } from '../../subagents/host/process-table.ts'
import { logModule } from '../../subagents/log/index.ts'
import { mib2Modules } from '../../subagents/mib2/index.ts'
import { scheduleModule } from '../../subagents/schedule/index.ts'
import { sysapplModule } from '../../subagents/sysappl/index.ts'

const skip = process.getuid?.() === 0 ? false : 'mounting a small disk needs root'
const text = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })
const integer = (value: number): SnmpValue => ({ type: 'Integer32', value })
const gauge = (value: number): SnmpValue => ({ type: 'Gauge32', value })
const instance = `.3.${[...Buffer.from('own')].join('.')}.1.${Buffer.from('t')[0]}`
type ColumnValue = readonly [object: string, value: SnmpValue]

describe('a full disk', { skip }, () => {
  let root: string
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'full-disk-'))
    const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', root])
    assert.equal(mounted.status, 0, String(mounted.stderr))
  })
  after(() => {
    spawnSync('umount', [root])
    rmSync(root, { recursive: true, force: true })
  })
  beforeEach(() => {
    for (const name of readdirSync(root)) rmSync(join(root, name), { recursive: true })
  })

  const fill = (): void => {
    for (const size of [4096, 1]) {
      try {
        for (;;) appendFileSync(join(root, 'filler'), Buffer.alloc(size))
      } catch (error) {
        assert.equal(codeOf(error), 'ENOSPC')
      }
    }
    assert.equal(statfsSync(root).bavail, 0)
  }

  /** The processes of these modules, as a start finds its files. */
  async function start() {
    const home = resolveHome(root)
    const modules: ConfiguredModule[] = [
      mib2Modules()[0]!,
      { ...scheduleModule(home), file: 'agent/schedule.cnf' },
      { ...sysapplModule(home, { processes: new ProcessTable() }), file: 'agent/sysappl.cnf' },
      { ...logModule(home), file: 'subagents/logagt.cnf' },
    ]
    for (const { file } of modules) {
      await mkdir(dirname(join(home.conf, file)), { recursive: true })
      await mkdir(dirname(join(home.data, file)), { recursive: true })
      writeFileSync(join(home.conf, file), '# as it was\n', { mode: 0o600 })
    }
    const registry = new Registry()
    const resolveName = (name: string): Oid | undefined => declaredNames.resolve(name)
    const hosting = new Hosting({ home, log: silentLog, modules, resolveName })
    assert.deepEqual(await hosting.load(), [])
    for (const backend of hosting.backends) registry.register(backend)
    const set = async (...changes: readonly ColumnValue[]): Promise<string> => {
      const varbinds = changes.map(([object, value], i) => ({ name: resolveName(object)!, value, position: i + 1 }))
      const transaction = new SetTransaction(registry, silentLog, varbinds)
      const failure = (await transaction.test()) ?? (await transaction.commit())
      if (!failure) transaction.finish()
      return failure?.status ?? 'noError'
    }
    const files = (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(root, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile() && entry.name !== 'filler')
          .map((entry) => join(entry.parentPath, entry.name))
          .map((path) => [path, readFileSync(path, 'utf8')]),
      )
    const rows = (): unknown =>
      modules.flatMap(({ configured }) => configured.flatMap(({ table }) => [...table.rows()] as unknown[]))
    return { set, files, rows, load: () => hosting.load() }
  }

  const waits: readonly ColumnValue[] = [
    [`schedStorageType${instance}`, integer(3)],
    [`schedRowStatus${instance}`, integer(5)],
  ]
  const changesOf: Readonly<Record<string, readonly ColumnValue[]>> = {
    'a scalar': [['sysContact.0', text('nobody')]],
    'a scalar of a module with a file of its own': [['sysApplPastRunMaxRows.0', gauge(7)]],
    'a row that goes into service': [
      [`schedInterval${instance}`, gauge(60)],
      [`schedVariable${instance}`, { type: 'ObjectIdentifier', value: [1, 3, 6, 1, 2, 1, 1, 4, 0] }],
      [`schedStorageType${instance}`, integer(3)],
      [`schedRowStatus${instance}`, integer(4)],
    ],
    'a row that waits': waits,
    'scalars of four modules at once': [
      ['sysContact.0', text('nobody')],
      ['sysLocation.0', text('nowhere')],
      ['sysApplPastRunMaxRows.0', gauge(7)],
      ...waits,
      ['siLogMaxNotifications.0', gauge(3)],
    ],
  }

  for (const [what, change] of Object.entries(changesOf)) {
    test(`${what} is commitFailed, stays as it was in the tables and the files, and can be SET when there is room`, async () => {
      const { set, files, rows } = await start()
      const before = [rows(), files()]
      fill()
      assert.equal(await set(...change), 'commitFailed')
      assert.deepEqual([rows(), files()], before)
      rmSync(join(root, 'filler'))
      assert.equal(await set(...change), 'noError')
    })
  }

  test('what the first of two files took is taken back when the second cannot be written', async () => {
    const { set, files, rows, load } = await start()
    writeFileSync(join(root, 'conf', 'agent', 'snmpd.cnf'), 'sysContact  "some body" # by hand\n')
    assert.deepEqual(await load(), [])
    const before = rows()
    const snmpd = (): string | undefined => files()[join(root, 'conf', 'agent', 'snmpd.cnf')]
    const written = snmpd()
    // A folder in place of the file: as root, no right keeps from writing.
    const blocked = join(root, 'conf', 'subagents', 'logagt.cnf')
    rmSync(blocked)
    mkdirSync(blocked)
    const change: readonly ColumnValue[] = [
      ['sysContact.0', text('nobody')],
      ['siLogMaxNotifications.0', gauge(3)],
    ]
    assert.equal(await set(...change), 'commitFailed')
    assert.deepEqual([rows(), snmpd()], [before, written])
    rmSync(blocked, { recursive: true })
    writeFileSync(blocked, '')
    assert.equal(await set(...change), 'noError')
    assert.match(snmpd()!, /^sysContact nobody$/m)
  })
})
