import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseProcStat } from '../../../lib/proc/stat.ts'
import { programRoot } from '../../../lib/program-root.ts'
import { octetsOf, textOf } from '../../../lib/text/octets.ts'
import { toMountRow } from '../../../subagents/host/file-systems.ts'
import { memoryPercents, memoryRows, parseMeminfo } from '../../../subagents/host/memory.ts'
import { hrSWRunTable } from '../../../subagents/host/mib.ts'
import { parseMountinfo, selectMounts } from '../../../subagents/host/mounts.ts'
import { packageTitle, parseDpkgStatus } from '../../../subagents/host/packages.ts'
import {
  isRegularFile,
  parseBootTime,
  parseProcessOwner,
  programOf,
  toRunRow,
} from '../../../subagents/host/processes.ts'
import { ProcessorLoads, parseCpuinfo, parseLoadavg, parseStat } from '../../../subagents/host/processors.ts'
import { parseRpmList } from '../../../subagents/host/rpm.ts'
import { scaled, toKBytes } from '../../../subagents/host/scale.ts'
import { dateOrUnknown } from '../../../subagents/host/syntax.ts'
import { isUserSession, parseUtmp } from '../../../subagents/host/users.ts'

const machine = join(programRoot, 'test/fixtures/proc/machine')
const read = (path: string): string => readFileSync(join(machine, path), 'utf8')

test('memory is read as free(1) counts it, and what can be given up does not count as in use', () => {
  const memory = parseMeminfo(read('proc/meminfo'))!
  const of = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(read('proc/meminfo'))![1])
  assert.equal(memory.totalKb, of('MemTotal'))
  assert.equal(memory.cachedKb, of('Cached') + of('SReclaimable'))
  const rows = new Map(memoryRows(memory).map((row) => [row.hrStorageIndex, row]))
  assert.equal(rows.get(1)!.hrStorageUsed, of('MemTotal') - of('MemFree'))
  assert.equal(rows.get(11)!.hrStorageUsed, of('MemTotal') - of('MemAvailable'))
  assert.equal(rows.get(10)!.hrStorageSize, 0)
  assert.equal(memoryPercents(memory).swap, undefined, 'a machine without swap has no percents of it')
  assert.equal(memoryPercents({ ...memory, swapTotalKb: 200, swapFreeKb: 50 }).swap, 75)
  assert.equal(parseMeminfo('MemFree: 1 kB\n'), undefined)
})

test('sizes beyond 2^31 units grow their unit until they fit, and used keeps its share', () => {
  assert.deepEqual(scaled(4096, 0x7fff_ffff, 5), { units: 4096, size: 0x7fff_ffff, used: 5 })
  const petabyte = scaled(512, 2 ** 41, 2 ** 40) // 1 PiB in units of 512 octets
  assert.ok(petabyte.size <= 0x7fff_ffff)
  assert.equal(petabyte.size * petabyte.units, 2 ** 50)
  assert.equal(petabyte.used * petabyte.units, 2 ** 49)
  const beyond = scaled(4096, 2 ** 62, 2 ** 62)
  assert.ok(beyond.units <= 0x7fff_ffff && beyond.size <= 0x7fff_ffff)
  assert.equal(toKBytes(2 ** 60), 0x7fff_ffff)
})

test('processors are read from /proc/stat and /proc/cpuinfo; guest time is not counted twice', () => {
  assert.deepEqual(parseStat('cpu  9 9 9 9\ncpu0 10 20 30 400 5 6 7 8 100 200\ncpu3 1 2 3 4\ncpux 1\n'), [
    { number: 0, idleTicks: 405, totalTicks: 486 },
    { number: 3, idleTicks: 4, totalTicks: 10 },
  ])
  assert.equal(parseStat(read('proc/stat')).length, 2)
  assert.deepEqual(
    [...parseCpuinfo(read('proc/cpuinfo'))],
    [
      [0, 'AMD EPYC'],
      [1, 'AMD EPYC'],
    ],
  )
  assert.deepEqual(parseLoadavg('0.05 1.10 12.00 1/234 5\n'), [5, 110, 1200])
})

test('hrProcessorLoad is the average of the last minute: a burst fades out, and is gone after a minute', () => {
  const loads = new ProcessorLoads()
  let idleTicks = 0
  let totalTicks = 0
  const pass = (atSecond: number, busyPercent: number): number => {
    totalTicks += 500
    idleTicks += 500 * (1 - busyPercent / 100)
    loads.add(atSecond * 1000, [{ number: 0, idleTicks, totalTicks }])
    return loads.loadPercent(0)
  }
  for (let second = 0; second <= 60; second += 5) pass(second, 0)
  assert.equal(loads.loadPercent(0), 0)
  const seen = []
  for (let second = 65; second <= 180; second += 5) seen.push(pass(second, second <= 95 ? 100 : 0))
  assert.equal(Math.max(...seen), 58, '35 of 60 seconds')
  assert.equal(seen[(120 - 65) / 5], 58, 'it stays until the burst begins to leave the window')
  assert.equal(seen[(150 - 65) / 5], 8)
  assert.equal(seen[(155 - 65) / 5], 0)
})

test('hrProcessorLoad of less than a minute has the rest from what the machine did before', () => {
  const loads = new ProcessorLoads()
  loads.add(0, [{ number: 0, idleTicks: 9000, totalTicks: 10_000 }])
  assert.equal(loads.loadPercent(0), 10)
  loads.add(6000, [{ number: 0, idleTicks: 9000, totalTicks: 10_600 }])
  assert.equal(loads.loadPercent(0), 19, 'six seconds at 100 % and 54 at 10 %')
  for (let second = 12; second <= 60; second += 6)
    loads.add(second * 1000, [{ number: 0, idleTicks: 9000, totalTicks: 10_000 + second * 100 }])
  assert.equal(loads.loadPercent(0), 100)
})

test('an idle counter that steps back, and a processor that begins again, give no load beyond 0 and 100', () => {
  const loads = new ProcessorLoads()
  loads.add(0, [{ number: 0, idleTicks: 1000, totalTicks: 2000 }])
  loads.add(5000, [{ number: 0, idleTicks: 990, totalTicks: 2500 }])
  assert.equal(loads.loadPercent(0), 54, '5 seconds at 100 % and 55 at 50 %')
  loads.add(10_000, [{ number: 0, idleTicks: 10, totalTicks: 20 }])
  assert.equal(loads.loadPercent(0), 50, 'the average since it began')
  loads.add(10_001, [{ number: 0, idleTicks: 10, totalTicks: 21 }])
  assert.equal(loads.loadPercent(0), 50, 'a sample within a second of the last says nothing')
})

test('mounts are chosen as df chooses: each file system once, the later of two on one place, the whole before a part', () => {
  const mounts = parseMountinfo(read('proc/self/mountinfo'))
  const places = (network: boolean, overlay: boolean, memory: boolean) =>
    selectMounts(mounts, { network, overlay, memory }).map(({ mountPoint }) => mountPoint)
  assert.deepEqual(places(false, false, false), ['/', '/boot'])
  assert.deepEqual(places(true, true, true), [
    '/',
    '/boot',
    '/dev',
    '/mnt/hidden',
    '/mnt/nfs',
    '/mnt/with blank',
    '/var/lib/containers/one/merged',
  ])
  const hidden = selectMounts(mounts, { network: true, overlay: true, memory: true })
  assert.equal(hidden.find(({ mountPoint }) => mountPoint === '/mnt/hidden')!.source, 'above')
  const inContainer = parseMountinfo('1 0 0:50 / / rw - overlay overlay rw\n')
  assert.equal(selectMounts(inContainer, { network: false, overlay: false, memory: false }).length, 1)
  assert.deepEqual(parseMountinfo('broken\n1 2\n - x\n'), [])
})

test('percents of a mount are those of df, and what is read-only or has no inodes has none', () => {
  const size = { blockOctets: 4096, blocks: 1000, freeBlocks: 300, availableBlocks: 250, inodes: 64, freeInodes: 63 }
  assert.deepEqual(toMountRow(1, 'answering', size, false), {
    hrFSIndex: 1,
    castellanMountState: 'answering',
    castellanMountUsedPercent: 74, // 700 of 950, rounded up
    castellanMountInodes: 64,
    castellanMountInodesPercent: 2,
  })
  assert.deepEqual(toMountRow(1, 'hung', size, true), { hrFSIndex: 1, castellanMountState: 'hung' })
  assert.equal('castellanMountInodes' in toMountRow(1, 'answering', { ...size, inodes: 0 }, false), false)
})

test('a process is read whatever its name holds, and one that is no process is none', () => {
  const state = parseProcStat(read('proc/4711/stat'))
  assert.deepEqual(state, {
    pid: 4711,
    name: 'a (strange) na',
    state: 'R',
    parentPid: 1,
    groupId: 4711,
    sessionId: 4711,
    isKernelThread: false,
    cpuTicks: 300,
    threadCount: 1,
    startTicks: 2_844_604,
    residentPages: 256,
    waitStatus: 0,
  })
  assert.equal(parseProcStat(read('proc/2/stat')).isKernelThread, true)
  assert.throws(() => parseProcStat(''), /not of the form/)
  assert.throws(() => parseProcStat('12 (half'), /not of the form/)
})

test('what sleeps is runnable, as managers that count processes expect; what is stopped is not (docs/conformance.md)', () => {
  const stat = parseProcStat(read('proc/4711/stat'))
  const program = { path: '', name: 'a', parameters: '' }
  const statusOf = (state: string) => toRunRow(4711, { ...stat, state }, program, 4).hrSWRunStatus
  assert.deepEqual([...'RSDITtZ'].map(statusOf), [
    'running',
    'runnable',
    'runnable',
    'runnable',
    'notRunnable',
    'notRunnable',
    'invalid',
  ])
  const withThreads = { ...stat, state: 'Z', threadCount: 3 }
  assert.equal(toRunRow(4711, withThreads, program, 4).hrSWRunStatus, 'runnable', 'its main thread alone has ended')
})

test('names of processes, programs, arguments, disks and packages are served in the octets they have', () => {
  const stat = { ...parseProcStat(read('proc/4711/stat')), name: 'caf\xe9' }
  const row = toRunRow(1, stat, programOf(stat.name, '/opt/b\xfcro/caf\xe9\0\xa0\0', undefined), 4)
  const octets = (name: 'hrSWRunName' | 'hrSWRunPath' | 'hrSWRunParameters'): string =>
    Buffer.from((hrSWRunTable.columns[name].syntax.toSnmp(row[name]) as { readonly value: Uint8Array }).value).toString(
      'latin1',
    )
  assert.deepEqual(
    [octets('hrSWRunName'), octets('hrSWRunPath'), octets('hrSWRunParameters')],
    ['caf\xe9', '/opt/b\xfcro/caf\xe9', '\xa0'],
  )
  const [mount] = parseMountinfo('1 1 0:99 / /mnt/caf\xe9\\040x rw - tmpfs voil\xc3\xa0 rw\n')
  assert.deepEqual([mount?.mountPoint, mount?.source], ['/mnt/caf\xe9 x', 'voil\xc3\xa0'])
})

test('when the machine started, whose a process is, and which of its descriptors are regular files', () => {
  assert.equal(parseBootTime(read('proc/stat')), 1_795_225_262_000)
  assert.equal(parseBootTime('cpu 1 2 3\n'), undefined)
  assert.equal(parseProcessOwner('Name:\tsshd\nUid:\t0\t33\t0\t33\n'), 33, 'the effective one')
  assert.equal(parseProcessOwner(''), undefined)
  const links = ['/var/log/a', '/home/x (deleted)', '/dev/null', 'socket:[1]', 'pipe:[2]', 'anon_inode:[eventpoll]', '']
  assert.deepEqual(links.filter(isRegularFile), ['/var/log/a', '/home/x (deleted)'])
})

test('a name that the kernel cut is whole again, arguments are cut between characters', () => {
  assert.deepEqual(programOf('a-very-long-nam', '/bin/a-very-long-name\0-x\0y z\0', undefined), {
    path: '/bin/a-very-long-name',
    name: 'a-very-long-name',
    parameters: '-x y z',
  })
  const parametersOf = (text: string) => textOf(programOf('x', octetsOf(text), undefined).parameters)
  assert.equal(programOf('node', 'node\0', '/usr/bin/node (deleted)').path, '/usr/bin/node')
  assert.equal(parametersOf(`x\0${'ä'.repeat(90)}\0`), 'ä'.repeat(64))
  assert.equal(parametersOf(`x\0y${'ä'.repeat(90)}\0`), `y${'ä'.repeat(63)}`)
})

test('dpkg packages are those that are installed, held ones too; a description is no field', () => {
  const packages = parseDpkgStatus(read('dpkg/status'))
  assert.deepEqual(packages.map(packageTitle), [
    'base-files_12.4+deb12u11_amd64',
    'held_1:2.0~rc1-1_all',
    'libc6_2.36-9+deb12u10_amd64',
  ])
  assert.deepEqual(
    packages.map(({ type }) => type),
    ['operatingSystem', 'application', 'application'],
  )
})

test('packages of rpm are named as rpm names them; keys have no architecture, and the kernel is the operating system', () => {
  const packages = parseRpmList(readFileSync(join(programRoot, 'test/fixtures/proc/rpm-list'), 'utf8'))
  assert.deepEqual(
    packages.map(({ title, type, installedMs }) => [title, type, installedMs]),
    [
      ['glibc-2.38-16.fc39.x86_64', 'application', 1_706_781_234_000],
      ['gpg-pubkey-18b8e74c-62f2920f', 'application', 1_699_958_401_000],
      ['kernel-core-6.6.13-200.fc39.x86_64', 'operatingSystem', 1_706_781_300_000],
      ['kernel-core-6.7.4-200.fc39.x86_64', 'operatingSystem', 1_707_900_000_000],
      ['tzdata-2024a-2.fc39.noarch', 'application', 1_707_900_050_000],
      ['undated-1-1.noarch', 'application', undefined],
    ],
  )
})

test('users are the live sessions of utmp, or those of systemd that are not closing', () => {
  const record = Buffer.alloc(384)
  record.writeInt16LE(7, 0)
  record.writeInt32LE(4242, 4)
  const boot = Buffer.alloc(384)
  boot.writeInt16LE(2, 0)
  assert.deepEqual(parseUtmp(Buffer.concat([boot, record, record.subarray(0, 100)]), 'x64'), [4242])
  const sessions = ['3', '4', 'c1'].map((name) => isUserSession(read(`run/systemd/sessions/${name}`)))
  assert.deepEqual(sessions, [true, false, false])
})

test('a date that is not known is January 1 of the year 0 (RFC 2790)', () => {
  const syntax = dateOrUnknown()
  const unknown = syntax.toSnmp('unknown')
  assert.deepEqual((unknown as { value: Uint8Array }).value, Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 0))
  assert.deepEqual(syntax.fromSnmp(unknown), { value: 'unknown' })
  const date = new Date(2026, 1, 3, 4, 5, 6)
  assert.deepEqual(syntax.fromSnmp(syntax.toSnmp(date)), { value: date })
})
