/** The console beside an agent: what init gives it, what it is told, and that neither needs the other. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { declaredNames } from '../../catalogue.ts'
import { readConsoleConfig } from '../../console/config.ts'
import { consoleCredentialsPath, readConsoleCredentials } from '../../console/credentials.ts'
import type { KeptEvent } from '../../console/history/event.ts'
import { pidFileOf } from '../../lib/home/home.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import type { Target } from '../../views/targets.ts'
import { Appliance, makeHome, until } from '../support/appliance.ts'

describe('the console', () => {
  let appliance: Appliance
  before(async () => {
    appliance = new Appliance(await makeHome())
    const init = await appliance.castellan('init')
    assert.match(init.out, /^gave the console the SNMP users consoleRead and consoleOperate, and the agent a target/m)
    for (const daemon of ['agent', 'console'] as const)
      assert.equal(await appliance.startDaemon(daemon), undefined, appliance.output)
  })
  after(() => appliance.stop())

  const consoleTarget = async (): Promise<Target | undefined> => {
    const { out, err } = await appliance.castellan('targets', '--json')
    const found = JSON.parse(out || err) as Target[]
    return found.find(({ name }) => name === 'castellanConsole')
  }

  test('is given its users once: init says nothing of them a second time, and check has no complaint', async () => {
    assert.match((await appliance.castellan('init')).out, /has everything already/)
    assert.deepEqual(await appliance.castellan('check'), {
      code: 0,
      out: 'all configuration files are good\n',
      err: '',
    })
  })

  test('keeps the passphrases where only its user can read them; snmpd.cnf has keys alone', async () => {
    const { home } = appliance.at
    assert.equal(statSync(consoleCredentialsPath(home)).mode & 0o777, 0o600)
    const credentials = await readConsoleCredentials(home)
    const snmpd = readFileSync(`${home.conf}/agent/snmpd.cnf`, 'utf8')
    for (const { auth, priv } of Object.values(credentials ?? {})) {
      assert.ok(auth && !snmpd.includes(auth.passphrase))
      assert.ok(priv && !snmpd.includes(priv.passphrase))
    }
  })

  test('reads what was notified, and neither keys nor commands', async () => {
    const { home } = appliance.at
    const { agentAddress } = await readConsoleConfig(home)
    const { read } = (await readConsoleCredentials(home))!
    const manager = new Manager({ ...agentAddress, security: { version: 'v3', credentials: read } })
    const count = async (name: string): Promise<number> => {
      let found = 0
      for await (const _ of manager.walk(declaredNames.resolve(name)!)) found++
      return found
    }
    assert.ok((await count('nlmLogVariableTable')) > 0)
    for (const secret of ['usmUserTable', 'snmpCommunityTable', 'hrSWRunParameters', 'critAppStartCommand'])
      assert.equal(await count(secret), 0, secret)
    manager.close()
  })

  test('acknowledges what the agent informs it of, also after the agent was killed and after it was itself', async () => {
    const acknowledges = async (count: number): Promise<void> =>
      until(async () => ((await consoleTarget())?.acknowledged ?? 0) >= count, 10_000, 'the acknowledgement')
    await acknowledges(1)
    await appliance.stopDaemon('agent', 'SIGKILL')
    assert.ok(existsSync(pidFileOf(appliance.at.home, 'console')))
    assert.equal(await appliance.startDaemon('agent'), undefined)
    await acknowledges(1)
    await appliance.stopDaemon('console', 'SIGKILL')
    const before = (await consoleTarget())!.acknowledged
    assert.equal(await appliance.startDaemon('console'), undefined, appliance.output)
    assert.equal((await appliance.castellan('reload')).code, 0)
    await acknowledges(before + 1)
    // What was notified while it was away is in its history as well, and nothing of it twice.
    const kept = async (): Promise<string[]> => {
      const { out } = await appliance.castellan('notifications', '--json')
      return (JSON.parse(out) as KeptEvent[]).map(({ name }) => name)
    }
    await until(async () => (await kept()).at(-1) === 'warmStart', 10_000, 'the last notification')
    const names = await kept()
    assert.deepEqual(
      ['coldStart', 'warmStart'].map((name) => names.filter((one) => one === name).length),
      [2, 1],
      names.join(' '),
    )
  })
})
