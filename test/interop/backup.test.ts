/** Backups of a running appliance, asked for over SNMP and on the command line. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isSoak, pause } from '../../bench/smoke.ts'
import { declaredNames } from '../../catalogue.ts'
import { Manager, ResponseError } from '../../snmp/manager/manager.ts'
import { Appliance, letWriteEverything, makeHome, type RunResult, runBin, until } from '../support/appliance.ts'
import { noSshdAsRoot, Sshd } from '../support/sshd.ts'

/** Five moments, and in the soak fifty. */
const killCount = isSoak ? 50 : 5

let appliance: Appliance
let manager: Manager
let folder: string
let gate: string

const object = (name: string) => {
  const oid = declaredNames.resolve(name)
  assert.ok(oid, name)
  return oid
}
const set = (values: Readonly<Record<string, string>>) =>
  manager.set(
    Object.entries(values).map(([name, text]) => {
      const syntax = declaredNames.objectOf(object(name))?.syntax
      const value = syntax?.parse(text)
      assert.ok(syntax && value !== undefined, `${name} ${text}`)
      return { name: object(name), value: syntax.toSnmp(value) }
    }),
  )
const read = async (name: string): Promise<string> => {
  const [varbind] = await manager.get([object(name)])
  return varbind ? declaredNames.formatValue(varbind.name, varbind.value) : ''
}
const utils = (...words: string[]): Promise<RunResult> =>
  runBin('utils', ['disaster_recovery', ...words, '--home', appliance.at.home.root], {
    CASTELLAN_RECOVERY_PASSPHRASE: 'a long passphrase',
  })
const startBackup = (job: number) =>
  set({ [`drsJobType.${job}`]: 'backup', [`drsJobDevice.${job}`]: '1', [`drsJobRowStatus.${job}`]: 'createAndGo' })
const openGate = (): void => writeFileSync(gate, '')
const shutGate = (): void => rmSync(gate)
const isRefused = (error: unknown): boolean => error instanceof ResponseError && error.status === 'inconsistentValue'
const ends = (job: number) =>
  until(async () => (await read(`drsJobStatus.${job}`)) === 'completed(4)', 60_000, 'the end of the job')

describe('backups of a running appliance', () => {
  before(async () => {
    const at = await makeHome()
    appliance = new Appliance(at)
    folder = join(at.home.root, 'device')
    mkdirSync(folder)
    // A job goes on for as long as the gate is shut.
    gate = join(at.home.root, 'open')
    writeFileSync(join(at.home.root, 'wait'), `until [ -e ${gate} ]; do sleep 0.05; done\n`)
    openGate()
    const conf = join(at.home.conf, 'subagents', 'backup.cnf')
    writeFileSync(
      conf,
      `${readFileSync(conf, 'utf8')}drsSourceEntry 1 GATE wait command "/bin/sh ${at.home.root}/wait" - 60\n`,
    )
    letWriteEverything(at.home)
    assert.equal(await appliance.start(), undefined, appliance.output)
    manager = new Manager({
      ...{ host: '127.0.0.1', port: at.snmpPort, retries: 5 },
      security: { version: 'v2c', community: 'everything' },
    })
    await until(async () => (await read('drsMasterAgentStatus.0')) === 'up(1)', 10_000, 'the backup module')
  })
  after(async () => {
    manager.close()
    await appliance.stop()
  })

  test('the file of devices is its owner’s alone', () => {
    assert.equal(statSync(join(appliance.at.home.conf, 'subagents', 'backup.cnf')).mode & 0o777, 0o600)
  })

  test('a device that is added is validated, and one whose folder is missing says which step failed', async () => {
    const added = await utils('device', 'add', 'disk', '--type', 'local', '--path', folder)
    assert.match(added.out, /^disk: ready, \d+ kB free$/m, added.err)
    assert.equal(await read('drsDeviceOperStatus.1'), 'ready(2)')
    const missing = await utils('device', 'add', 'lost', '--type', 'local', '--path', `${folder}/none`)
    assert.equal(missing.code, 1)
    assert.match(missing.out, /^lost: pathMissing: /)
    assert.equal((await utils('device', 'remove', 'lost')).code, 0)
    assert.equal((await utils('device', 'change', 'disk', '--keep', '9')).code, 0)
    assert.equal(await read('drsDeviceRetention.1'), '9')
  })

  test('without a recovery key a backup fails with what to do, and raises its alarm', async () => {
    const { code, out } = await utils('backup', 'disk')
    assert.equal(code, 1)
    assert.match(out, /failed: .*recovery key/)
    assert.equal(await read('drsAlarmId.1'), 'backupFailure(2)')
    assert.match((await utils('recovery_key', 'disk')).out, /^CASTELLAN RECOVERY SHEET/)
  })

  test('a backup that is started over SNMP shows how far it is, and refuses a second job until it ends', async () => {
    const job = Number(await read('drsJobNextIndex.0'))
    shutGate()
    await startBackup(job)
    assert.equal(await read('drsCurrentJob.0'), String(job))
    await assert.rejects(startBackup(job + 1), isRefused)
    const second = await utils('backup', 'disk')
    assert.equal(second.code, 4)
    assert.match(second.err, /is running/)
    await until(async () => (await read(`drsJobFeature.${job}`)) === 'GATE', 60_000, 'its last component')
    assert.equal(await read(`drsJobStatus.${job}`), 'running(2)')
    const upgrade = await utils('idle')
    assert.equal(upgrade.code, 4)
    assert.match(upgrade.err, /a backup job runs; wait for its end/)
    assert.equal(await read(`drsJobComponentStatus.${job}.10.1`), 'done(3)')
    openGate()
    await ends(job)
    assert.equal(await read(`drsJobResult.${job}`), 'succeeded(2)')
    assert.equal(await read(`drsJobPercent.${job}`), '100')
    assert.equal(await read(`drsJobComponentStatus.${job}.10.1`), 'done(3)')
    assert.equal(await read('drsLastBackupResult.0'), 'succeeded(2)')
    assert.equal(await read('drsCurrentJob.0'), '0')
    assert.equal(await read('drsAlarmCleared.1'), 'true(1)')
  })

  test('it is in the history and among the files of its device', async () => {
    const job = Number(await read('drsJobNextIndex.0')) - 1
    const name = await read(`drsJobFileName.${job}`)
    assert.equal(await read(`drsHistoryFileName.1.${job}`), name)
    await until(async () => (await read('drsFileName.1.1')) === name, 10_000, 'the list of the device')
    assert.equal(await read('drsFileRestorable.1.1'), 'true(1)')
    assert.ok(readdirSync(folder).includes(`${name}.set`))
    assert.match((await utils('show_backupfiles', 'disk')).out, new RegExp(name))
    assert.match((await utils('history', 'backup', '--json')).out, new RegExp(name))
    assert.match((await utils('status')).out, new RegExp(`succeeded, ${name}`))
  })

  test('a job outlives the subagents, and is followed to its end by the next ones', async () => {
    const job = Number(await read('drsJobNextIndex.0'))
    shutGate()
    await startBackup(job)
    await appliance.stopDaemon('subagents')
    assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
    await until(async () => (await read('drsCurrentJob.0')) === String(job), 10_000, 'the job as it goes on')
    openGate()
    await until(async () => (await read(`drsHistoryResult.1.${job}`)) === 'succeeded(2)', 60_000, 'its end')
  })

  test('a drill passes beside the appliance, which listens on the same ports', async () => {
    await until(() => appliance.sipdPid() !== undefined, 20_000, 'sipd')
    const { code, out, err } = await utils('drill', 'disk')
    assert.equal(code, 0, `${out}${err}`)
    assert.equal(await read('drsLastDrillResult.0'), 'succeeded(2)')
  })

  test('a device that a schedule uses is kept, and the default schedule keeps its name', async () => {
    await set({ 'drsScheduleDevice.1': '1' })
    await assert.rejects(set({ 'drsDeviceRowStatus.1': 'destroy' }), isRefused)
    await assert.rejects(set({ 'drsScheduleName.1': 'other' }), isRefused)
  })

  test('a network device is pinned over SNMP by the key that it showed, and takes a backup', {
    skip: noSshdAsRoot,
  }, async () => {
    const sshd = await Sshd.start()
    const path = mkdtempSync(join(tmpdir(), 'castellan-far-'))
    try {
      const { userName } = sshd.settings(path)
      const columns: Readonly<Record<string, string>> = {
        drsDeviceName: 'far',
        drsDeviceType: 'network',
        drsDeviceServer: '127.0.0.1',
        drsDevicePort: String(sshd.port),
        drsDevicePath: path,
        drsDeviceUserName: userName,
        drsDevicePrivateKey: sshd.privateKey,
        drsDeviceRowStatus: 'createAndGo',
      }
      const index = Number(await read('drsDeviceNextIndex.0'))
      await set(Object.fromEntries(Object.entries(columns).map(([name, value]) => [`${name}.${index}`, value])))
      const isChecked = (status: string) => async () => (await read(`drsDeviceOperStatus.${index}`)) === status
      // What was found out belongs to a device that was validated without a pinned key.
      await until(async () => (await read(`drsDeviceShownHostKey.${index}`)) === sshd.fingerprint, 20_000, 'its key')
      await set({ [`drsDeviceHostKey.${index}`]: sshd.fingerprint })
      await until(isChecked('ready(2)'), 20_000, 'the device')
      assert.doesNotMatch(await read(`drsDevicePrivateKey.${index}`), /PRIVATE KEY/)
      const job = Number(await read('drsJobNextIndex.0'))
      const row: Readonly<Record<string, string>> = { drsJobDevice: String(index), drsJobRowStatus: 'createAndGo' }
      await set(Object.fromEntries(Object.entries(row).map(([name, value]) => [`${name}.${job}`, value])))
      await ends(job)
      assert.equal(await read(`drsJobError.${job}`), '')
      const name = await read(`drsJobFileName.${job}`)
      assert.ok(readdirSync(path).includes(`${name}.set`))
      await until(async () => (await read(`drsFileName.${index}.1`)) === name, 20_000, 'the list of the device')
      await set({ [`drsDeviceRowStatus.${index}`]: 'destroy' })
    } finally {
      await sshd.stop()
      rmSync(path, { recursive: true })
    }
  })

  test('the trace files of DRS say what the module, the jobs and people did, and no secret', async () => {
    const trace = (name: string): string => readFileSync(join(appliance.at.home.logs, 'subagents', name), 'utf8')
    assert.match(trace('drfMA'), /backup: a backup job was started job=\d+ type=backup/)
    assert.match(trace('drfLA'), /backup \d+: wrote castellan_\S+ to disk: \d+ octets/)
    assert.match(trace('drfConfLib'), /device added name=disk/)
    assert.match(trace('drfConfLib'), /device changed: drsDeviceRetention, drsDeviceValidate name=disk/)
    assert.match(trace('drfConfLib'), /backup asked for job=\d+ trigger=manual/)
    for (const name of ['drfMA', 'drfLA', 'drfConfLib']) assert.doesNotMatch(trace(name), /PRIVATE KEY/)
  })

  test('a schedule shows its next five runs, and a job of a person is manual in the history', async () => {
    const runs = await utils('schedule', 'runs', 'default', '--json')
    assert.equal(JSON.parse(runs.out).nextRuns.length, 5, runs.out + runs.err)
    assert.equal((await utils('idle')).code, 0)
    assert.equal(await read('drsHistoryTrigger.1.1'), 'manual(1)')
  })

  test('subagents that are killed at any moment of a backup lose nothing of it', async () => {
    for (let i = 0; i < killCount; i++) {
      const job = Number(await read('drsJobNextIndex.0'))
      await startBackup(job)
      await pause(Math.random() * 1000)
      await appliance.stopDaemon('subagents', 'SIGKILL')
      assert.equal(await appliance.startDaemon('subagents'), undefined, appliance.output)
      await until(async () => (await read('drsMasterAgentStatus.0').catch(() => '')) === 'up(1)', 20_000, 'the module')
      await until(async () => (await read('drsCurrentJob.0')) === '0', 60_000, 'the end of the job')
      const names = readdirSync(folder)
      assert.deepEqual(
        names.filter((name) => name.endsWith('.part')),
        [],
      )
      assert.match(await read(`drsHistoryResult.1.${job}`), /^succeeded/)
    }
    for (const name of readdirSync(folder).filter((one) => one.endsWith('.set'))) {
      const { code, out, err } = await utils('verify', 'disk', name.slice(0, -'.set'.length))
      assert.equal(code, 0, out + err)
    }
  })

  test('drsScheduleRunNow runs what the schedule says, with the schedule as its trigger', async () => {
    const job = Number(await read('drsJobNextIndex.0'))
    await set({ 'drsScheduleRunNow.1': 'run' })
    await ends(job)
    assert.equal(await read(`drsJobTrigger.${job}`), 'schedule(2)')
    assert.equal(await read('drsScheduleLastResult.1'), 'succeeded(2)')
  })
})
