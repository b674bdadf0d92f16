import assert from 'node:assert/strict'
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readEnvironment } from '../../lib/proc/process.ts'
import { Appliance, makeHome, until } from '../support/appliance.ts'
import { netsnmp, TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const proc = '.1.3.6.1.4.1.32473.12.29.1.1.1'
const traps = '.1.3.6.1.4.1.32473.12.29.3.0'
let appliance: Appliance
let daemon: TrapDaemon

interface ShownApp {
  readonly name: string
  readonly state: string
  readonly status: string
  readonly pid: number
}

describe('critical applications together', needs('snmpset', 'snmptrapd'), () => {
  before(async () => {
    appliance = new Appliance(await makeHome())
    const { root, conf } = appliance.at.home
    for (const name of ['alpha', 'beta']) {
      const path = join(root, name)
      writeFileSync(path, '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
      chmodSync(path, 0o755)
    }
    writeFileSync(
      join(conf, 'subagents', 'critagt.cnf'),
      [
        `critAppProcEntry 1 alpha ${root}/alpha - up false 100 true true true 5 nonVolatile "/usr/bin/touch ${root}/graceful"`,
        `critAppProcEntry 2 beta ${root}/beta - up true 100 true true true 5 nonVolatile - 3 60 1`,
        'critAppTrapWhenNotAllRunning true',
        'critAppTrapWhenAllRunning true',
        'critAppAllRunningInterval 1',
        '',
      ].join('\n'),
      { mode: 0o600 },
    )
    daemon = new TrapDaemon(appliance.at.trapPort)
    await daemon.started()
    assert.equal(await appliance.start(), undefined, appliance.output)
  })
  after(async () => {
    try {
      await appliance.castellan('apps', 'stop', 'alpha', 'beta')
      await until(async () => (await apps()).every(({ status }) => status === 'down'), 8000)
    } finally {
      await appliance.stop()
      await daemon.stop()
    }
  })

  const apps = async (): Promise<ShownApp[]> => JSON.parse((await appliance.castellan('apps', '--json')).out)
  const set = (column: number, value: string) =>
    netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, `${proc}.${column}.1`, 'i', value])

  test('critAppAllNowRunning comes when all run, and again at its interval', async () => {
    const seen = await daemon.saw(
      new RegExp(`${traps.replaceAll('.', '\\.')}\\.4\\s[\\s\\S]*${traps.replaceAll('.', '\\.')}\\.4\\s`),
      8000,
    )
    assert.match(seen, /"all 2 processes that are wanted run"/)
  })

  test('castellan apps shows them to people and programs, and sets them over SNMP', async () => {
    const [alpha] = await apps()
    assert.equal(readEnvironment(alpha!.pid, 'CASTELLAN_HOME'), appliance.at.home.root, 'so that no other adopts it')
    assert.match((await appliance.castellan('apps')).out, /^alpha +running +PID \d+, \d+ s +0 restarts, 0 ends\n/)
    daemon.forget()
    assert.equal((await appliance.castellan('apps', 'stop', 'alpha')).out, 'alpha: stop was asked for\n')
    await until(async () => (await apps())[0]?.state === 'stopped', 5000, 'the stop')
    assert.match((await appliance.castellan('apps', 'stop', 'gamma')).err, /there is no critical application gamma/)
    assert.equal((await appliance.castellan('apps', 'start', 'alpha')).code, 0)
    await until(async () => (await apps())[0]?.state === 'running', 5000, 'the start')
    assert.match(
      readFileSync(join(appliance.at.home.conf, 'subagents', 'critagt.cnf'), 'utf8'),
      /^critAppProcEntry 1 alpha /m,
    )
  })

  test('critAppNotAllRunning comes when one that is wanted goes, and names it', async () => {
    daemon.forget()
    const [, beta] = await apps()
    process.kill(beta!.pid, 'SIGKILL')
    const seen = await daemon.saw(new RegExp(`${traps.replaceAll('.', '\\.')}\\.3\\s`), 5000)
    assert.match(seen, /"beta is down: 1 of 2 processes run"/)
    assert.match(seen, /"beta was ended by SIGKILL, next try in 1\.\d s"/)
    await until(async () => (await apps())[1]?.state === 'running', 8000, 'the repair')
  })

  test('snmpset of critAppGracefulRestart runs the command, and is refused where there is none to run', async () => {
    const mark = join(appliance.at.home.root, 'graceful')
    assert.equal(existsSync(mark), false)
    const graceful = await set(24, '2')
    assert.equal(graceful.code, 0, graceful.err)
    await until(() => existsSync(mark), 2000)
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, `${proc}.24.1`])
    assert.equal(out.trim(), '1', 'it always reads idle')
    const refused = await netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, `${proc}.24.2`, 'i', '2'])
    assert.match(refused.err, /inconsistentValue/)
    const command = await netsnmp('snmpset', [
      '-v2c',
      '-ccspsAdmin',
      appliance.at.snmp,
      `${proc}.23.1`,
      's',
      '/bin/true',
    ])
    assert.match(command.err, /noAccess|notWritable/)
  })
})
