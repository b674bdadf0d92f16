import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpus } from 'node:os'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const host = '.1.3.6.1.2.1.25'
const mounts = '.1.3.6.1.4.1.32473.12.25.1.20.1'
/** hrSWRunStatus and hrSWRunType. */
const runnable = '2'
const application = '4'
let appliance: Appliance

/** Values by the sub-identifiers after `oid`, as snmpwalk prints them. */
async function walk(oid: string): Promise<Map<string, string>> {
  const { out } = await netsnmp('snmpbulkwalk', ['-v2c', '-cpublic', '-Oqn', '-Cc', appliance.at.snmp, oid])
  const found = new Map<string, string>()
  for (const [, name, value] of out.matchAll(/^(\.[\d.]+) (.*)$/gm))
    found.set(name!.slice(oid.length + 1), value!.replace(/^"(.*)"$/, '$1'))
  return found
}

const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })

const within = (actual: number, expected: number, tolerance: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} here, ${expected} there`)

describe(
  'the host as its own tools see it',
  needs('snmpbulkwalk', '/var/lib/dpkg/status', 'df', 'free', 'ps', 'dpkg-query'),
  () => {
    before(async () => {
      appliance = new Appliance(await makeHome())
      assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
      await until(async () => (await walk(`${host}.6.3.1.2`)).size > 0, 20_000, 'the list of packages')
      const mounts = run('df', '--output=target', '-x', 'overlay').trim().split('\n').length - 1
      await until(async () => (await walk(`${host}.3.8.1.2`)).size >= mounts, 20_000, 'file systems')
      await until(async () => (await walk(`${host}.4.2.1.2`)).size > 0, 20_000, 'processes')
    })
    after(() => appliance.stop())

    test('df: the same file systems with the same sizes; used within 5 % of the size, for others write meanwhile', async () => {
      const [places, units, sizes, used] = await Promise.all(
        [3, 4, 5, 6].map((column) => walk(`${host}.2.3.1.${column}`)),
      )
      const indexOf = new Map([...places!].map(([index, place]) => [place, index]))
      const lines = run('df', '-B1', '--output=target,size,used', '-x', 'overlay').trim().split('\n').slice(1)
      let compared = 0
      for (const line of lines) {
        const [, place, size, inUse] = /^(\S.*?)\s+(\d+)\s+(\d+)$/.exec(line) ?? []
        const index = indexOf.get(place!)
        assert.ok(index !== undefined, `${place} has no row`)
        assert.equal(Number(sizes!.get(index)) * Number(units!.get(index)), Number(size), place)
        within(Number(used!.get(index)) * Number(units!.get(index)), Number(inUse), Number(size) * 0.05, place!)
        compared++
      }
      assert.ok(compared > 0)
    })

    test('df: percents of space and of inodes, within 5 for others write meanwhile', async () => {
      const [used, inodes] = await Promise.all([3, 5].map((column) => walk(`${mounts}.${column}`)))
      const indexOf = new Map([...(await walk(`${host}.3.8.1.2`))].map(([index, place]) => [place, index]))
      const lines = run('df', '--output=target,pcent,ipcent', '-x', 'overlay').trim().split('\n').slice(1)
      let compared = 0
      for (const line of lines) {
        const [, place, percent, inodesPercent] = /^(\S.*?)\s+(\d+%|-)\s+(\d+%|-)$/.exec(line) ?? []
        const index = indexOf.get(place!)!
        for (const [ours, theirs] of [
          [used!.get(index), percent!],
          [inodes!.get(index), inodesPercent!],
        ] as const) {
          if (ours === undefined || theirs === '-') continue // read-only, or a file system without inodes
          within(Number(ours), Number(theirs.replace('%', '')), 5, `${place}`)
          compared++
        }
      }
      assert.ok(compared > 0)
    })

    test('free: memory and swap of the same size, in use within 10 % of it, for a sample is five seconds old', async () => {
      const fields = (line: RegExp): number[] => line.exec(run('free', '-k'))![1]!.trim().split(/\s+/).map(Number)
      const [total, , free] = fields(/^Mem:(.*)$/m)
      const [swapTotal, swapUsed] = fields(/^Swap:(.*)$/m)
      const [sizes, used] = await Promise.all([5, 6].map((column) => walk(`${host}.2.3.1.${column}`)))
      assert.equal(Number((await walk(`${host}.2.2`)).get('0')), total)
      assert.equal(Number(sizes!.get('1')), total)
      within(Number(used!.get('1')), total! - free!, total! * 0.1, 'memory')
      assert.equal(Number(sizes!.get('10')), swapTotal)
      within(Number(used!.get('10')), swapUsed!, swapTotal! * 0.1, 'swap')
    })

    test('ps: every process that lived through the walk has its row, its name and its time', async () => {
      const list = (): Map<string, string> =>
        new Map(
          [...run('ps', '-e', '-o', 'pid=,comm=').matchAll(/^\s*(\d+) (.*)$/gm)].map(([, pid, name]) => [pid!, name!]),
        )
      const own = String(process.pid)
      const early = list()
      await new Promise((resolve) => setTimeout(resolve, 5000)) // more than two listings
      const [names, cpu] = [await walk(`${host}.4.2.1.2`), await walk(`${host}.5.1.1.1`)]
      const late = list()
      let compared = 0
      for (const [pid, name] of early) {
        if (late.get(pid) !== name || name.startsWith('kworker/')) continue // whose names are what they do at the moment
        assert.ok(names.get(pid)?.startsWith(name.slice(0, 15)), `process ${pid} is ${name}, not ${names.get(pid)}`)
        assert.ok(cpu.has(pid))
        compared++
      }
      assert.ok(compared > 1)
      const spentTicks = Number(cpu.get(own))
      assert.ok(spentTicks > 0 && spentTicks <= (process.cpuUsage().user + process.cpuUsage().system) / 10_000 + 20)
      const count = Number((await walk(`${host}.1.6`)).get('0'))
      within(count, late.size, Math.max(60, late.size / 2), 'hrSystemProcesses')
    })

    test('a process that is started has its row within five seconds, and one that ended has none', async (t) => {
      const child = spawn('sleep', ['600'], { stdio: 'ignore' })
      t.after(() => child.kill())
      const row = async () => (await walk(`${host}.4.2.1.2`)).get(String(child.pid))
      await until(async () => (await row()) === 'sleep', 5000, 'the row of sleep')
      const of = async (column: string) => (await walk(`${host}.${column}`)).get(String(child.pid))
      const residentKb = Number(run('ps', '-o', 'rss=', '-p', String(child.pid)))
      // /proc/PID/stat has what each processor has not told yet left out: up to 64 pages each (proc(5): inaccurate).
      within(Number(await of('5.1.1.2')), residentKb, 256 * cpus().length, 'the memory that ps shows')
      assert.deepEqual([await of('4.2.1.6'), await of('4.2.1.7')], [application, runnable])
      child.kill()
      await until(async () => (await row()) === undefined, 5000, 'the end of its row')
    })

    test('dpkg -l: every installed package with its version, and no other', async () => {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
      const format = '${db:Status-Status} ${Package}_${Version}_${Architecture}\n'
      const installed = run('dpkg-query', '-W', '-f', format)
        .split('\n')
        .filter((line) => line.startsWith('installed '))
        .map((line) => line.slice('installed '.length).slice(0, 64))
      const names = [...(await walk(`${host}.6.3.1.2`)).values()]
      assert.deepEqual(names.toSorted(), installed.toSorted())
      const lines = run('dpkg', '-l').split('\n')
      assert.equal(names.length, lines.filter((line) => /^[a-z]i /.test(line)).length)
    })

    test('nproc: as many processors, the first of them device 1, with loads of 0 to 100', async () => {
      const loads = await walk(`${host}.3.3.1.2`)
      assert.equal(loads.size, Number(run('nproc', '--all')))
      assert.equal([...loads.keys()][0], '1')
      for (const load of loads.values()) assert.ok(Number(load) >= 0 && Number(load) <= 100)
    })
  },
)
