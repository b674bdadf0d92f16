import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from '../../lib/cli/table.ts'
import { createLog } from '../../lib/log/log.ts'
import { colouredText, escapeValue, jsonText, paint, printable, terminalText } from '../../lib/text/escape.ts'
import { hostile, steers } from '../support/hostile.ts'

test('text for people has each control as its escape, and all else as it was', () => {
  assert.equal(
    printable('a\u001b[2J\r\nb\u009bc\u007f\u202ed\u2066e\u2028f'),
    'a\\x1b[2J\\r\\nb\\x9bc\\x7f\\u202ed\\u2066e\\u2028f',
  )
  for (const text of ['Grüße, 你好 \\d+ "quoted"', '', '👍 a‑b']) assert.equal(printable(text), text)
})

test('what a terminal gets keeps line ends and tabs', () => {
  assert.equal(terminalText('a\tb\n\u001b[31mc\r\u0007'), 'a\tb\n\\u001b[31mc\\u000d\\u0007')
})

test('JSON stays what it was to the last character, and steers nothing', () => {
  for (const value of [hostile, { [hostile]: [hostile, '\\u009b', 'a"b'] }, [1, null, true]]) {
    assert.ok(!steers(jsonText(value)))
    assert.deepEqual(JSON.parse(jsonText(value)), value)
  }
  assert.deepEqual(JSON.parse(terminalText(JSON.stringify(hostile))), hostile, 'where somebody forgot jsonText')
})

test('every code point of C0, DEL, C1, line separators and Bidi_Control is escaped by every function', () => {
  const codes = [
    ...Array.from({ length: 0x20 }, (_, i) => i),
    ...Array.from({ length: 0x21 }, (_, i) => 0x7f + i),
    ...[0x61c, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
  ]
  for (const code of codes) {
    const text = `a${String.fromCharCode(code)}b`
    for (const escaped of [printable(text), jsonText(text), escapeValue(text)])
      assert.match(escaped, /^"?a\\.*b"?$/, `U+${code.toString(16)}`)
  }
})

test('colours are ours alone: what is painted brings none', () => {
  assert.equal(colouredText(paint('ok', 32)), '\u001b[32mok\u001b[0m')
  assert.equal(colouredText(paint('\u001b[31mno', 32)), '\u001b[32m\\x1b[31mno\u001b[0m')
  const table = formatTable([[{ text: hostile, colour: 31 }, { text: hostile }]], { isColoured: true, width: 500 })
  assert.equal(table.split('\n').length, 2, 'one line')
  assert.equal(table.replaceAll('\u001b[31m', '').replaceAll('\u001b[0m', '').includes('\u001b'), false)
  assert.equal([...table.matchAll(/\u001b\[31m/g)].length, 1)
})

test('a log line is one line, whatever its sentence and fields are made of', () => {
  let said = ''
  const log = createLog({ component: 'agent', write: (line) => (said += line) })
  log.error(hostile, { text: hostile, object: { [hostile]: hostile }, error: new Error(hostile) })
  assert.ok(!steers(said))
  assert.equal(said.split('\n').length, 2)
})
