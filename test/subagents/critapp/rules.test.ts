/** What a SET refuses of critAppProcTable, a file must not say either: both ask the same rules. */
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { resolveHome } from '../../../lib/home/home.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { Hosting } from '../../../lib/mib/hosting.ts'
import { planSet } from '../../../lib/mib/set.ts'
import type { SnmpValue } from '../../../lib/smi/value.ts'
import { critappModule } from '../../../subagents/critapp/index.ts'
import { critAppProcTable } from '../../../subagents/critapp/mib.ts'

const home = resolveHome(mkdtempSync(join(tmpdir(), 'critapp-rules-')))
after(() => rm(home.root, { recursive: true, force: true }))
const { columns } = critAppProcTable

type Row = Partial<Record<keyof typeof columns, string>>

const text = (value: string): SnmpValue => ({ type: 'OctetString', value: Buffer.from(value) })
const createAndGo: SnmpValue = { type: 'Integer32', value: 4 }

/** The error-status of a SET that makes these rows, from index 1. */
function statusOf(rows: readonly Row[]): string {
  const { configured } = critappModule(home, async () => 200)
  let position = 0
  const varbinds = rows.flatMap((row, i) =>
    Object.entries({ critAppStartCommand: '/bin/true', critAppTerminateCommand: '', ...row })
      .map(
        ([name, value]) =>
          [name, /^\d+$/.test(value) ? ({ type: 'Integer32', value: Number(value) } as const) : text(value)] as const,
      )
      .concat([['critAppProcRowStatus', createAndGo]])
      .map(([name, value]) => ({
        name: [...columns[name as keyof typeof columns].oid, i + 1],
        value,
        position: ++position,
      })),
  )
  const planned = planSet(configured, varbinds, { commandsWritable: true })
  return 'status' in planned ? planned.status : 'noError'
}

/** The complaints about a file with the same rows. */
async function complaintsOf(rows: readonly Row[]): Promise<string[]> {
  const quoted = (value = ''): string => (value === '' ? '-' : JSON.stringify(value))
  const kinds = ['', 'none', 'command', 'tcp', 'sip']
  const lines = rows.map(
    (row, i) =>
      `critAppProcEntry ${i + 1} ${quoted(row.critAppProcName)} ${quoted(row.critAppStartCommand ?? '/bin/true')} - down false 300 true true true 30 nonVolatile - 0 600 0 ${quoted(row.critAppUnit)} ${kinds[Number(row.critAppHealthKind ?? 1)]} ${quoted(row.critAppHealthTarget)}`,
  )
  const conf = { ...home, conf: home.root }
  writeFileSync(join(home.root, 'critagt.cnf'), `${lines.join('\n')}\n`)
  const hosting = new Hosting({
    home: conf,
    log: silentLog,
    modules: [{ ...critappModule(home, async () => 200), file: 'critagt.cnf' }],
    resolveName: () => undefined,
  })
  return (await hosting.load()).map(({ message }) => message)
}

const cases: Readonly<Record<string, readonly [rows: readonly Row[], complaint: RegExp | undefined]>> = {
  'a row that is good': [[{ critAppProcName: 'a' }], undefined],
  'a command with an open quote': [
    [{ critAppProcName: 'a', critAppStartCommand: "/bin/sh 'x" }],
    /the quote at column 9/,
  ],
  'a unit beside a command': [[{ critAppProcName: 'a', critAppUnit: 'ssh' }], /either critAppUnit or commands/],
  'no name of a unit': [
    [{ critAppProcName: 'a', critAppStartCommand: '', critAppUnit: '-x' }],
    /not the name of a unit/,
  ],
  'a health target that is none': [
    [{ critAppProcName: 'a', critAppHealthKind: '3', critAppHealthTarget: 'here' }],
    /expected HOST:PORT/,
  ],
  'two rows of one name in one SET': [[{ critAppProcName: 'a' }, { critAppProcName: 'a' }], /named a too/],
}

for (const [name, [rows, complaint]] of Object.entries(cases))
  test(`${name}: a SET and a file agree`, async () => {
    assert.equal(statusOf(rows), complaint ? 'inconsistentValue' : 'noError')
    const found = await complaintsOf(rows)
    assert.equal(found.length, complaint ? 1 : 0, found.join('\n'))
    if (complaint) assert.match(found[0]!, complaint)
  })
