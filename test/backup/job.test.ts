/** Backup jobs: what they refuse before anything is touched, what they leave when they end early, and what they say. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { DeviceError } from '../../backup/device/device.ts'
import { deviceAlarm } from '../../backup/job/device-alarm.ts'
import { jobExitCodes } from '../../backup/job/exit-codes.ts'
import { backupFolderOf } from '../../backup/job/folders.ts'
import { archiveNameOf, formatSetName, listNameOf } from '../../lib/backup/set-name.ts'
import { HomeLock } from '../../lib/home/lock.ts'
import { BackupBench, readJob, testVersion } from '../support/backup-job.ts'
import { treeOf } from '../support/tree.ts'

let bench: BackupBench
const timeMs = Date.UTC(2026, 10, 30, 2, 30)
const name = { timeMs, version: testVersion }
const set = formatSetName(name)
const archivePath = () => join(bench.device.path, archiveNameOf(name, 'node1'))
const listPath = () => join(bench.device.path, listNameOf(name))
const restore = () => ({ ...bench.request(), type: 'restore', set, anyVersion: false }) as const
const isOfJobs = (path: string): boolean => path.startsWith('data/subagents/backup')
const onDevice = (): string[] =>
  readdirSync(bench.device.path)
    .filter((one) => !one.startsWith('castellan_recovery'))
    .sort()

before(async () => {
  bench = await BackupBench.create()
  const { status, log } = await bench.run(bench.backup({ features: ['SIPD'] }))
  assert.equal(status.result, 'succeeded', log)
})
after(() => rmSync(bench.folder, { recursive: true }))

/** Changes a file of the device for as long as the restore runs, which must refuse it and touch nothing. */
async function refused(path: string, change: (octets: Buffer) => Buffer, version = testVersion): Promise<string> {
  const octets = readFileSync(path)
  const before = treeOf(bench.home.root, isOfJobs)
  writeFileSync(path, change(Buffer.from(octets)))
  try {
    const { code, status } = await bench.run(restore(), {}, version)
    assert.equal(code, jobExitCodes.failed)
    assert.deepEqual(treeOf(bench.home.root, isOfJobs), before)
    assert.ok(status.alarms.some(({ id }) => id === 'restoreFailure'))
    return status.error
  } finally {
    writeFileSync(path, octets)
  }
}

const flipped = (octets: Buffer, at: number): Buffer => {
  octets[at]! ^= 1 << (at % 8)
  return octets
}

test('one octet changed at any of 60 places of the archive or its list: the restore refuses, and nothing is touched', async () => {
  for (const path of [archivePath(), listPath()]) {
    const { length } = readFileSync(path)
    for (let i = 0; i < 30; i++) {
      const at = i < 5 ? i * 7 : i < 10 ? length - 1 - (i - 5) * 7 : Math.floor(Math.random() * length)
      assert.notEqual(await refused(path, (octets) => flipped(octets, at)), '', `octet ${at} of ${path}`)
    }
  }
})

test('an archive or list that is cut off is refused', async () => {
  assert.match(await refused(archivePath(), (octets) => octets.subarray(0, -100)), /cut off/)
  assert.match(await refused(listPath(), (octets) => octets.subarray(0, -10)), /changed|cut off/)
})

test('another version is refused with what to do, and restored where somebody takes the risk', async () => {
  const error = await refused(listPath(), (octets) => octets, '1.2.4')
  assert.match(
    error,
    /is of Castellan 1\.2\.3, and this is 1\.2\.4: only the same version restores it; install 1\.2\.3/,
  )
  const { status } = await bench.run({ ...restore(), anyVersion: true, preflightOnly: true }, {}, '1.2.4')
  assert.equal(status.result, 'succeeded')
})

test('a set of another machine is refused unless the fingerprint of its key is given', async () => {
  const other = await BackupBench.create()
  try {
    const request = { ...other.request(), type: 'verify', set, device: bench.device } as const
    assert.match((await other.run(request)).status.error, /not the one that is trusted/)
    const { fingerprint } = JSON.parse(readFileSync(listPath(), 'utf8').split('\n').slice(0, -2).join('\n'))
    assert.match((await other.run({ ...request, job: 50, fingerprint })).status.error, /encrypted to other keys/)
  } finally {
    rmSync(other.folder, { recursive: true })
  }
})

test('a second job is refused while one runs, with the alarm of DRS', async () => {
  const lock = HomeLock.tryTake(join(backupFolderOf(bench.home), 'job.lock'))
  assert.ok(lock)
  try {
    const { code, status } = await bench.run(bench.backup({ timeMs: timeMs + 1000 }))
    assert.equal(code, jobExitCodes.refused)
    assert.deepEqual(
      status.alarms.map(({ id }) => id),
      ['backupInProgress'],
    )
  } finally {
    lock.release()
  }
})

test('a canceled backup ends before the next component, and leaves nothing on the device', async () => {
  const before = onDevice()
  const folder = bench.prepare(bench.backup({ timeMs: timeMs + 2000 }))
  writeFileSync(join(folder, 'cancel'), '')
  const { code, status } = await bench.runIn(folder)
  assert.equal(code, jobExitCodes.canceled)
  assert.equal(status.result, 'canceled')
  assert.deepEqual(onDevice(), before)
})

test('without a recovery key there is no backup, and the reason says what to run', async () => {
  const path = join(backupFolderOf(bench.home), 'keys', 'recovery.age-recipient')
  const kept = readFileSync(path)
  unlinkSync(path)
  const { status } = await bench.run(bench.backup({ timeMs: timeMs + 3000 }))
  writeFileSync(path, kept, { mode: 0o600 })
  assert.match(status.error, /no recovery key.*run: utils disaster_recovery recovery_key/)
})

test('an unknown feature is refused with those that are known', async () => {
  const { status } = await bench.run(bench.backup({ features: ['NOTHING'] }))
  assert.deepEqual(
    status.alarms.map(({ id }) => id),
    ['noRegisteredFeature', 'backupFailure'],
  )
  assert.match(status.error, /unknown feature NOTHING; known are AGENT, SIPD, REGISTRY, CONSOLE, LOGS/)
})

test('a component that fails marks the set partial, raises its alarm, and no older set is removed', async () => {
  const declared = [
    {
      name: 'SUBSCRIBERS',
      isRequired: false,
      order: 50,
      components: [
        { kind: 'command', name: 'dump', argv: ['/bin/sh', '-c', 'echo no such table >&2; exit 3'], limitMs: 5000 },
      ],
    },
  ] as const
  const device = { ...bench.device, retention: 1 }
  const before = onDevice()
  const { status } = await bench.run({ ...bench.backup({ timeMs: timeMs + 4000, declared }), device })
  assert.equal(status.result, 'succeededWithWarnings')
  assert.deepEqual(
    status.alarms.map(({ id }) => id),
    ['maBackupComponentFailure'],
  )
  assert.match(status.alarms[0]?.text ?? '', /SUBSCRIBERS dump: \/bin\/sh ended with exit code 3: no such table/)
  assert.ok(before.every((one) => onDevice().includes(one)))
})

test('a required component that fails makes the backup fail, and what could be stored is there all the same', async () => {
  const path = join(bench.home.data, 'sipd', 'broken.sqlite')
  writeFileSync(path, 'this is no database, whatever its name says'.repeat(50))
  const at = { timeMs: timeMs + 4500, version: testVersion }
  const { code, status } = await bench.run(bench.backup({ timeMs: at.timeMs }))
  unlinkSync(path)
  assert.equal(code, jobExitCodes.failed)
  assert.deepEqual(
    status.alarms.map(({ id }) => id),
    ['maBackupComponentFailure', 'backupFailure'],
  )
  assert.ok(onDevice().includes(listNameOf(at)))
  assert.match(readFileSync(join(bench.device.path, listNameOf(at)), 'utf8'), /"result": "partial"/)
})

test('a complete set pushes out what the device keeps no longer', async () => {
  const device = { ...bench.device, retention: 1 }
  const later = { timeMs: timeMs + 5000, version: testVersion }
  const { status, log } = await bench.run({ ...bench.backup({ timeMs: later.timeMs }), device })
  assert.equal(status.result, 'succeeded', log)
  assert.deepEqual(onDevice(), [listNameOf(later), archiveNameOf(later, 'node1')].sort())
})

test('the output of a command comes back on the standard input of its restore command', async () => {
  const restored = join(bench.folder, 'restored')
  const declared = [
    {
      name: 'SUBSCRIBERS',
      isRequired: false,
      order: 50,
      components: [
        {
          kind: 'command',
          name: 'dump',
          argv: ['/bin/echo', 'INSERT INTO subscriber'],
          restoreArgv: ['/bin/sh', '-c', 'cat > "$1"', 'sh', restored],
          limitMs: 5000,
        },
      ],
    },
  ] as const
  const at = timeMs + 6000
  assert.equal((await bench.run(bench.backup({ timeMs: at, declared }))).status.result, 'succeeded')
  const request = {
    ...restore(),
    declared,
    set: formatSetName({ timeMs: at, version: testVersion }),
    features: ['SUBSCRIBERS'],
  }
  const { status, log } = await bench.run(request)
  assert.equal(status.result, 'succeeded', log)
  assert.equal(readFileSync(restored, 'utf8'), 'INSERT INTO subscriber\n')
})

test('drafts of a job of this node that was killed go at its next backup', async () => {
  const draft = join(
    bench.device.path,
    `${archiveNameOf({ timeMs: timeMs - 1000, version: testVersion }, 'node1')}.part`,
  )
  const foreign = join(
    bench.device.path,
    `${archiveNameOf({ timeMs: Date.now(), version: testVersion }, 'node2')}.part`,
  )
  for (const path of [draft, foreign]) writeFileSync(path, '')
  await bench.run(bench.backup({ timeMs: timeMs + 7000 }))
  assert.deepEqual(
    onDevice().filter((one) => one.endsWith('.part')),
    [foreign.split('/').at(-1)],
  )
})

test('a failing device raises the alarm of what it is', () => {
  const error = (fault: DeviceError['fault']) => new DeviceError('', { device: 'd', fault })
  const network = { type: 'network', name: 'd', server: 's', port: 22, path: '.', userName: 'u', retention: 1 } as const
  assert.equal(deviceAlarm(error('full'), network, true), 'sftpFailure')
  assert.equal(deviceAlarm(error('authFailed'), network, true), 'backupDeviceError')
  assert.equal(deviceAlarm(error('full'), bench.device, true), 'backupDeviceError')
  assert.equal(deviceAlarm(error('pathMissing'), network, false), 'restoreDeviceError')
})

test('a restore that fails while it switches puts back what was there', async () => {
  const { status: made } = await bench.run(bench.backup({ timeMs: timeMs + 8000 }))
  assert.equal(made.result, 'succeeded')
  const before = treeOf(bench.home.root, isOfJobs)
  const folder = bench.prepare({ ...restore(), set: made.set })
  const services = () => ({
    stop: async () => {
      writeFileSync(join(folder, 'cancel'), '') // found before the first component
      return []
    },
    start: async () => {},
  })
  const { status } = await bench.runIn(folder, { services })
  assert.equal(status.result, 'canceled')
  assert.deepEqual(treeOf(bench.home.root, isOfJobs), before)
  assert.equal(readJob(folder).status.state, 'completed')
})
