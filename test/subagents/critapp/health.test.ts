import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { ManualClock } from '../../../lib/clock.ts'
import { type HealthSpec, healthCheck, parseHostAndPort, whyNoTarget } from '../../../subagents/critapp/health.ts'
import { HealthMonitor } from '../../../subagents/critapp/monitor.ts'
import { until } from '../../support/appliance.ts'
import { Bench, forever, noHealth } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

const check = healthCheck(['/bin/false'])
const never = new AbortController().signal

test('a command is healthy with exit code 0, and says why when it is not', async () => {
  const verdict = (target: string) => check({ ...noHealth, kind: 'command', target, timeoutMs: 300 }, never)
  assert.equal(await verdict('/bin/true'), undefined)
  assert.equal(await verdict(`${bench.program('echo tired; exit 3')}`), 'the command ended with exit code 3: tired')
  assert.match((await verdict('/no/such/check'))!, /there is no such program/)
  const began = performance.now()
  assert.match((await verdict(bench.program('sleep 60 & sleep 60', 'slow')))!, /took longer than 0\.3 s/)
  assert.ok(performance.now() - began < 1500, 'its group is killed, and nobody waits for who holds its output')
})

test('a TCP check is a connection within its time', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const spec = { ...noHealth, kind: 'tcp', target: `127.0.0.1:${port}` } as const
  assert.equal(await check(spec, never), undefined)
  await new Promise((resolve) => server.close(resolve))
  assert.match((await check(spec, never))!, /ECONNREFUSED/)
})

test('a SIP check takes any final response for a sign of life, and nothing else', async () => {
  const ping = (script: string) =>
    healthCheck(['/bin/sh', bench.program(script, 'ping')])({ ...noHealth, kind: 'sip' }, never)
  assert.equal(await ping('echo "SIP/2.0 200 OK"'), undefined)
  assert.equal(await ping('echo "SIP/2.0 503 Service Unavailable"; exit 1'), undefined)
  assert.equal(await ping('echo "no response within 1 s" >&2; exit 3'), 'no response within 1 s')
})

test('a target is of its kind or the row cannot be active', () => {
  assert.equal(whyNoTarget({ kind: 'none', target: 'whatever' }), undefined)
  assert.equal(whyNoTarget({ kind: 'sip', target: '' }), undefined)
  assert.equal(whyNoTarget({ kind: 'sip', target: 'sip:127.0.0.1:5060' }), undefined)
  assert.notEqual(whyNoTarget({ kind: 'sip', target: '--home=/' }), undefined)
  assert.notEqual(whyNoTarget({ kind: 'command', target: '' }), undefined)
  assert.notEqual(whyNoTarget({ kind: 'tcp', target: '3306' }), undefined)
  assert.deepEqual(parseHostAndPort('[::1]:22'), { host: '::1', port: 22 })
  assert.equal(parseHostAndPort('localhost:70000'), undefined)
})

test('a monitor is told of N failures in a row, and a good answer between them begins anew', async () => {
  const clock = new ManualClock()
  const said: string[] = []
  const answers: (string | undefined)[] = [undefined, 'no', 'no', undefined, 'no', 'no', 'no', undefined]
  const spec: HealthSpec = { ...noHealth, kind: 'tcp', target: 'x:1', intervalMs: 1000, failures: 3 }
  const monitor = new HealthMonitor({
    clock,
    spec,
    hasServed: false,
    check: async () => answers.shift(),
    events: {
      serves: () => said.push('serves'),
      fails: (reason, times) => said.push(`${reason} ${times}`),
      sick: (reason) => said.push(reason),
    },
  })
  for (let i = 0; i < 10; i++) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(1000)
  }
  monitor.stop()
  const expected = ['serves', 'no 1', 'no 2', 'serves', 'no 1', 'no 2', 'no 3', '3 health checks failed: no']
  assert.deepEqual(said, expected)
  assert.equal(answers.length, 1, 'nothing is asked after that')
})

test('a process is up when it serves, not when it runs, and its start has time to', async () => {
  const mark = join(bench.folder, 'serves')
  const health = { ...noHealth, kind: 'command', target: `/usr/bin/test -e ${mark}`, intervalMs: 5000 } as const
  const { shown, reaches, told } = bench.supervise({ startCommand: bench.program(forever), health })
  await until(() => shown().pid > 0, 3000, 'its PID')
  assert.deepEqual([shown().state, shown().isUp, shown().health], ['starting', false, 'unknown'])
  assert.deepEqual(told, [])
  writeFileSync(mark, '')
  await reaches('running')
  assert.deepEqual([shown().isUp, shown().health], [true, 'healthy'])
  assert.match(told[0]!, /was started as PID/)
})

test('one that answers no health check any more is stopped, killed where it must be, and started again', async () => {
  const mark = join(bench.folder, 'serves')
  writeFileSync(mark, '')
  const target = `/usr/bin/test -e ${mark}`
  const health = { kind: 'command', target, intervalMs: 100, timeoutMs: 1000, failures: 3 } as const
  const startCommand = bench.program(`trap '' TERM; ${forever}`)
  const { shown, reaches, told } = bench.supervise({ startCommand, health })
  await reaches('running')
  const { pid } = shown()
  await rm(mark)
  await until(() => !shown().isUp, 2000, 'that it is not up')
  await until(() => shown().exits === 1, 3000, 'its end')
  assert.match(
    told.at(-1)!,
    /was stopped: 3 health checks failed: the command ended with exit code 1, next try in 0\.1 s$/,
  )
  writeFileSync(mark, '')
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  assert.equal(shown().restarts, 1)
})

test('one that never serves is sick when its time to start is over, and failed when that happens too often', async () => {
  const health = { kind: 'command', target: '/bin/false', intervalMs: 100, timeoutMs: 1000, failures: 3 } as const
  const { shown, told } = bench.supervise({ startCommand: bench.program(forever), health, maxRestarts: 1 })
  await until(() => shown().state === 'failed', 8000, 'the end of patience')
  assert.equal(shown().exits, 2)
  assert.match(told[0]!, /did not serve within 0\.3 s of its start: .*, next try in/)
  assert.match(shown().lastError, /ended too often, second time/)
})

test('set down while it does not serve yet, it stops and stays down', async () => {
  const health = { ...noHealth, kind: 'command', target: '/bin/false', intervalMs: 60_000 } as const
  const { supervisor, shown, reaches } = bench.supervise({ startCommand: bench.program(forever), health })
  await until(() => shown().pid > 0, 3000, 'its PID')
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped', 3000)
  assert.equal(shown().lastError, '')
})

test('a check that is taken away leaves the process alone', async () => {
  const health = { ...noHealth, kind: 'command', target: '/bin/false', intervalMs: 60_000 } as const
  const { supervisor, shown, reaches } = bench.supervise({ startCommand: bench.program(forever), health })
  await until(() => shown().pid > 0, 3000, 'its PID')
  const { pid } = shown()
  supervisor.configure({ ...shown().spec, health: noHealth })
  await reaches('running')
  assert.equal(shown().pid, pid)
  assert.ok(existsSync(`/proc/${pid}`))
})
