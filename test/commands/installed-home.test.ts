import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { openConfiguration } from '../../commands/agent/configuration.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { isInstalledPath } from '../../lib/home/installed.ts'
import { Appliance, makeHome, runBin } from '../support/appliance.ts'
import { complaintsOf, withFile } from '../support/check-home.ts'

const made: string[] = []
afterEach(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true, force: true })
})

function folder(): Home {
  const home = resolveHome(join(mkdtempSync(join(tmpdir(), 'installed-')), 'home'))
  made.push(join(home.root, '..'))
  return home
}

const onAllAddresses = (text: string): string => text.replace(/^snmpListenEntry .*$/m, 'snmpListenEntry 0.0.0.0:161')

test('an installed home is made without communities, and is good on every address', async () => {
  const home = folder()
  const { code, err } = await runBin('castellan', ['init', '--home', home.root, '--installed'])
  assert.equal(code, 0, err)
  assert.deepEqual((await openConfiguration(home)).internal.communities(), [])
  assert.deepEqual(await complaintsOf(home), [])
  await withFile(home, 'agent/snmpd.cnf', onAllAddresses, async () => assert.deepEqual(await complaintsOf(home), []))
})

test('an installed home whose snmpd.cnf is gone gets one without communities again', async () => {
  const home = folder()
  await initializeHome(home, 0, true)
  rmSync(join(home.conf, 'agent', 'snmpd.cnf'))
  assert.equal((await runBin('castellan', ['init', '--home', home.root])).code, 0)
  assert.deepEqual((await openConfiguration(home)).internal.communities(), [])
})

test('what castellan init makes below /etc and /var/lib is an installed home, and a checkout is none', async () => {
  assert.deepEqual(
    ['/etc/castellan', '/var/lib/castellan', '/opt/castellan/var', '/root/castellan/var', '/home/ann/c/var'].map(
      isInstalledPath,
    ),
    [true, true, true, false, false],
  )
  const home = folder()
  await initializeHome(home, 0)
  assert.equal((await openConfiguration(home)).internal.communities().length, 2)
})

test('check and start refuse default communities on a public address with exit code 4, the place and what to do', async () => {
  const appliance = new Appliance(await makeHome())
  const { home, snmpPort } = appliance.at
  made.push(home.root)
  const edit = (text: string): string => onAllAddresses(text).replace('0.0.0.0:161', `0.0.0.0:${snmpPort}`)
  await withFile(home, 'agent/snmpd.cnf', edit, async () => {
    const lines = readFileSync(join(home.conf, 'agent', 'snmpd.cnf'), 'utf8').split('\n')
    const line = 1 + lines.findIndex((one) => one.startsWith('snmpCommunityEntry public'))
    const place = `snmpd.cnf:${line}:27: this community is one that everybody tries, and 0.0.0.0:${snmpPort} takes it from any address; use SNMPv3 users`
    const checked = await appliance.castellan('check')
    assert.equal(checked.code, 4, checked.out)
    assert.ok(checked.out.includes(place), checked.out)
    const { findings } = JSON.parse((await appliance.castellan('check', '--json')).out)
    assert.ok(findings.every(({ isRefused }: { isRefused?: boolean }) => isRefused))
    for (const words of [['start'], ['start', '--detach']]) {
      const started = await appliance.castellan(...words)
      assert.equal(started.code, 4, started.err)
      assert.ok(started.err.includes(place), started.err)
    }
    assert.equal(await appliance.startDaemon('agent'), 4)
  })
})
