import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readPidFile } from '../../lib/files/pid-file.ts'
import { daemonCommand } from '../../lib/process/daemon.ts'
import { programRoot } from '../../lib/program-root.ts'
import { Appliance, makeHome, type TestHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { NetworkNamespace, namespaceMissing } from '../support/network-namespace.ts'
import { needs } from '../support/peers.ts'

/** Mounts and devices are looked at every 10 s. */
const toleranceMs = 20_000
const host = '1.3.6.1.2.1.25'
const mountTable = '1.3.6.1.4.1.32473.12.25.1.20.1'
const answering = '1'
const hung = '2'

/** The rows of a column as snmpbulkwalk -Oqn prints them, by index. */
function rowsOf(out: string, root: string): Map<string, string> {
  const lines = [...out.matchAll(/^\.([\d.]+) (.*)$/gm)].filter(([, name]) => name!.startsWith(`${root}.`))
  return new Map(lines.map(([, name, value]) => [name!.slice(root.length + 1), value!.replaceAll('"', '')]))
}

const indexOf = (rows: Map<string, string>, wanted: string): string | undefined =>
  [...rows].find(([, value]) => value === wanted)?.[0]

function fuseMissing(): string | undefined {
  try {
    accessSync('/dev/fuse', constants.R_OK | constants.W_OK)
    return undefined
  } catch {
    return 'no /dev/fuse here'
  }
}

const missing = namespaceMissing()
const wanted = needs('snmpbulkwalk', 'nsenter', 'mount', 'df')

describe('mounts that come, go and hang', missing === undefined ? wanted : { skip: missing }, () => {
  let namespace: NetworkNamespace
  let at: TestHome

  before(async () => {
    at = await makeHome()
    namespace = await NetworkNamespace.create('')
    const { program, args } = daemonCommand('agent', at.home)
    await Promise.race([
      namespace.start(program, ...args),
      until(() => readPidFile(join(at.home.run, 'agent', 'agent.pid')) !== undefined, 10_000, 'the agent'),
    ])
  })
  after(async () => {
    await namespace?.stop()
    await rm(at.home.root, { recursive: true, force: true })
  })

  const column = async (root: string): Promise<Map<string, string>> => {
    const words = ['-v2c', '-cpublic', '-Oqnt', '-t5', at.snmp, root]
    return rowsOf(await namespace.run('snmpbulkwalk', ...words).catch(() => ''), root)
  }
  const mountPoints = (): Promise<Map<string, string>> => column(`${host}.3.8.1.2`)
  const storageOf = async (place: string): Promise<{ sizeOctets: number; usedOctets: number }> => {
    const [places, units, sizes, used] = await Promise.all([3, 4, 5, 6].map((one) => column(`${host}.2.3.1.${one}`)))
    const index = indexOf(places!, place)!
    const octets = (of: Map<string, string>): number => Number(of.get(index)) * Number(units!.get(index))
    return { sizeOctets: octets(sizes!), usedOctets: octets(used!) }
  }

  test('a tmpfs has its rows soon after it is mounted, of the size df tells, and none after it is unmounted', async () => {
    const place = join(at.home.root, 'tmpfs')
    mkdirSync(place)
    await namespace.run('mount', '-t', 'tmpfs', '-o', 'size=8m', 'castellan-test', place)
    await namespace.run('dd', 'if=/dev/zero', `of=${place}/file`, 'bs=1M', 'count=2', 'status=none')
    await until(async () => indexOf(await mountPoints(), place) !== undefined, toleranceMs, 'the row of the tmpfs')
    const [size, used] = (await namespace.run('df', '-B1', '--output=size,used', place))
      .trim()
      .split('\n')[1]!
      .trim()
      .split(/\s+/)
      .map(Number)
    assert.deepEqual([size, used], [8 << 20, 2 << 20])
    await until(async () => (await storageOf(place)).usedOctets === used, toleranceMs, 'what is used of it')
    assert.equal((await storageOf(place)).sizeOctets, size)
    await namespace.run('umount', place)
    await until(async () => indexOf(await mountPoints(), place) === undefined, toleranceMs, 'the end of its row')
    assert.equal(indexOf(await column(`${host}.2.3.1.3`), place), undefined)
  })

  test('a mount that really hangs keeps its values and says so, delays no answer and no other mount, and comes back', {
    skip: fuseMissing() ?? false,
  }, async () => {
    const place = join(at.home.root, 'fuse')
    mkdirSync(place)
    const daemon: ChildProcess = await namespace.start(
      process.execPath,
      join(programRoot, 'dist/test/support/fuse-daemon.js'),
      place,
    )
    const state = async (path: string): Promise<string | undefined> =>
      (await column(`${mountTable}.1`)).get(indexOf(await mountPoints(), path) ?? '')
    const ageTicks = async (path: string): Promise<number> =>
      Number((await column(`${mountTable}.2`)).get(indexOf(await mountPoints(), path)!))
    try {
      await until(async () => (await state(place)) === answering, toleranceMs, 'the row of the mount')
      const known = { sizeOctets: 1000 * 4096, usedOctets: 600 * 4096 }
      assert.deepEqual(await storageOf(place), known)
      daemon.kill('SIGSTOP')
      await until(async () => (await state(place)) === hung, toleranceMs, 'its row to say that it hangs')
      assert.deepEqual(await storageOf(place), known, 'its last values')
      const began = performance.now()
      assert.ok((await column(host)).size > 100)
      const walkMs = performance.now() - began
      assert.ok(walkMs < 2000, `a walk of the host took ${walkMs} ms while the mount hung`)
      // What is after it in the order of asking goes on being asked: its age stays below a round and a limit.
      await until(async () => (await ageTicks(place)) > 2500, 40_000, 'some rounds without an answer')
      assert.equal(await state('/'), answering)
      assert.ok((await ageTicks('/')) < 1500, 'the root was asked meanwhile')
      daemon.kill('SIGCONT')
      await until(async () => (await state(place)) === answering, toleranceMs, 'it to answer again')
      assert.ok((await ageTicks(place)) < 1500)
    } finally {
      daemon.kill('SIGCONT')
      await namespace.run('umount', place)
    }
    await until(async () => indexOf(await mountPoints(), place) === undefined, toleranceMs, 'the end of its row')
  })
})

describe('a thousand mounts', missing === undefined ? wanted : { skip: missing }, () => {
  let namespace: NetworkNamespace
  let at: TestHome
  const count = 1_000

  before(async () => {
    at = await makeHome()
    const folder = join(at.home.root, 'mounts')
    namespace = await NetworkNamespace.create(
      `mkdir ${folder}; mount -t tmpfs many ${folder}; cd ${folder}
      mkdir $(seq 1 ${count}) "$(printf 'caf\\351')"
      for one in *; do mount -t tmpfs -o size=1m many "$one"; done; cd /`,
    )
    const { program, args } = daemonCommand('agent', at.home)
    await Promise.race([
      namespace.start(program, ...args),
      until(() => readPidFile(join(at.home.run, 'agent', 'agent.pid')) !== undefined, 10_000, 'the agent'),
    ])
  })
  after(async () => {
    await namespace?.stop()
    await rm(at.home.root, { recursive: true, force: true })
  })

  test('every one that df lists has its rows, and one whose name is no UTF-8 has its octets and its size', async () => {
    const hex = async (root: string): Promise<string[]> => {
      const words = ['-v2c', '-cpublic', '-Onqx', '-Cr50', '-t5', at.snmp, root]
      const out = await namespace.run('snmpbulkwalk', ...words).catch(() => '')
      return [...out.matchAll(/^\.[\d.]+ "([0-9A-F \n]*)"/gm)].map(([, value]) =>
        Buffer.from(value!.replace(/\s/g, ''), 'hex').toString('latin1'),
      )
    }
    const isOurs = (place: string): boolean => place.includes('/mounts/')
    // In octets, which df prints as they are.
    const script = 'df --output=target | od -An -v -tx1'
    const listed = Buffer.from((await namespace.run('sh', '-c', script)).replace(/\s/g, ''), 'hex').toString('latin1')
    const places = listed.split('\n').filter(isOurs).sort()
    assert.equal(places.length, count + 1)
    const storage = async () => (await hex(`${host}.2.3.1.3`)).filter(isOurs).sort()
    await until(async () => (await storage()).length === places.length, toleranceMs, 'all rows of hrStorageTable')
    assert.deepEqual(await storage(), places)
    assert.deepEqual((await hex(`${host}.3.8.1.2`)).filter(isOurs).sort(), places)
  })
})

function loopMissing(folder: string): string | undefined {
  const image = join(folder, 'probe')
  writeFileSync(image, '')
  truncateSync(image, 1 << 20)
  const { status, stdout, stderr, error } = spawnSync('losetup', ['--find', '--show', image], { encoding: 'utf8' })
  if (status !== 0) return `no loop device can be had here: ${error?.message ?? stderr.trim()}`
  execFileSync('losetup', ['--detach', stdout.trim()])
  return undefined
}

const folder = mkdtempSync(join(tmpdir(), 'castellan-loop-'))
const noLoop = loopMissing(folder)

describe('disks that come and go', noLoop === undefined ? needs('snmpbulkwalk') : { skip: noLoop }, () => {
  let appliance: Appliance
  before(async () => {
    appliance = new Appliance(await makeHome())
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
  })
  after(async () => {
    await appliance?.stop()
    rmSync(folder, { recursive: true })
  })

  test('a loop device is a disk of its size as long as a file is behind it', async () => {
    const column = async (root: string): Promise<Map<string, string>> =>
      rowsOf((await netsnmp('snmpbulkwalk', ['-v2c', '-cpublic', '-Oqn', appliance.at.snmp, root])).out, root)
    const image = join(folder, 'image')
    writeFileSync(image, '')
    truncateSync(image, 12 << 20)
    const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim()
    const row = async (): Promise<string | undefined> =>
      indexOf(await column(`${host}.3.2.1.3`), `disk ${basename(device)}`)
    try {
      await until(async () => (await row()) !== undefined, toleranceMs, 'the row of the disk')
      assert.equal((await column(`${host}.3.6.1.4`)).get((await row())!), `${12 << 10}`)
    } finally {
      execFileSync('losetup', ['--detach', device])
    }
    await until(async () => (await row()) === undefined, toleranceMs, 'the end of its row')
  })
})
