import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../lib/program-root.ts'

/** Which houses a house may import from; main.ts files and commands/ are where houses meet. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  agent: ['agent', 'agentx', 'snmp', 'lib'],
  subagents: ['agentx', 'snmp', 'lib'], // and its own folder
  sipd: ['sipd', 'lib'],
  agentx: ['agentx', 'snmp', 'lib'],
  snmp: ['snmp', 'lib'],
  backup: ['backup', 'lib'],
  // What is read over SNMP, typed by declarations: of houses below it uses no more.
  views: ['views', 'catalogue.ts', 'agent', 'subagents', 'snmp', 'lib'],
  lib: ['lib'],
}
/** Inside a house, arrows point down: a lower layer knows nothing of a higher one. */
const never: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  agent: {
    access: ['dispatch', 'message', 'security', 'transport', 'notify', 'internal'],
    transport: ['message', 'security', 'access', 'dispatch', 'notify', 'internal', 'manager'],
    message: ['security', 'access', 'dispatch', 'transport', 'notify', 'internal', 'manager'],
    dispatch: ['security', 'transport', 'notify', 'internal', 'manager'],
  },
  sipd: {
    message: [
      'transport',
      'transaction',
      'pipeline',
      'proxy',
      'registrar',
      'location',
      'locate',
      'config',
      'worker',
      'parent',
    ],
    transport: ['transaction', 'pipeline', 'proxy', 'registrar', 'location', 'locate', 'config', 'worker', 'parent'],
    transaction: ['transport', 'pipeline', 'proxy', 'registrar', 'location', 'locate', 'config', 'worker', 'parent'],
    location: ['message', 'transport', 'transaction', 'proxy', 'registrar', 'config', 'worker', 'parent'],
    registrar: ['transport', 'transaction', 'proxy', 'config', 'worker', 'parent'],
    proxy: ['pipeline', 'transport', 'config', 'worker', 'parent', 'control'],
    pipeline: ['transport', 'config', 'worker', 'parent', 'control'],
    config: ['transport', 'transaction', 'pipeline', 'proxy', 'registrar', 'location', 'worker', 'parent'],
    log: [
      'message',
      'transport',
      'transaction',
      'pipeline',
      'proxy',
      'registrar',
      'location',
      'config',
      'worker',
      'parent',
    ],
  },
}

test('houses import only what the picture allows', () => {
  const wrong: string[] = []
  for (const [house, allowed] of Object.entries(mayImport)) {
    for (const file of sources(house)) {
      if (file.endsWith('/main.ts')) continue
      for (const line of importsOf(file)) {
        const target = relative(programRoot, resolve(dirname(file), line.path))
        const [targetHouse = '', targetFolder] = target.split('/')
        const own = relative(programRoot, file).split('/')
        const isOwnModule = house === 'subagents' && targetHouse === 'subagents' && targetFolder === own[1]
        if (!line.isTypeOnly && !isOwnModule && !allowed.includes(targetHouse))
          wrong.push(`${relative(programRoot, file)} -> ${target}`)
        if (!line.isTypeOnly && targetHouse === house && never[house]?.[own[1] ?? '']?.includes(targetFolder ?? '')) {
          wrong.push(`${relative(programRoot, file)} -> ${target}`)
        }
      }
    }
  }
  assert.deepEqual(wrong, [])
})

function sources(house: string): string[] {
  try {
    return readdirSync(join(programRoot, house), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(programRoot, house, name))
  } catch {
    return []
  }
}

function importsOf(file: string): { path: string; isTypeOnly: boolean }[] {
  return [...readFileSync(file, 'utf8').matchAll(/^import\s+(type\s)?[^'"]*['"](\.[^'"]+)['"]/gms)].map(
    ([, type, path]) => ({
      path: path!,
      isTypeOnly: type !== undefined,
    }),
  )
}
