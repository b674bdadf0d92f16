import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { ping } from '../../sipd/control/ping/exchange.ts'
import { type Appliance, runBin, until } from '../support/appliance.ts'
import type { TrapDaemon } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'
import { RepairedAppliance, rows } from '../support/repair.ts'

let repaired: RepairedAppliance
let appliance: Appliance
let traps: TrapDaemon

describe('what dies is repaired', needs('snmpget', 'snmptrapd'), () => {
  before(async () => {
    repaired = await RepairedAppliance.start()
    appliance = repaired.appliance
    traps = repaired.traps
  })
  after(() => repaired.stop())
  const apps = () => repaired.apps()

  test('the commands of Cisco SIP Proxy Server do what they did, letter by letter', async () => {
    const at = `localhost:${appliance.at.snmpPort}`
    const noHome = join(appliance.at.home.root, 'none') // as typed on another machine
    const tool = async (command: string): Promise<string> => {
      const [name = '', ...words] = command.split(' ')
      const { code, out, err } = await runBin(name, words, { CASTELLAN_HOME: noHome })
      assert.equal(code, 0, err)
      return out.trim()
    }
    assert.equal(await tool(`setany -v2c ${at} cspsAdmin critAppAdminStatus.1 1`), 'critAppAdminStatus.1 = up(1)')
    assert.equal(await tool(`getone -v2c ${at} cspsAdmin critAppOperStatus.1`), 'critAppOperStatus.1 = up(1)')
    assert.equal(await tool(`setany -v2c ${at} cspsAdmin critAppAdminStatus.1 2`), 'critAppAdminStatus.1 = down(2)')
    await until(async () => !(await repaired.isUp(rows.sipd)), 5000, 'the stop')
    await tool(`setany -v2c ${at} cspsAdmin critAppAdminStatus.1 1`)
    await until(() => repaired.isUp(rows.sipd), 8000, 'the start')
  })

  test('sipd is up because it answers OPTIONS', async () => {
    assert.equal((await apps())[0]?.health, 'healthy')
    assert.match((await appliance.castellan('apps')).out, /^sipd +(running|adopted) .* health healthy/m)
  })

  test('a death of a process in front is seen and repaired', async () => {
    await repaired.kill('front')
    await traps.saw(/"front was ended by SIGKILL, next try in 1\.\d s"[\s\S]*"front was started as PID \d+"/, 10_000)
    assert.ok(await repaired.isUp(rows.front))
  })

  test('a death of sipd is seen and repaired, and OPTIONS are answered again', async () => {
    await repaired.kill('sipd')
    await traps.saw(/"sipd was (killed or crashed: it left its PID file behind|ended by SIGKILL)/, 10_000)
    await traps.saw(/"sipd was started as PID \d+"/, 20_000)
    assert.ok(await repaired.isUp(rows.sipd))
    const { sipPort: port } = appliance.at
    const target = { uri: `sip:127.0.0.1:${port}`, transport: 'UDP', address: '127.0.0.1', port } as const
    assert.equal((await ping(target, 5000, systemClock)).status, 200)
  })

  test('one that dies at once for ever is failed within its window', async () => {
    traps.forget()
    assert.equal((await appliance.castellan('apps', 'start', 'flaps')).code, 0)
    // 0.1, 0.2, 0.4, 0.8 and 1.6 s between the six tries.
    await traps.saw(/flaps ended too often, sixth time in 1 min/, 30_000)
    const flaps = (await apps())[2]!
    assert.equal(flaps.state, 'failed')
    assert.match(flaps.lastError, /ended too often/)
  })

  test('setting up over SNMP what is up by its row and failed is the way out', async () => {
    writeFileSync(join(appliance.at.home.root, 'flaps'), '#!/bin/sh\nwhile :; do sleep 0.1; done\n')
    assert.equal((await appliance.castellan('apps', 'start', 'flaps')).code, 0)
    await until(async () => (await apps())[2]?.state === 'running', 5000, 'the start')
    await appliance.castellan('apps', 'stop', 'flaps', 'front')
    await until(async () => (await apps()).slice(1).every(({ state }) => state === 'stopped'), 8000, 'the stop of both')
    await appliance.castellan('apps', 'start', 'front')
    await until(async () => (await apps())[1]?.state === 'running', 5000, 'the start')
  })

  test('what cannot be done is said in a sentence, and nothing of the command happens', async () => {
    const { code, err } = await appliance.castellan('apps', 'graceful', 'flaps')
    assert.equal(code, 1)
    assert.match(err, /flaps: graceful was refused, and nothing happened: it is stopped, or has no graceful command/)
  })

  test('one that is killed while the subagents are down is started by the next ones; the others are adopted', async () => {
    const [sipd, front] = await apps()
    await appliance.stopDaemon('subagents', 'SIGKILL')
    process.kill(front!.pid, 'SIGKILL')
    assert.ok(readProcess(sipd!.pid), 'sipd goes on')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await until(async () => (await apps()).slice(0, 2).every(({ status }) => status === 'up'), 5000, 'both')
    const [sipdNow, frontNow] = await apps()
    assert.deepEqual([sipdNow!.state, sipdNow!.pid], ['adopted', sipd!.pid])
    assert.equal(frontNow!.state, 'running')
    assert.notEqual(frontNow!.pid, front!.pid)
  })
})
