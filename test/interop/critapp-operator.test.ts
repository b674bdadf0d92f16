import assert from 'node:assert/strict'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { Appliance, makeHome, type RunResult, runBin, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

let appliance: Appliance
let traps: TrapDaemon

interface ShownApp {
  readonly name: string
  readonly wanted: string
  readonly state: string
  readonly status: string
  readonly pid: number
  readonly restarts: number
  readonly exits: number
}

/** After a failure nothing would be started again within this test. */
const restartInterval = '60000'

describe('what an operator orders is no failure', needs('snmpset', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { root, conf } = appliance.at.home
    const front = join(root, 'front')
    writeFileSync(front, '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
    chmodSync(front, 0o755)
    const file = join(conf, 'subagents', 'critagt.cnf')
    const text = readFileSync(file, 'utf8').replace('up true 300', `up true ${restartInterval}`)
    writeFileSync(file, `${text}\ncritAppProcEntry 2 front ${front} - up true ${restartInterval} true true true 5\n`)
    traps = new TrapDaemon(appliance.at.trapPort)
    await traps.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
    await until(async () => (await apps()).every(({ status }) => status === 'up'), 15_000, 'the start')
  })
  after(async () => {
    await appliance.castellan('apps', 'stop', 'front', 'sipd')
    await until(async () => (await apps()).every(({ state }) => state === 'stopped'), 10_000, 'the stop')
    await appliance.stop()
    await traps.stop()
  })

  const apps = async (): Promise<ShownApp[]> => JSON.parse((await appliance.castellan('apps', '--json')).out)
  const app = async (name: string): Promise<ShownApp> => (await apps()).find((one) => one.name === name)!
  const sip = async (command: string): Promise<RunResult> => {
    const result = await runBin('sip', [command, '--home', appliance.at.home.root])
    assert.equal(result.code, 0, result.err)
    return result
  }
  const noFailure = (text: string): void =>
    assert.doesNotMatch(text, /ended by itself|was killed or crashed|next try|time in 10 min/)

  test('sip restart: a new process at once, no delay and no word of a crash', async () => {
    traps.forget()
    const before = await app('sipd')
    await sip('restart')
    const after = await app('sipd')
    assert.deepEqual([after.status, after.wanted, after.restarts], ['up', 'up', before.restarts])
    assert.notEqual(after.pid, before.pid)
    noFailure(await traps.saw(/"sipd ended, as requested"[\s\S]*"sipd was started as PID \d+"/))
  })

  test('sip stop: it stays stopped, also over a restart of the subagents, until sip start', async () => {
    traps.forget()
    await sip('stop')
    noFailure(await traps.saw(/"sipd ended, as requested"/))
    assert.deepEqual([(await app('sipd')).wanted, (await app('sipd')).state], ['down', 'stopped'])
    const file = (): string => readFileSync(join(appliance.at.home.conf, 'subagents', 'critagt.cnf'), 'utf8')
    assert.match(file(), /^critAppProcEntry 1 sipd .* down true/m)
    await appliance.stopDaemon('subagents')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await until(async () => (await app('sipd'))?.state === 'stopped', 5000, 'that it is still stopped')
    assert.equal((await sip('stop')).code, 0, 'stopping what is stopped is fine')
    await sip('start')
    assert.deepEqual([(await app('sipd')).wanted, (await app('sipd')).status], ['up', 'up'])
    assert.match(file(), /^critAppProcEntry 1 sipd .* up true/m)
    const { pid } = await app('sipd')
    assert.equal((await sip('start')).code, 0, 'starting what runs is fine')
    assert.equal((await app('sipd')).pid, pid)
  })

  test('sip graceful leaves the process what it is', async () => {
    traps.forget()
    const before = await app('sipd')
    await sip('graceful')
    assert.deepEqual(await app('sipd').then(({ pid, exits }) => [pid, exits]), [before.pid, before.exits])
  })

  test('snmpset down and up is no failure', async () => {
    traps.forget()
    const set = (value: string) =>
      netsnmp('snmpset', [
        ...['-v2c', '-ccspsAdmin', appliance.at.snmp],
        ...['.1.3.6.1.4.1.32473.12.29.1.1.1.5.2', 'i', value],
      ])
    const before = await app('front')
    assert.equal((await set('2')).code, 0)
    await until(async () => (await app('front')).state === 'stopped', 5000, 'the stop')
    assert.equal((await set('1')).code, 0)
    await until(async () => (await app('front')).state === 'running', 5000, 'the start')
    assert.equal((await app('front')).restarts, before.restarts)
    noFailure(
      await traps.saw(/"front (was ended by SIGTERM|ended), as requested"[\s\S]*"front was started as PID \d+"/),
    )
  })

  test('castellan apps restart restarts, and refuses what it does not know', async () => {
    const before = await apps()
    const { code, out, err } = await appliance.castellan('apps', 'restart', 'front', 'sipd')
    assert.deepEqual(
      [code, err, out],
      [0, '', 'front: stopped, and start was asked for\nsipd: stopped, and start was asked for\n'],
    )
    await until(async () => (await apps()).every(({ status }) => status === 'up'), 10_000, 'the start')
    const after = await apps()
    for (const [at, { pid }] of before.entries()) {
      assert.notEqual(after[at]!.pid, pid)
      assert.equal(readProcess(pid), undefined)
    }
    const unknown = await appliance.castellan('apps', 'restart', 'gamma')
    assert.deepEqual([unknown.code, /there is no critical application gamma/.test(unknown.err)], [1, true])
  })
})
