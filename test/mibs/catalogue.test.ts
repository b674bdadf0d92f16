import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { declaredDefinitions, declaredNotifications } from '../../catalogue.ts'
import { programRoot } from '../../lib/program-root.ts'

const houses = ['agent', 'agentx', 'backup', 'console', 'sipd', 'snmp', 'subagents']

/** The modules that call defineTable, defineScalars or defineNotification, with all that they export. */
async function declaring(): Promise<{ file: string; exported: [string, object][] }[]> {
  const files = readdirSync(programRoot, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && houses.includes(entry.name))
    .flatMap(({ name }) =>
      readdirSync(join(programRoot, name), { recursive: true, encoding: 'utf8' }).map((below) => join(name, below)),
    )
    .filter((file) => file.endsWith('.ts'))
    .filter((file) => /\bdefine(Table|Scalars|Notification)\(/.test(readFileSync(join(programRoot, file), 'utf8')))
  return Promise.all(
    files.map(async (file) => {
      const compiled = pathToFileURL(join(programRoot, 'dist', file.replace(/\.ts$/, '.js'))).href
      const module: Record<string, unknown> = await import(compiled)
      return {
        file,
        exported: Object.entries(module).filter((entry): entry is [string, object] => isObject(entry[1])),
      }
    }),
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

test('every table, group of scalars and notification that is declared stands in the catalogue, once', async () => {
  const catalogue: readonly object[] = [...declaredDefinitions, ...declaredNotifications]
  assert.equal(new Set(catalogue).size, catalogue.length)
  const found = await declaring()
  assert.ok(found.some(({ file }) => file === join('subagents', 'critapp', 'mib.ts')))
  const missing = found.flatMap(({ file, exported }) =>
    exported
      .filter(([, one]) => 'entry' in one || ('objects' in one && 'oid' in one))
      .filter(([, one]) => !catalogue.includes(one))
      .map(([name]) => `${file}: ${name}`),
  )
  // Lines of snmpd.cnf alone, which are no objects.
  const ofTheFileAlone = ['snmpListenTable', 'agentxListenTable', 'agentxLimits']
  assert.deepEqual(
    missing.sort(),
    ofTheFileAlone.map((name) => `${join('agent', 'internal', 'listen-tables.ts')}: ${name}`).sort(),
  )
})

test('no two tables or notifications have one name, or one place in the tree', () => {
  const named = [
    // Objects of one group may be declared in two parts.
    ...declaredDefinitions
      .filter(({ kind }) => kind === 'table')
      .map(({ entryName, entry }) => ({ name: entryName, oid: entry })),
    ...declaredNotifications,
  ]
  assert.equal(new Set(named.map(({ name }) => name)).size, named.length)
  assert.equal(new Set(named.map(({ oid }) => oid.join('.'))).size, named.length)
})
