/** How large files are, and how often a type is asserted instead of true. `biome.json` bounds functions and forbids `any`. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { shippedSources } from '../support/imports.ts'

const sources = shippedSources().map((file) => ({ file, text: readFileSync(join(programRoot, file), 'utf8') }))
const lines = sources.map(({ file, text }) => ({ file, count: text.split('\n').length - 1 }))

test('no file has more than 400 lines, and half of them fewer than 100', () => {
  assert.deepEqual(
    lines.filter(({ count }) => count > 400),
    [],
  )
  const sorted = lines.map(({ count }) => count).toSorted((a, b) => a - b)
  const median = sorted[sorted.length >> 1] ?? 0
  assert.ok(median < 100, `half of the files have more than ${median} lines`)
})

for (const [what, pattern, atMost] of [
  ['type assertions (`as`, without `as const`)', /[\w)\]}>`'"] as (?!const\b)[\w{[(]/g, 90],
  ['non-null assertions (`!`)', /[\w)\]]!(?![=\w])/g, 250],
] as const)
  test(`there are no more ${what} than ${atMost}`, () => {
    const found = sources
      .map(({ file, text }) => ({ file, count: [...codeOf(text).matchAll(pattern)].length }))
      .filter(({ count }) => count > 0)
      .toSorted((a, b) => b.count - a.count)
    const sum = found.reduce((all, { count }) => all + count, 0)
    const most = found.slice(0, 10).map(({ file, count }) => `${file} ${count}`)
    assert.ok(sum <= atMost, `${sum}; most of them: ${most.join(', ')}`)
  })

test('comments, strings, words of messages and renaming imports are no assertions', () => {
  const message = ['const message = `it stays as it is: $', '{known!.name}`'].join('')
  const text = `import { a as b } from './a.ts'
/** As a rule, x as Y. */
// such! as This
const text = 'no as Type!'
const value = given as Given
const other = map.get(1)!.name`.concat('\n', message)
  assert.doesNotMatch(codeOf(text), /rule|such|no as|a as b|stays/)
  assert.match(codeOf(text), /known!\.name/)
  assert.match(codeOf(text), /given as Given\n.*get\(1\)!/)
})

/** Without comments, strings, the text of templates, and lines of imports and exports. */
function codeOf(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, "''")
    .replace(/`(?:\\.|\$\{[^}]*\}|[^`\\])*`/g, (template) => [...template.matchAll(/\$\{[^}]*\}/g)].join(''))
    .replace(/\/\/[^\n]*/g, '')
    .replace(/^(?:import|export (?:type )?\{)[\s\S]*?(?:from ''|''|\})$/gm, '')
}
