import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { formatOid } from '../../../lib/smi/oid.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { type FileSystemSize, Statfs, type StatfsAsker, type StatfsThread } from '../../../subagents/host/statfs.ts'
import { startHost } from './support.ts'

const size: FileSystemSize = {
  blockOctets: 4096,
  blocks: 1000,
  freeBlocks: 400,
  availableBlocks: 300,
  inodes: 100,
  freeInodes: 90,
}
const answering = (): StatfsAsker => ({ ask: () => Promise.resolve({ size }), stop: () => {} })

test('devices: the first processor is device 1, disks know their partitions, and these their file systems', async () => {
  const host = await startHost({ statfs: answering })
  await host.pass(() => host.rows('hrFSTable').length === 6 && host.rows('hrPartitionTable').length === 2, 5000)
  assert.deepEqual(
    host.rows('hrProcessorTable').map((row) => row.hrDeviceIndex),
    [1, 2],
  )
  const devices = host.rows('hrDeviceTable')
  assert.deepEqual(
    devices.map((row) => [row.hrDeviceDescr, row.hrDeviceStatus, row.hrDeviceErrors]),
    [
      ['AMD EPYC', 'running', 0],
      ['AMD EPYC', 'running', 0],
      ['network interface eth0', 'running', 8],
      ['network interface eth1', 'down', 1],
      ['network interface lo', 'running', 1],
      ['disk sda: ATA ACME-2000', 'running', 0x1f],
      ['disk sr0: ACME DVD', 'running', 0],
    ],
  )
  const sda = host.row('hrDeviceTable', 'hrDeviceDescr', 'disk sda: ATA ACME-2000')!.hrDeviceIndex
  const [disk, dvd] = host.rows('hrDiskStorageTable')
  assert.deepEqual([disk!.hrDiskStorageCapacity, disk!.hrDiskStorageMedia], [976_762_584, 'hardDisk'])
  assert.deepEqual([dvd!.hrDiskStorageCapacity, dvd!.hrDiskStorageMedia], [0, 'opticalDiskROM'])
  await host.pass(() => host.rows('hrPartitionTable').every((row) => row.hrPartitionFSIndex !== 0))
  for (const partition of host.rows('hrPartitionTable')) {
    assert.equal(partition.hrDeviceIndex, sda)
    const fileSystem = host.row('hrFSTable', 'hrFSIndex', partition.hrPartitionFSIndex)!
    assert.equal(fileSystem.hrFSMountPoint, partition.hrPartitionIndex === 1 ? '/boot' : '/')
    assert.equal(fileSystem.hrFSBootable, partition.hrPartitionIndex === 1)
    assert.equal(fileSystem.hrFSAccess, partition.hrPartitionIndex === 1 ? 'readOnly' : 'readWrite')
  }
  const [system] = host.rows('hrSystem')
  assert.deepEqual(
    [system!.hrSystemInitialLoadDevice, system!.hrSystemNumUsers, system!.hrSystemMaxProcesses],
    [sda, 1, 32_768],
  )
  assert.equal(host.live('hrSystem', 'hrSystemProcesses', [0]), 3)
  rmSync(join(host.root, 'sys/block/sr0'), { recursive: true })
  rmSync(join(host.root, 'sys/class/net/eth0'), { recursive: true })
  await host.pass(() => host.rows('hrDeviceTable').length === 5)
  assert.equal(host.rows('hrNetworkTable').length, 2)
  cpSync(join(host.root, 'sys/class/net/eth1'), join(host.root, 'sys/class/net/eth0'), { recursive: true })
  await host.pass(() => host.rows('hrNetworkTable').length === 3)
  const before = devices.find((row) => row.hrDeviceDescr === 'network interface eth0')!
  const after = host.row('hrDeviceTable', 'hrDeviceDescr', 'network interface eth0')!
  assert.equal(after.hrDeviceIndex, before.hrDeviceIndex, 'one that comes back has the index it had')
  await host.stop()
})

test('file systems have rows in three tables; one that is unmounted loses them, one mounted again has its index', async () => {
  const host = await startHost({ statfs: answering })
  await host.pass(() => host.rows('castellanMountTable').length === 6)
  const nfs = host.row('hrFSTable', 'hrFSMountPoint', '/mnt/nfs')!
  assert.equal(nfs.hrFSRemoteMountPoint, 'filer.example.com:/export')
  assert.equal(formatOid(nfs.hrFSType as number[]), '1.3.6.1.2.1.25.3.9.14')
  const storage = host.row('hrStorageTable', 'hrStorageIndex', nfs.hrFSStorageIndex)!
  assert.equal(formatOid(storage.hrStorageType as number[]), '1.3.6.1.2.1.25.2.1.10')
  assert.deepEqual([storage.hrStorageDescr, storage.hrStorageSize, storage.hrStorageUsed], ['/mnt/nfs', 1000, 600])
  const path = join(host.root, 'proc/self/mountinfo')
  writeFileSync(path, '27 1 8:2 / / rw - ext4 /dev/sda2 rw\n')
  await host.pass(() => host.rows('hrFSTable').length === 1)
  assert.equal(host.rows('castellanMountTable').length, 1)
  assert.equal(host.row('hrStorageTable', 'hrStorageDescr', '/mnt/nfs'), undefined)
  appendFileSync(path, '28 27 0:41 / /mnt/nfs rw - nfs4 filer.example.com:/export rw\n')
  await host.pass(() => host.rows('hrFSTable').length === 2)
  assert.equal(host.row('hrFSTable', 'hrFSMountPoint', '/mnt/nfs')!.hrFSIndex, nfs.hrFSIndex)
  await host.stop()
})

test('a mount that hangs delays no other, keeps its last values and says so, and is taken back when it answers', async () => {
  let isHanging = false
  const held: (() => void)[] = []
  let threads = 0
  let ended = 0
  const thread = (): StatfsThread => {
    threads++
    return {
      ask(path, answer) {
        if (isHanging && path === '/mnt/nfs') held.push(() => answer({ size }))
        else queueMicrotask(() => answer({ size: { ...size, freeBlocks: isHanging ? 100 : 400 } }))
      },
      end: () => void ended++,
    }
  }
  const host = await startHost({ statfs: ({ clock }) => new Statfs(clock, 2000, thread) })
  await host.pass(() => host.rows('castellanMountTable').length === 6)
  const stateOf = (path: string): unknown => {
    const { hrFSIndex } = host.row('hrFSTable', 'hrFSMountPoint', path)!
    return host.row('castellanMountTable', 'hrFSIndex', hrFSIndex)!.castellanMountState
  }
  const usedOf = (path: string): unknown => host.row('hrStorageTable', 'hrStorageDescr', path)!.hrStorageUsed
  isHanging = true
  await host.pass(() => stateOf('/mnt/nfs') === 'hung')
  assert.deepEqual([usedOf('/'), usedOf('/boot'), usedOf('/mnt/nfs')], [900, 900, 600], 'the disks went on')
  const { hrFSIndex } = host.row('hrFSTable', 'hrFSMountPoint', '/mnt/nfs')!
  const ageTicks = () => host.live('castellanMountTable', 'castellanMountAge', [hrFSIndex as number]) as number
  await host.pass(() => ageTicks() > 12_000, 5000)
  assert.equal(held.length, 1, 'it was asked once, and not again while that question is open')
  assert.equal(threads, 2, 'one for the disks, one for the network')
  assert.equal(host.lines.filter((line) => line.includes('does not answer')).length, 1)
  const newest = host.rows('castellanMountTable').filter((row) => row.castellanMountState === 'answering')
  for (const row of newest) {
    assert.ok((host.live('castellanMountTable', 'castellanMountAge', [row.hrFSIndex as number]) as number) <= 1500)
  }
  isHanging = false
  held[0]!()
  assert.equal(ended, 1, 'the thread that was left behind ends with its answer')
  await host.pass(() => stateOf('/mnt/nfs') === 'answering')
  assert.ok(ageTicks() <= 1000)
  await host.stop()
})

test('disks of the machine itself that hang leave no more than four threads behind', async () => {
  let threads = 0
  const hanging = (): StatfsThread => {
    threads++
    return { ask: () => {}, end: () => {} }
  }
  const host = await startHost({ statfs: ({ clock }) => new Statfs(clock, 2000, hanging) }, (root) =>
    appendFileSync(
      join(root, 'proc/self/mountinfo'),
      [1, 2, 3, 4, 5, 6].map((n) => `4${n} 27 9:${n} / /mnt/md${n} rw - xfs /dev/md${n} rw\n`).join(''),
    ),
  )
  await host.pass(() => host.rows('castellanMountTable').length === 12)
  assert.ok(host.rows('castellanMountTable').every((row) => row.castellanMountState === 'hung'))
  assert.ok(
    host.rows('hrFSTable').every((row) => row.hrFSStorageIndex === 0),
    'nothing was ever known of their size',
  )
  assert.equal(threads, 5, 'four for disks and one for the network')
  await host.stop()
})

test('a file system that is mounted where another one hangs is asked', async () => {
  const clock = new ManualClock()
  const threads: StatfsThread[] = [
    { ask: () => {}, end: () => {} },
    { ask: (_path, answer) => answer({ size }), end: () => {} },
  ]
  const statfs = new Statfs(clock, 2000, () => threads.shift()!)
  const first = statfs.ask('/mnt/nfs', '0:50')
  clock.advance(2000)
  assert.equal(await first, 'hung')
  assert.equal(await statfs.ask('/mnt/nfs', '0:50'), 'hung')
  assert.deepEqual(await statfs.ask('/mnt/nfs', '0:51'), { size })
  statfs.stop()
})

test('the real thread answers as statfs does, and tells an error as one', async () => {
  const host = await startHost({ statfs: answering })
  const { systemClock } = await import('../../../lib/time/clock.ts')
  const statfs = new Statfs(systemClock, 5000)
  const answer = await statfs.ask('/', '8:1')
  assert.ok(answer !== 'hung' && 'size' in answer && answer.size.blocks > 0)
  const error = await statfs.ask('/there/is/no/such/place', '8:1')
  assert.ok(error !== 'hung' && 'error' in error && error.error.includes('ENOENT'))
  statfs.stop()
  await host.stop()
})

test('parts of /proc and /sys that are missing mean fewer rows and one log line, and what comes back is shown', async () => {
  const missing = [
    'proc/loadavg',
    'proc/stat',
    'proc/cpuinfo',
    'proc/meminfo',
    'proc/uptime',
    'proc/self',
    'sys',
    'run',
  ]
  const host = await startHost({ statfs: answering }, (root) => {
    for (const part of [...missing, 'dpkg', 'proc/sys', 'proc/cmdline']) rmSync(join(root, part), { recursive: true })
  })
  await host.pass(() => host.clock.monotonicMs() > 60_000, 1000)
  for (const name of [
    'hrStorageTable',
    'hrDeviceTable',
    'hrProcessorTable',
    'hrFSTable',
    'hrSWInstalledTable',
    'hrStorage',
  ])
    assert.deepEqual(host.rows(name), [], name)
  assert.equal(host.rows('hrSWRunTable').length, 3)
  assert.equal(host.live('hrSystem', 'hrSystemUptime', [0]), undefined)
  assert.equal(host.live('castellanSampleTable', 'castellanSampleState', [1]), 3, 'missing')
  assert.equal(host.lines.length, 1, host.lines.join(''))
  for (const part of ['/proc/stat', '/proc/meminfo', '/sys/class/net', '/sys/block'])
    assert.ok(host.lines[0]!.includes(part), part)
  writeFileSync(join(host.root, 'proc/stat'), 'cpu0 1 2 3 4\n')
  await host.pass(() => host.rows('hrProcessorTable').length === 1)
  assert.equal(host.row('hrDeviceTable', 'hrDeviceIndex', 1)!.hrDeviceDescr, 'processor 0')
  await host.stop()
})

test('a processor that goes offline is down and comes back as what it was', async () => {
  const host = await startHost({ statfs: answering })
  const path = join(host.root, 'proc/stat')
  writeFileSync(path, 'cpu0 1 2 3 4\n')
  await host.pass(() => host.row('hrDeviceTable', 'hrDeviceIndex', 2)!.hrDeviceStatus === 'down')
  writeFileSync(path, 'cpu0 1 2 3 4\ncpu1 50 0 0 50\n')
  await host.pass(() => host.row('hrDeviceTable', 'hrDeviceIndex', 2)!.hrDeviceStatus === 'running')
  await host.stop()
})

test('processes that end lose their row with the next listing, new ones have theirs, and a PID used again is another', async () => {
  const host = await startHost({ statfs: answering })
  await host.pass(() => host.rows('hrSWRunTable').length === 3)
  assert.deepEqual(host.row('hrSWRunTable', 'hrSWRunIndex', 4711), {
    hrSWRunIndex: 4711,
    hrSWRunName: 'a (strange) na',
    hrSWRunID: [0, 0],
    hrSWRunPath: '/opt/bin/a (strange) name',
    hrSWRunParameters: '--listen port 5060',
    hrSWRunType: 'application',
    hrSWRunStatus: 'running',
    hrSWRunPerfCPU: 300,
    hrSWRunPerfMem: 1024,
  })
  assert.equal(host.row('hrSWRunTable', 'hrSWRunIndex', 2)!.hrSWRunType, 'operatingSystem')
  const make = (pid: number, name: string, startTicks: number, cpu = 0): void => {
    mkdirSync(join(host.root, `proc/${pid}`), { recursive: true })
    const stat = `${pid} (${name}) S 1 1 1 0 -1 0 0 0 0 0 ${cpu} 0 0 0 20 0 1 0 ${startTicks} 0 25 0\n`
    writeFileSync(join(host.root, `proc/${pid}/stat`), stat)
    writeFileSync(join(host.root, `proc/${pid}/cmdline`), `/bin/${name}\0`)
  }
  const nameOf = (pid: number): unknown => host.row('hrSWRunTable', 'hrSWRunIndex', pid)?.hrSWRunName
  rmSync(join(host.root, 'proc/4711'), { recursive: true })
  make(99, 'fresh', 5)
  const sinceMs = host.clock.monotonicMs()
  await host.pass(() => nameOf(4711) === undefined && nameOf(99) === 'fresh')
  assert.ok(host.clock.monotonicMs() - sinceMs <= 3000, 'a listing is every two seconds')
  make(99, 'fresh', 5, 700)
  await host.pass(() => host.row('hrSWRunTable', 'hrSWRunIndex', 99)!.hrSWRunPerfCPU === 700)
  make(99, 'fresh', 9) // the same name in another process
  writeFileSync(join(host.root, 'proc/99/cmdline'), '/usr/bin/fresh\0-v\0')
  await host.pass(() => host.row('hrSWRunTable', 'hrSWRunIndex', 99)!.hrSWRunPath === '/usr/bin/fresh')
  make(99, 'executed', 9)
  await host.pass(() => nameOf(99) === 'executed')
  await host.stop()
})

test('packages are read again only when their file changes, and the two times of RFC 2790 say what happened', async () => {
  const host = await startHost({ statfs: answering }, (root) => {
    mkdirSync(join(root, 'dpkg/info'))
    writeFileSync(join(root, 'dpkg/info/libc6:amd64.list'), '/.\n')
  })
  const times = () => host.rows('hrSWInstalled')[0] as Record<string, number> | undefined
  await host.pass(() => host.rows('hrSWInstalledTable').length === 3, 0)
  await host.pass(() => times()?.hrSWInstalledLastUpdateTime !== undefined, 0)
  const dates = host.rows('hrSWInstalledTable').map((row) => row.hrSWInstalledDate)
  const written = statSync(join(host.root, 'dpkg/info/libc6:amd64.list')).mtimeMs
  assert.deepEqual(dates.slice(0, 2), ['unknown', 'unknown'])
  assert.equal(Math.abs((dates[2] as Date).getTime() - written) < 1, true)
  await host.pass(() => times()!.hrSWInstalledLastUpdateTime! >= 6000, 5000)
  assert.equal(times()!.hrSWInstalledLastChange, 0)
  const more = '\nPackage: aaa\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n'
  appendFileSync(join(host.root, 'dpkg/status'), more)
  await host.pass(() => host.rows('hrSWInstalledTable').length === 4, 5000)
  assert.equal(host.row('hrSWInstalledTable', 'hrSWInstalledIndex', 1)!.hrSWInstalledName, 'aaa_1_all')
  await host.pass(() => times()!.hrSWInstalledLastChange! > 0, 0)
  await host.stop()
})
