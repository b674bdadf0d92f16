import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'

const number = castellanArc.split('.').at(-1) ?? ''

/** Sources and MIB modules that are part of the program. */
function filesWith(text: string): string[] {
  const houses = ['agent', 'agentx', 'commands', 'lib', 'mibs', 'sipd', 'snmp', 'subagents', 'views', 'catalogue.ts']
  return execFileSync('grep', ['-rlwF', '-e', text, ...houses], { cwd: programRoot, encoding: 'utf8' })
    .trimEnd()
    .split('\n')
    .sort()
}

test('the enterprise number stands in one source and in one MIB module', () => {
  assert.deepEqual(filesWith(number), ['lib/smi/enterprise.ts', 'mibs/CASTELLAN-SMI.txt'])
  assert.match(
    readFileSync(join(programRoot, 'mibs/CASTELLAN-SMI.txt'), 'utf8'),
    new RegExp(`::= \\{ enterprises ${number} \\}`),
  )
})
