/** The house stands as docs/architecture.md draws it: imports point down, types and threads included, and nothing goes in a circle. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { circlesOf, folderGraph, importGraph, importsOf, isMain } from '../support/imports.ts'

/** Floors from the ground up. What stands on one floor does not know its neighbours; each `subagents/*` is a house of its own. */
const floors: readonly (readonly string[])[] = [
  ['lib'],
  ['snmp'],
  ['agentx'],
  ['agent', 'backup', 'sipd', 'subagents'],
  ['catalogue.ts'],
  ['views'],
  ['console'],
  ['commands'],
]

const graph = importGraph()

test('every shipped file belongs to a house of the picture', () => {
  assert.deepEqual(
    [...graph.keys()].filter((file) => floorOf(file) === -1),
    [],
    'say in this test on which floor it stands, and in docs/architecture.md what it is',
  )
})

test('every import names a file of this program that exists', () => {
  const missing = [...graph].flatMap(([file, imported]) =>
    [...imported].filter((other) => !graph.has(other)).map((other) => `${file} -> ${other}`),
  )
  assert.deepEqual(missing, [])
})

test('imports point down: only a main.ts knows houses beside or above its own', () => {
  const wrong = [...graph]
    .filter(([file]) => !isMain(file))
    .flatMap(([file, imported]) =>
      [...imported].filter((other) => !mayKnow(file, other)).map((other) => `${file} -> ${other}`),
    )
  assert.deepEqual(wrong, [])
})

test('nobody imports a main.ts', () => {
  const wrong = [...graph].flatMap(([file, imported]) =>
    [...imported].filter(isMain).map((other) => `${file} -> ${other}`),
  )
  assert.deepEqual(wrong, [])
})

test('sipd knows SNMP in its main.ts alone', () => {
  const wrong = [...graph]
    .filter(([file]) => file.startsWith('sipd/') && !isMain(file))
    .flatMap(([file, imported]) =>
      [...imported]
        .filter((other) => /^(?:snmp|agentx|lib\/(?:mib|smi|ber))\//.test(other))
        .map((other) => `${file} -> ${other}`),
    )
  assert.deepEqual(wrong, [])
})

test('no files import each other in a circle, types included', () => {
  assert.deepEqual(circlesOf(graph), [])
})

test('no folders know each other in a circle', () => {
  assert.deepEqual(circlesOf(folderGraph(graph)), [])
})

test('the reader of imports sees types, re-exports, dynamic imports and threads', () => {
  const text = `import { a } from './a.ts'
import type {
  B,
} from '../b.ts'
export { c } from './c.ts'
export type { D } from './sub/d.ts'
import './e.ts'
const f = await import('./f.ts')
let g: import('./g.ts').G
const thread = new URL('./h.js', import.meta.url)
const text = 'from ./no.ts'
import { join } from 'node:path'`
  assert.deepEqual(importsOf('x/y/z.ts', text).sort(), [
    'x/b.ts',
    'x/y/a.ts',
    'x/y/c.ts',
    'x/y/e.ts',
    'x/y/f.ts',
    'x/y/g.ts',
    'x/y/h.ts',
    'x/y/sub/d.ts',
  ])
})

test('a circle is found wherever it begins, and what only leads to one is none', () => {
  const circle = new Map([
    ['entry', new Set(['a'])],
    ['a', new Set(['b', 'leaf'])],
    ['b', new Set(['c'])],
    ['c', new Set(['a'])],
    ['self', new Set(['self'])],
  ])
  assert.deepEqual(circlesOf(circle), [['a', 'b', 'c'], ['self']])
})

function mayKnow(file: string, other: string): boolean {
  return houseOf(file) === houseOf(other) || floorOf(other) < floorOf(file)
}

function houseOf(file: string): string {
  const [first = '', second = ''] = file.split('/')
  return first === 'subagents' ? `${first}/${second}` : first
}

function floorOf(file: string): number {
  return floors.findIndex((houses) => houses.includes(file.split('/')[0] ?? ''))
}
