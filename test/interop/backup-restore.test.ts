/** An appliance that was lost answers SNMP and SIP as before once its backup is restored; a running one is stopped and started for it. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { BindingsFile } from '../../sipd/location/bindings-file.ts'
import {
  Appliance,
  letWriteEverything,
  makeHome,
  passphrase,
  type RunResult,
  runBin,
  until,
} from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'
import { bindingsOf, openUdp } from '../support/sip-client.ts'

const recovery = 'a long passphrase'
const registrationCount = 20_000
const odd = ['with space', 'quotes\'"', 'line\nbreak', 'über-日本語']

describe('an appliance and its backup', needs('snmpget', 'snmpwalk', 'snmpset'), () => {
  let appliance: Appliance
  let device: string
  const root = () => appliance.at.home.root
  const utils = (...words: string[]): Promise<RunResult> =>
    runBin('utils', ['disaster_recovery', ...words, '--home', root()], { CASTELLAN_RECOVERY_PASSPHRASE: recovery })
  const v3 = [
    '-v3',
    '-l',
    'authPriv',
    '-u',
    'nms',
    '-a',
    'SHA-256',
    '-A',
    passphrase.auth,
    '-x',
    'AES',
    '-X',
    passphrase.priv,
  ]
  const snmp = async (tool: string, ...args: string[]): Promise<string> => {
    const { code, out, err } = await netsnmp(tool, [...v3, appliance.at.snmp, ...args])
    assert.equal(code, 0, `${tool} ${args.join(' ')}: ${err}`)
    return out
  }
  const engine = (column: number): Promise<string> => snmp('snmpget', '-Oqv', `.1.3.6.1.6.3.10.2.1.${column}.0`)
  /** What says who asks, what is configured and what was set. */
  const answers = async (): Promise<readonly string[]> => {
    const drs = '.1.3.6.1.4.1.32473.12.101'
    const of = (subtree: string): Promise<string> => snmp('snmpwalk', subtree)
    const columns = [2, 3, 4, 5, 6, 7].map((column) => of(`${drs}.5.1.${column}`))
    return Promise.all([
      ...['.1.3.6.1.2.1.1.4', '.1.3.6.1.2.1.1.6', '.1.3.6.1.6.3.15.1.2.2.1.5', '.1.3.6.1.6.3.16.1.2.1.3'].map(of),
      ...[2, 6, 11].map((column) => of(`${drs}.2.1.${column}`)),
      ...columns,
    ])
  }
  const contacts = async (): Promise<readonly string[][]> => {
    const client = await openUdp({ host: '127.0.0.1', port: appliance.at.sipPort })
    try {
      const found: string[][] = []
      for (const user of [0, 777, registrationCount - 1]) found.push(await bindingsOf(client, `user${user}`))
      return found
    } finally {
      client.close()
    }
  }
  const start = async (): Promise<void> => {
    assert.equal(await appliance.start(), undefined, appliance.output)
    await until(() => appliance.sipdPid() !== undefined, 20_000, 'sipd')
  }

  before(async () => {
    const at = await makeHome()
    appliance = new Appliance(at)
    letWriteEverything(at.home)
    appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), 'ProxyDomain example.test\n')
    device = mkdtempSync(join(tmpdir(), 'castellan-device-'))
    const folder = join(at.home.conf, 'agent', 'odd "names"')
    mkdirSync(folder)
    for (const name of odd) writeFileSync(join(folder, name), name)
    const sparse = openSync(join(at.home.data, 'sipd', 'sparse'), 'w')
    ftruncateSync(sparse, 256 << 20)
    writeSync(sparse, 'end', (256 << 20) - 3)
    closeSync(sparse)
    const file = new BindingsFile(join(at.home.data, 'sipd', 'registry_db.sqlite'))
    const traits = { cseq: 1, q: 1000, expiresAtMs: Date.now() + 86_400_000, flow: undefined, path: [] }
    const more = { userAgent: 'test', instance: '', source: '', features: '' }
    file.write(
      Array.from({ length: registrationCount }, (_, i) => [
        `sip:user${i}@example.test`,
        [{ contact: `sip:user${i}@192.0.2.1:5060`, callId: `call${i}`, ...traits, ...more }],
      ]),
    )
    file.close()
    assert.equal((await appliance.castellan('user', 'add', 'nms', '--group', 'admin')).code, 0)
    await start()
  })
  after(async () => {
    await appliance.castellan('stop')
    await appliance.stop()
    rmSync(device, { recursive: true, force: true })
  })

  test('a destroyed home that castellan-restore brings back answers SNMP and SIP as before, with higher engineBoots', async () => {
    assert.match((await utils('device', 'add', 'disk', '--type', 'local', '--path', device)).out, /^disk: ready/)
    const sheet = await utils('recovery_key', 'disk')
    const fingerprint = /SHA256:[A-Za-z0-9+/]{43}/.exec(sheet.out)?.[0] ?? ''
    assert.equal(
      (await utils('schedule', 'change', 'default', '--device', 'disk', '--start', '2030-12-01T02:30')).code,
      0,
    )
    assert.equal((await utils('schedule', 'enable', 'default')).code, 0)
    await snmp('snmpset', '.1.3.6.1.2.1.1.4.0', 's', 'somebody else')
    const [before, contactsBefore, engineId] = [await answers(), await contacts(), await engine(1)]
    assert.ok(
      contactsBefore.every((found) => found.length === 1),
      JSON.stringify(contactsBefore),
    )
    const backup = await utils('backup', 'disk', '--features', 'SIPD')
    assert.equal(backup.code, 0, backup.out + backup.err)

    for (let i = 0; i < 5; i++) {
      await appliance.stopDaemon('agent')
      assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    }
    const lastBoots = Number(await engine(2))
    await appliance.stopDaemon('subagents')
    await appliance.stopDaemon('agent')
    const sipd = appliance.sipdPid()
    if (sipd !== undefined) process.kill(sipd, 'SIGKILL')
    for (const name of readdirSync(root())) rmSync(join(root(), name), { recursive: true })

    const words = ['--from', device, '--fingerprint', fingerprint, '--node', hostname(), '--home', root()]
    const restored = spawnSync(join(programRoot, 'bin', 'castellan-restore'), words, {
      input: `${recovery}\n`,
      encoding: 'utf8',
    })
    assert.equal(restored.status, 0, restored.stdout + restored.stderr)
    assert.deepEqual(readdirSync(join(root(), 'conf', 'agent', 'odd "names"')).sort(), odd.toSorted())
    await start()
    assert.equal(await engine(1), engineId)
    assert.ok(Number(await engine(2)) > lastBoots + 900)
    assert.deepEqual(await answers(), before)
    assert.deepEqual(await contacts(), contactsBefore)
  })

  test('a restore stops the daemons that run, and starts them again with what was restored', async () => {
    await snmp('snmpset', '.1.3.6.1.2.1.1.4.0', 's', 'changed after the backup')
    const pids = [appliance.agentPid, appliance.subagentsPid]
    const [, name = ''] = /(castellan_\S+)/.exec((await utils('show_backupfiles', 'disk')).out) ?? []
    const { code, out, err } = await utils('restore', 'disk', name)
    assert.equal(code, 0, out + err)
    assert.match(out, /^restore \d+: succeeded/m)
    const runs = await appliance.castellan('status', '--json')
    // The console was not started here, and is not started by a restore.
    const all: { name: string; running: boolean; pid: number }[] = JSON.parse(runs.out)
    const daemons = all.filter(({ name }) => name !== 'console')
    assert.ok(
      daemons.every(({ running }) => running),
      runs.out,
    )
    assert.ok(daemons.every(({ pid }) => !pids.includes(pid)))
    assert.match(await snmp('snmpget', '-Oqv', '.1.3.6.1.2.1.1.4.0'), /somebody else/)
    assert.match((await utils('history', 'restore')).out, /manual|succeeded/)
    assert.match((await utils('idle')).out, /no backup job runs/)
  })
})
