import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseCommand } from '../../../lib/text/command.ts'

for (const [text, argv] of [
  ['/bin/sip start', ['/bin/sip', 'start']],
  ['  a   b\tc ', ['a', 'b', 'c']],
  [`a 'b c' "d e"`, ['a', 'b c', 'd e']],
  [`a "x\\"y\\\\z" b\\ c`, ['a', 'x"y\\z', 'b c']],
  [`a '' ";$(id)"`, ['a', '', ';$(id)']],
  [`a"b"'c'`, ['abc']],
] as const) {
  test(`the command ${text} is ${JSON.stringify(argv)}`, () => assert.deepEqual(parseCommand(text), { argv }))
}
