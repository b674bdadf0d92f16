/** Names and sentences are plain modern English: words that were replaced do not come back. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { importGraph } from '../support/imports.ts'
import { placeholder, stringsOf } from '../support/source-strings.ts'
import { type PlainWord, replacedInMessages, replacedNames } from './plain-words.ts'

const sources = [...importGraph().keys()].map((file) => ({ file, text: readFileSync(join(programRoot, file), 'utf8') }))

test('no file has a word that was replaced by a plainer one', () => {
  const found = sources.flatMap(({ file, text }) =>
    Object.entries(replacedNames).flatMap(([word, better]) =>
      hasWord(text, word) ? [`${file}: ${word}; say ${better}`] : [],
    ),
  )
  assert.deepEqual(found, [])
})

test('no message and no help text has a turn of phrase that was replaced by a plainer one', () => {
  const found = sources.flatMap(({ file, text }) =>
    stringsOf(text).flatMap((one) =>
      one.kind === 'string' ? oldFashionedIn(one.text).map((what) => `${file}:${one.line}: ${what}`) : [],
    ),
  )
  assert.deepEqual(found, [])
})

test('each turn of phrase is found where it stands, and its better one is left alone', () => {
  const old = [
    'a whole number is due',
    'MaxForks is to be 1, not 7',
    'NAPTR is to come',
    '/x is no home yet',
    'foo is no object that is known here',
    'user ann is made',
    'every directive, and whence',
    'the operator is told of it',
    'lampEntry 1 is there already, in line 1',
  ]
  for (const text of old) assert.notDeepEqual(oldFashionedIn(text), [], text)
  const plain = [
    'expected a whole number',
    'there is no user ann',
    'it is no longer there',
    'MaxForks must be 1, got 7',
  ]
  for (const text of plain) assert.deepEqual(oldFashionedIn(text), [], text)
})

test('a word counts by itself, in the plural and as a part of a name, and not inside of another word', () => {
  for (const text of ['a wish', 'its wishes', 'rowWishes', 'WishRefused', 'wishCommand'])
    assert.ok(hasWord(text, 'wish'), text)
  assert.ok(!hasWord('Januaanewton swishing', 'anew') && !hasWord('swishing', 'wish'))
})

/** Only sentences: a single word may be a key or a name. */
function oldFashionedIn(text: string, words: readonly PlainWord[] = replacedInMessages): string[] {
  if (!/\s/.test(text)) return []
  return words.flatMap(({ not, say }) =>
    not.test(text) ? [`${JSON.stringify(text.replaceAll(placeholder, '...'))}; say: ${say}`] : [],
  )
}

function hasWord(text: string, word: string): boolean {
  const capital = `${word.charAt(0).toUpperCase()}${word.slice(1)}`
  return new RegExp(`(?<![A-Za-z])${word}(?:e?s)?(?![a-z])|${capital}(?:e?s)?(?![a-z])`).test(text)
}
