import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { visibleProcesses } from '../../lib/proc/process.ts'
import { Appliance, letWriteEverything, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

/** smRunExitCode, RFC 3165. */
const [noError, lifeTimeExceeded, noResourcesLeft] = ['1', '3', '4'] as const
const terminated = '7'
const script = '.1.3.6.1.2.1.64'
/** A launch that is called as its script, of owner `t`. */
const at = (name: string): string => `1.116.${name.length}.${[...Buffer.from(name)].join('.')}`
/** So that what is left of a run is known among all processes. */
const long = `${60_000 + process.pid / 100_000}`
const hostile = `'two words' "a \\"quote\\"" it\\'s ; '$(touch /nowhere)' '\`id\`' "first\nsecond\r\n" '' * \\\\`
const arrived = '<two words><a "quote"><it\'s><;><$(touch /nowhere)><`id`><first\nsecond\r\n><><*><\\>'

describe('limits and arguments of scripts over SNMP', needs('snmpset'), () => {
  let appliance: Appliance

  before(async () => {
    appliance = new Appliance(await makeHome())
    const { home } = appliance.at
    const show = join(home.root, 'show')
    writeFileSync(show, `#!/bin/sh\nprintf '<%s>' "$@"\n`)
    chmodSync(show, 0o755)
    const scripts = {
      prints: `yes ${long}`,
      forks: `while :; do sleep ${long} & done`,
      stays: `exec bash -c \\"trap '' TERM; set -m; sleep ${long} & sleep ${long} & wait\\"`,
    }
    const lines = Object.entries(scripts).flatMap(([name, command]) => [
      `smScriptEntry t ${name} - 2 enabled nonVolatile "${command}"`,
      `smLaunchEntry t ${name} t ${name} - 1 3 ${name === 'stays' ? 100 : 3000} 360000 enabled nonVolatile`,
    ])
    writeFileSync(
      join(home.conf, 'subagents', 'scripts.cnf'),
      [
        'scriptArgumentsWritable true',
        ...lines,
        `smScriptEntry t shows - 1 enabled nonVolatile ${show}`,
        'smLaunchEntry t shows t shows - 1 3 3000 360000 enabled nonVolatile',
        '',
      ].join('\n'),
      { mode: 0o600 },
    )
    writeFileSync(join(home.conf, 'subagents', 'critagt.cnf'), '', { mode: 0o600 }) // sipd is not needed here
    letWriteEverything(home)
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(() => appliance.stop())

  const get = async (oid: string, ...options: string[]): Promise<string> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', ...options, appliance.at.snmp, oid])).out.trim()
  const set = async (...varbinds: string[]): Promise<void> => {
    const { code, err } = await netsnmp('snmpset', ['-v2c', '-ceverything', appliance.at.snmp, ...varbinds])
    assert.equal(code, 0, err)
  }
  const ofRun = (column: number, name: string, run: number): string => `${script}.1.4.2.1.${column}.${at(name)}.${run}`
  /** Launches it and waits for its end; gives smRunExitCode and smRunError. */
  const launch = async (name: string, run: number): Promise<{ exitCode: string; error: string }> => {
    await set(`${script}.1.4.1.1.10.${at(name)}`, 'i', String(run))
    await until(async () => (await get(ofRun(10, name, run))) === terminated, 10_000, `the end of ${name}`)
    return { exitCode: await get(ofRun(7, name, run)), error: await get(ofRun(11, name, run)) }
  }
  const left = (): string[] =>
    visibleProcesses()
      .filter(({ command }) => command.includes(long))
      .map(({ command }) => command.join(' '))

  for (const [name, what, exitCode, error] of [
    ['prints', 'prints for ever', noResourcesLeft, /more than the 1048576 octets/],
    ['forks', 'forks for ever', noResourcesLeft, /it had \d+ processes, more than the 64/],
    ['stays', 'never ends and ignores SIGTERM', lifeTimeExceeded, /life time/],
  ] as const)
    test(`a script that ${what} is stopped at its limit, nothing of it left, and smRunExitCode says so`, async () => {
      const ended = await launch(name, 1)
      assert.equal(ended.exitCode, exitCode)
      assert.match(ended.error, error)
      assert.deepEqual(left(), [])
    })

  test('where scripts.cnf allows it, smLaunchArgument with quotes, blanks, ;, $() and line breaks arrives as it was, after a restart too', async () => {
    const octets = Buffer.from(hostile)
    await set(`${script}.1.4.1.1.5.${at('shows')}`, 'x', octets.toString('hex'))
    for (const run of [1, 2]) {
      assert.equal((await launch('shows', run)).exitCode, noError)
      const result = Buffer.from((await get(ofRun(8, 'shows', run), '-Ox')).replace(/[^0-9A-F]/g, ''), 'hex')
      assert.equal(result.toString(), arrived)
      if (run === 2) break
      await appliance.stopDaemon('subagents')
      assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    }
    assert.match(
      readFileSync(join(appliance.at.home.conf, 'subagents', 'scripts.cnf'), 'utf8'),
      /^smLaunchEntry t shows /m,
    )
  })

  test('text with a line break that is set over SNMP is there after a restart, and its file is whole', async () => {
    const contact = '.1.3.6.1.2.1.1.4.0'
    const octets = Buffer.from('first line\r\n"second" \\u{a} \\')
    await set(contact, 'x', octets.toString('hex'))
    await appliance.stopAgent()
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    assert.equal((await get(contact, '-Ox')).replace(/[^0-9A-F]/g, ''), octets.toString('hex').toUpperCase())
  })
})
