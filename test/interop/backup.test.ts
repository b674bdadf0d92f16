/** Backups of a running appliance, asked for over SNMP and on the command line. */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { declaredNames } from '../../catalogue.ts'
import { Manager, ResponseError } from '../../snmp/manager/manager.ts'
import { Appliance, letWriteEverything, makeHome, type RunResult, runBin, until } from '../support/appliance.ts'

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

  test('drsScheduleRunNow runs what the schedule says, with the schedule as its trigger', async () => {
    const job = Number(await read('drsJobNextIndex.0'))
    await set({ 'drsScheduleRunNow.1': 'run' })
    await ends(job)
    assert.equal(await read(`drsJobTrigger.${job}`), 'schedule(2)')
    assert.equal(await read('drsScheduleLastResult.1'), 'succeeded(2)')
  })
})
