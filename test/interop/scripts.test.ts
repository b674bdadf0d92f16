/** Every script of package.json runs: those that measure for a second each, as `npm run NAME` on a person's machine. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { describeExit } from '../../lib/program/exit.ts'
import { runProgram } from '../../lib/program/run.ts'
import { programRoot } from '../../lib/program-root.ts'
import { needs } from '../support/peers.ts'

interface Smoke {
  readonly args?: readonly string[]
  /** Of a file of tests, those whose name has it. */
  readonly only?: string
  readonly needs?: readonly string[]
  /** What it has to print: a figure, not only a title. */
  readonly prints: RegExp
}

const measuring: Readonly<Record<string, Smoke>> = {
  check: { prints: /Checked \d+ files/ },
  'test:nodes': { needs: ['git'], prints: /1 passed, 0 failed/ },
  'test:beside': { prints: /unit tests, 1 of 1: passed/ },
  fuzz: { needs: ['snmpget'], prints: /"sent":1000|"slowestControlMs":\d/ },
  bench: {
    args: ['--only', 'GET'],
    needs: ['snmpd', 'gcc', 'net-snmp-config', 'taskset'],
    prints: /GETBULK 50 walk through AgentX .*x/,
  },
  'bench:host': { prints: /# pass 2/ },
  'bench:scale': { needs: ['snmpd', 'ip'], prints: /snmpd .* MB .* ms/ },
  'bench:walk': {
    needs: ['snmpd', 'gcc', 'net-snmp-config', 'taskset'],
    prints: /for the same number of varbinds [\d.]+x/,
  },
  'bench:critapp': { needs: ['snmpget', 'snmptrapd'], prints: /# pass 3/ },
  'bench:parts': { prints: /# pass 10/ },
  'bench:event': { prints: /# pass 1/ },
  'bench:sip': { needs: ['kamailio', 'gcc', 'taskset'], prints: /registrations.* [\d.]+x/i },
  'bench:backup': { needs: ['/usr/sbin/sshd', 'sftp', 'age'], prints: /archive of 16 MB: gzip .* [\d.]+x/ },
  'bench:attacks': { args: ['--seconds', '1'], needs: ['gcc', 'taskset', 'ip'], prints: /p99/ },
  'soak:snmp': { needs: ['gcc', 'net-snmp-config', 'taskset'], prints: /min of load: [\d.]+ MB/ },
  'soak:event': { needs: ['snmpget', 'snmptrapd'], prints: /# pass 1/ },
  'soak:log': { only: 'renames', prints: /# pass 1/ },
  'soak:sip': { only: 'idle TCP', prints: /# pass 1/ },
  'soak:lifecycle': { only: 'interleavings', prints: /# pass 1/ },
  'soak:backup': { only: 'a signal interrupts', prints: /# pass 1/ },
}

/** What other tests, or the run of the tests itself, have run. */
const runElsewhere = ['setup', 'build', 'start', 'test', 'soak']

/** What runs tests of its own is not to take itself for a part of this run. */
const { NODE_TEST_CONTEXT: _, ...outer } = process.env

const { scripts } = JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>
}

test('every script of package.json is run by a test', () => {
  assert.deepEqual(Object.keys(scripts).sort(), [...Object.keys(measuring), ...runElsewhere].sort())
})

test('soak runs every soak', () => {
  const named = [...(scripts.soak ?? '').matchAll(/npm run (\S+)/g)].map(([, name = '']) => name)
  assert.deepEqual(
    named.sort(),
    Object.keys(scripts)
      .filter((name) => name.startsWith('soak:'))
      .sort(),
  )
})

for (const [name, { args = [], only, needs: programs = [], prints }] of Object.entries(measuring))
  test(`npm run ${name}`, needs(...programs), async () => {
    const { exit, printed } = await runProgram({
      argv: ['npm', 'run', '--silent', name, ...(args.length > 0 ? ['--', ...args] : [])],
      folder: programRoot,
      environment: { ...outer, CASTELLAN_SMOKE: '1', ONLY: only ?? '' },
      limitMs: 200_000,
      maxOctets: 1 << 20,
    })
    assert.match(printed, prints)
    assert.equal(describeExit(exit), 'ended with exit code 0', printed)
  })
