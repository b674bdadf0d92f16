/** Names and sentences are plain modern English: words that were replaced do not come back. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { importGraph } from '../support/imports.ts'

/** Each with what to say in its place. As a part of a name (`rowWishes`) it counts too. */
const replaced: Readonly<Record<string, string>> = {
  wish: 'change, request or order',
  sickness: 'failureReason',
  inquest: 'exitStatus',
  tiding: 'event',
  surroundings: 'context',
  anew: 'again',
  whence: 'where it comes from',
}

test('no file has a word that was replaced by a plainer one', () => {
  const found = [...importGraph().keys()].flatMap((file) => {
    const text = readFileSync(join(programRoot, file), 'utf8')
    return Object.entries(replaced).flatMap(([word, better]) =>
      hasWord(text, word) ? [`${file}: ${word}; say ${better}`] : [],
    )
  })
  assert.deepEqual(found, [])
})

test('a word counts by itself, in the plural and as a part of a name, and not inside of another word', () => {
  for (const text of ['a wish', 'its wishes', 'rowWishes', 'WishRefused', 'wishCommand'])
    assert.ok(hasWord(text, 'wish'), text)
  assert.ok(!hasWord('Januaanewton swishing', 'anew') && !hasWord('swishing', 'wish'))
})

function hasWord(text: string, word: string): boolean {
  const capital = `${word.charAt(0).toUpperCase()}${word.slice(1)}`
  return new RegExp(`(?<![A-Za-z])${word}(?:e?s)?(?![a-z])|${capital}(?:e?s)?(?![a-z])`).test(text)
}
