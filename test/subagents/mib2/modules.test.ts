import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog } from '../../../lib/log/log.ts'
import { ModuleBackend } from '../../../lib/mib/backend.ts'
import { ManualClock } from '../../../lib/time/clock.ts'
import { SystemFiles } from '../../../subagents/mib2/files.ts'
import { mib2Modules } from '../../../subagents/mib2/index.ts'
import { Sampler } from '../../../subagents/mib2/sampler.ts'
import { until } from '../../support/appliance.ts'

function host() {
  const lines: string[] = []
  const clock = new ManualClock()
  const log = createLog({ component: 'test', write: (line) => lines.push(line) })
  const running = new AbortController()
  return {
    lines,
    clock,
    running,
    host: { clock, log, signal: running.signal, upTimeTicks: () => 0, notify: () => {} },
  }
}

test('on a kernel without /proc every module starts, with fewer rows and one line for each file', async () => {
  const { host: empty, lines, running } = host()
  const modules = mib2Modules({ files: new SystemFiles('/no/such/root'), neighbours6: '/no/such/report' })
  for (const { module } of modules) await new ModuleBackend(module, { log: empty.log }).start(empty)
  running.abort()
  const rowsOf = (name: string): number => {
    const tables = modules.flatMap(({ module }) => module.tables)
    return tables.find(({ table }) => table.definition.name === name)!.table.size
  }
  assert.deepEqual(
    ['ifTable', 'ip', 'tcp', 'udp', 'ipAddressTable', 'inetCidrRouteTable', 'udpEndpointTable'].map(rowsOf),
    [0, 0, 0, 0, 0, 0, 0],
  )
  const paths = lines.map((line) => /path=(\S+)/.exec(line)?.[1]).sort()
  assert.deepEqual(
    paths,
    ['arp', 'dev', 'netstat', 'route', 'snmp', 'tcp', 'udp'].map((name) => `/proc/net/${name}`),
  )
})

test('a sample that fails is logged once and once when it works again; its age goes on growing', async () => {
  const { host: one, clock, lines } = host()
  let isBroken = false
  let taken = 0
  const sampler = new Sampler('links', 1000, async () => {
    if (isBroken) throw new Error('no links today')
    taken++
  })
  const pass = async (): Promise<void> => {
    clock.advance(1000)
    await new Promise(setImmediate)
  }
  await sampler.start(one)
  await pass()
  assert.equal(taken, 2)
  isBroken = true
  await pass()
  await pass()
  assert.equal(sampler.ageMs, 2000)
  isBroken = false
  await pass()
  assert.equal(sampler.ageMs, 0)
  assert.equal(lines.length, 2)
  assert.match(lines[0]!, /a sample could not be taken; its rows keep their last values sample=links .*no links today/)
  assert.match(lines[1]!, /a sample could be taken again sample=links/)
})

test('a sampler whose samples cost much takes them less often, and its age says so', async () => {
  const { host: one, clock } = host()
  let taken = 0
  const sampler = new Sampler('long', 1000, async (_, work) => {
    taken++
    // Thirty milliseconds at least, of which a second has no room within the share of a sampler.
    function* spin(): Generator<void> {
      for (const endMs = performance.now() + 30; performance.now() < endMs; );
      yield
    }
    await work.run(spin())
  })
  await sampler.start(one)
  for (const count of [2, 3]) {
    clock.advance(1000)
    await until(() => taken === count && sampler.ageMs === 0, 5_000)
  }
  assert.ok(sampler.periodMs >= 8_000, `${sampler.periodMs}`)
  clock.advance(4000)
  assert.equal(taken, 3)
  assert.equal(sampler.ageMs, 4000)
  clock.advance(sampler.periodMs - 4000)
  assert.equal(taken, 4)
})

test('a sample that is still being taken keeps the next from starting', async () => {
  const { host: one, clock } = host()
  let started = 0
  let finish = (): void => {}
  const sampler = new Sampler('slow', 1000, () => {
    started++
    return started === 1 ? Promise.resolve() : new Promise((resolve) => (finish = resolve))
  })
  await sampler.start(one)
  clock.advance(5000)
  assert.equal(started, 2)
  finish()
  await new Promise(setImmediate)
  clock.advance(1000)
  assert.equal(started, 3)
})
