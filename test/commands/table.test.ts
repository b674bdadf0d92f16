import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTable } from '../../lib/cli/table.ts'

const rows = [
  [{ text: 'sipd' }, { text: '7', align: 'right' as const }, { text: 'running', colour: 32 }, { text: '' }],
  [
    { text: 'mariadbd' },
    { text: '12345', align: 'right' as const },
    { text: 'failed', colour: 31 },
    { text: 'no such program' },
  ],
]

test('rows that fit stand in columns', () => {
  assert.equal(
    formatTable(rows, { isColoured: false, width: 41 }),
    'sipd          7  running\nmariadbd  12345  failed   no such program\n',
  )
})

test('rows that do not fit go on in indented lines, with nothing left out', () => {
  assert.equal(
    formatTable(rows, { isColoured: false, width: 25 }),
    'sipd      7  running\nmariadbd  12345  failed\n    no such program\n',
  )
})

test('a text longer than a line is broken between words, and a word longer than a line where the line ends', () => {
  const long = [[{ text: 'a' }, { text: 'one two three four' }, { text: 'x'.repeat(20) }]]
  assert.equal(
    formatTable(long, { isColoured: false, width: 14 }),
    `a  one two\n    three four\n    ${'x'.repeat(10)}\n    ${'x'.repeat(10)}\n`,
  )
})

test('colours take no room', () => {
  const plain = formatTable(rows, { isColoured: false, width: 25 })
  const coloured = formatTable(rows, { isColoured: true, width: 25 })
  assert.notEqual(coloured, plain)
  assert.equal(coloured.replace(/\u001b\[\d+m/g, ''), plain)
})

test('a table without rows is empty', () => assert.equal(formatTable([], { isColoured: true }), ''))
