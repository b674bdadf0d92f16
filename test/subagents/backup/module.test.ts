import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../support/appliance.ts'
import { backupBench, startMs } from './bench.ts'

const dayMs = 86_400_000
const ready = async (bench: Awaited<ReturnType<typeof backupBench>>, index = 1) =>
  until(async () => (await bench.get(`drsDeviceOperStatus.${index}`)) === 'ready(2)', 5000, 'the device')

test('a new device is validated, and again when it becomes another', async () => {
  const bench = await backupBench({ answer: { freeBytes: 4096, hostKey: 'SHA256:x' } })
  assert.equal(await bench.addDevice(1), 'noError')
  await ready(bench)
  assert.equal(await bench.get('drsDeviceFreeKBytes.1'), '4')
  assert.equal(await bench.set({ 'drsDeviceRetention.1': '5' }), 'noError')
  assert.equal(bench.asked.length, 1, 'the same device')
  await bench.set({ 'drsDevicePath.1': '/other' })
  assert.deepEqual(
    bench.asked.map(({ question, device }) => [question, device.type === 'local' && device.path]),
    [
      ['validate', '/backup'],
      ['validate', '/other'],
    ],
  )
})

test('a device that fails shows why and what to do', async () => {
  const failure = { fault: 'authFailed', step: 'logIn', sentence: 'log in failed; check the password' } as const
  const bench = await backupBench({ answer: { failure } })
  await bench.addDevice(1)
  await until(async () => (await bench.get('drsDeviceOperStatus.1')) === 'authFailed(4)', 5000)
  assert.equal(await bench.get('drsDeviceError.1'), failure.sentence)
})

test('names of devices are letters, digits, space, dash and underscore, and each its own; ten are the most', async () => {
  const bench = await backupBench()
  assert.equal(await bench.addDevice(1, { drsDeviceName: 'a/b' }), 'wrongValue')
  for (let index = 1; index <= 10; index++) assert.equal(await bench.addDevice(index), 'noError')
  assert.equal(await bench.addDevice(11), 'resourceUnavailable')
  assert.equal(await bench.get('drsDeviceNextIndex.0'), '0')
  assert.equal(await bench.set({ 'drsDeviceName.2': 'disk 1' }), 'inconsistentValue')
})

test('a network device without a server is not active', async () => {
  const bench = await backupBench()
  assert.equal(await bench.addDevice(1, { drsDeviceType: 'network' }), 'inconsistentValue')
  assert.equal(bench.asked.length, 0)
})

test('a job starts with its row, shows how far it is, and a second one is refused until it ends', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  assert.equal(await bench.startJob(1, { drsJobDevice: '1', drsJobFeatures: 'AGENT' }), 'noError')
  const request = await bench.requestOf(1)
  assert.ok(request?.type === 'backup' && request.device.name === 'disk 1' && request.trigger === 'snmp')
  assert.deepEqual(request.features, ['AGENT'])
  assert.equal(await bench.startJob(2), 'inconsistentValue')
  const component = { feature: 'AGENT', component: 'home', state: 'active', percent: 40, error: '' } as const
  await bench.says({ percent: 20.7, feature: 'AGENT', component: 'home', components: [component] })
  await until(async () => (await bench.get('drsJobStatus.1')) === 'running(2)', 5000)
  assert.equal(await bench.get('drsJobPercent.1'), '20')
  assert.equal(await bench.get('drsJobComponentPercent.1.10.1'), '40')
  assert.equal(await bench.get('drsCurrentJob.0'), '1')
  assert.equal(await bench.set({ 'drsJobRowStatus.1': 'destroy' }), 'inconsistentValue')
  await bench.ends(1)
  assert.equal(await bench.get('drsCurrentJob.0'), '0')
  assert.equal(await bench.startJob(2), 'noError')
  await until(() => bench.told.includes('drsJobCompleted: backup 1 ended: succeeded'), 5000)
})

test('a job without a device, a restore without a backup, and an unknown feature are refused', async () => {
  const bench = await backupBench()
  assert.equal(await bench.startJob(1), 'inconsistentValue')
  await bench.addDevice(1)
  assert.equal(await bench.startJob(1, { drsJobType: 'restore', drsJobDevice: '1' }), 'inconsistentValue')
  assert.equal(await bench.startJob(1, { drsJobFeatures: 'NONE', drsJobDevice: '1' }), 'inconsistentValue')
  assert.equal(
    await bench.startJob(2_000_000, { drsJobDevice: '1' }),
    'inconsistentValue',
    'it would use up the numbers',
  )
  assert.equal(bench.started.length, 0)
})

test('a job that was told to end says so, and nothing may be changed in what was asked', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  assert.equal(await bench.set({ 'drsJobFeatures.1': 'AGENT' }), 'inconsistentValue')
  assert.equal(await bench.set({ 'drsJobControl.1': 'cancel' }), 'noError')
  await until(async () => (await bench.get('drsJobStatus.1')) === 'canceling(3)', 5000)
  await bench.ends(1, { result: 'canceled' })
  assert.equal(await bench.get('drsJobResult.1'), 'canceled(5)')
  assert.equal(await bench.set({ 'drsJobControl.1': 'cancel' }), 'inconsistentValue')
})

test('a job whose process is gone without a word of its end was interrupted, and raises an alarm', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  await bench.says({ startTicks: '1' })
  await until(async () => (await bench.get('drsJobResult.1')) === 'interrupted(6)', 5000)
  assert.equal(await bench.get('drsAlarmId.1'), 'internalProcessFailure(4)')
})

test('a program that cannot be started fails its job with the reason', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  bench.exit('the program of the job could not be started: no memory')
  await until(async () => (await bench.get('drsJobResult.1')) === 'failed(4)', 5000)
  assert.match(await bench.get('drsJobError.1'), /no memory/)
})

test('alarms of a job are raised once each, and cleared by the next one that succeeds', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  const alarms = [{ id: 'sftpFailure', text: 'the transfer broke off; look at the server', object: 'disk 1' }] as const
  await bench.says({ alarms })
  await until(async () => (await bench.get('drsAlarmId.1')) === 'sftpFailure(17)', 5000)
  await bench.ends(1, { alarms, result: 'failed', error: 'it broke off' })
  assert.equal(await bench.get('drsAlarmId.2'), 'noSuchInstance')
  await bench.startJob(2)
  await bench.requestOf(2)
  await bench.ends(2)
  await until(async () => (await bench.get('drsAlarmCleared.1')) === 'true(1)', 5000)
  assert.deepEqual(
    bench.told.filter((line) => line.startsWith('drsSftpFailure')),
    [`drsSftpFailure: ${alarms[0].text}`, `drsSftpFailure: over: ${alarms[0].text}`],
  )
})

test('the history outlives the process, and keeps the last jobs of each type', async () => {
  const first = await backupBench()
  await first.addDevice(1)
  await first.set({ 'drsHistoryLimit.0': '2' })
  for (const job of [1, 2, 3]) {
    await until(async () => (await first.startJob(job)) === 'noError', 5000)
    await first.requestOf(job)
    await first.ends(job)
    await until(async () => (await first.get(`drsHistoryResult.1.${job}`)) === 'succeeded(2)', 5000)
  }
  await first.module.stop?.()
  const second = await backupBench({ folder: first.folder })
  assert.equal(await second.get('drsHistoryResult.1.1'), 'noSuchInstance')
  assert.equal(await second.get('drsHistoryResult.1.2'), 'succeeded(2)')
  assert.equal(await second.get('drsLastBackupResult.0'), 'succeeded(2)')
  assert.equal(await second.get('drsJobNextIndex.0'), '4')
})

test('a schedule runs when it is due, with its features, and its result is that of its job', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  const schedule = { 'drsScheduleName.1': 'default', 'drsScheduleDevice.1': '1', 'drsScheduleFrequency.1': 'daily' }
  const start = new Date(startMs + 3_600_000).toISOString()
  const rest = { 'drsScheduleStart.1': start, 'drsScheduleAdminStatus.1': 'enabled' }
  assert.equal(await bench.set({ ...schedule, ...rest, 'drsScheduleRowStatus.1': 'createAndGo' }), 'noError')
  assert.equal(await bench.set({ 'drsScheduleFeatureRowStatus.1.10': 'createAndGo' }), 'noError')
  assert.equal(await bench.get('drsScheduleNextRun.1'), start)
  bench.clock.advance(3_600_000)
  const request = await bench.requestOf(1)
  assert.ok(request?.trigger === 'schedule' && request.schedule === 1)
  assert.deepEqual(request.features, ['AGENT'])
  await bench.ends(1)
  await until(async () => (await bench.get('drsScheduleLastResult.1')) === 'succeeded(2)', 5000)
  assert.equal(await bench.set({ 'drsDeviceRowStatus.1': 'destroy' }), 'inconsistentValue', 'the schedule uses it')
  assert.equal(await bench.set({ 'drsScheduleName.1': 'other' }), 'inconsistentValue')
  assert.equal(await bench.set({ 'drsScheduleRowStatus.1': 'destroy' }), 'inconsistentValue')
})

test('a schedule that is due while a job runs raises backupInProgress, and starts nothing', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  const start = new Date(startMs + 3_600_000).toISOString()
  const row = { 'drsScheduleName.2': 'often', 'drsScheduleDevice.2': '1', 'drsScheduleFrequency.2': 'daily' }
  const rest = { 'drsScheduleStart.2': start, 'drsScheduleAdminStatus.2': 'enabled' }
  await bench.set({ ...row, ...rest, 'drsScheduleRowStatus.2': 'createAndGo' })
  await bench.startJob(1)
  await bench.requestOf(1)
  await bench.says({})
  bench.clock.advance(3_600_000)
  await until(async () => (await bench.get('drsAlarmId.1')) === 'backupInProgress(3)', 5000)
  assert.equal(bench.started.length, 1)
  assert.equal(await bench.get('drsScheduleError.2'), 'job 1 is running')
})

test('an enabled schedule needs a device and a start', async () => {
  const bench = await backupBench()
  const row = { 'drsScheduleName.2': 'often', 'drsScheduleAdminStatus.2': 'enabled' }
  const go = { 'drsScheduleRowStatus.2': 'createAndGo' }
  const start = { 'drsScheduleStart.2': new Date(startMs).toISOString() }
  assert.equal(await bench.set({ ...row, ...start, ...go }), 'inconsistentValue')
  await bench.addDevice(1)
  assert.equal(
    await bench.set({ ...row, ...go, 'drsScheduleDevice.2': '1', 'drsScheduleStart.2': '-' }),
    'inconsistentValue',
  )
  assert.equal(await bench.set({ ...row, ...start, ...go, 'drsScheduleDevice.2': '1' }), 'noError')
})

test('backupTooOld is raised when no backup succeeds for too long, and cleared by one', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.set({ 'drsMaxBackupAgeDays.0': '2' })
  bench.clock.advance(2 * dayMs)
  assert.equal(await bench.get('drsAlarmId.1'), 'noSuchInstance')
  bench.clock.advance(3_600_000)
  assert.equal(await bench.get('drsAlarmId.1'), 'backupTooOld(18)')
  await bench.startJob(1)
  await bench.requestOf(1)
  await bench.ends(1)
  await until(async () => (await bench.get('drsAlarmCleared.1')) === 'true(1)', 5000)
})

test('a job whose program says nothing for minutes goes on, and is over when the program ends', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  for (let i = 0; i < 10; i++) {
    bench.clock.advance(60_000)
    await new Promise(setImmediate)
  }
  assert.equal(await bench.get('drsJobStatus.1'), 'pending(1)')
  bench.exit(undefined)
  await until(async () => {
    bench.clock.advance(500)
    return (await bench.get('drsJobResult.1')) === 'interrupted(6)'
  }, 5000)
  assert.equal(await bench.get('drsJobError.1'), 'its program ended without a word')
})

test('a history that could not be written is written when the disk takes it again', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.startJob(1)
  await bench.requestOf(1)
  const path = join(bench.folder, 'data/subagents/backup/history.json')
  mkdirSync(path)
  await bench.ends(1)
  await until(async () => (await bench.get('drsHistoryResult.1.1')) === 'succeeded(2)', 5000)
  rmdirSync(path)
  await until(
    () => {
      bench.clock.advance(10_000)
      return existsSync(path)
    },
    5000,
    'the history',
  )
  await bench.module.stop?.()
  const again = await backupBench({ folder: bench.folder })
  assert.equal(await again.get('drsHistoryResult.1.1'), 'succeeded(2)')
})

test('a job that a person asks for has the trigger manual, and one over SNMP snmp', async () => {
  const bench = await backupBench()
  await bench.addDevice(1)
  await bench.order([
    ['drsJobType.1', 'backup'],
    ['drsJobDevice.1', '1'],
    ['drsJobRowStatus.1', 'createAndGo'],
  ])
  assert.equal((await bench.requestOf(1))?.trigger, 'manual')
  await bench.ends(1)
  await until(async () => (await bench.get('drsHistoryTrigger.1.1')) === 'manual(1)', 5000)
  await bench.startJob(2)
  assert.equal((await bench.requestOf(2))?.trigger, 'snmp')
})

test('lines that a reload adds or takes are registered at once', async () => {
  const bench = await backupBench()
  const line = 'drsSourceEntry 1 SUBSCRIBERS ser command "/bin/true" - 60\n'
  await bench.reload(line)
  assert.equal(await bench.get('drsFeatureName.101'), 'SUBSCRIBERS')
  assert.equal(await bench.get('drsComponentName.101.1'), 'ser')
  await bench.reload('')
  assert.equal(await bench.get('drsFeatureName.101'), 'noSuchInstance')
})
