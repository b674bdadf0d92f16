import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { resolveHome } from '../../../lib/home/home.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { ManualClock, systemClock } from '../../../lib/time/clock.ts'
import { ping } from '../../../sipd/control/ping/exchange.ts'
import { targetOf } from '../../../sipd/control/ping/target.ts'
import {
  failureOf,
  type HealthSpec,
  healthCheck,
  parseHostAndPort,
  type Verdict,
  whyNoTarget,
} from '../../../subagents/critapp/health/health.ts'
import { HealthMonitor } from '../../../subagents/critapp/health/monitor.ts'
import { watchPidFiles } from '../../../subagents/critapp/host/pid-files.ts'
import type { MemoryProcess } from '../../support/memory-process.ts'
import { noHealth, noSip } from '../../support/supervision.ts'
import { path, Rig } from './rig.ts'

const check = healthCheck(noSip)
const never = new AbortController().signal

/** Why it does not serve; fails where it serves, or nobody could tell. */
function reason(verdict: Verdict): string {
  const failure = failureOf(verdict)
  assert.ok(failure, JSON.stringify(verdict))
  return failure.reason
}

test('a TCP check is a connection within its time', async () => {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const spec = { ...noHealth, kind: 'tcp', target: `127.0.0.1:${port}` } as const
  assert.equal(await check(spec, never), undefined)
  await new Promise((resolve) => server.close(resolve))
  assert.match(reason(await check(spec, never)), /ECONNREFUSED/)
})

/** Asks as the subagents do. */
const sipCheck = healthCheck(
  async (uri, timeoutMs) =>
    (await ping(await targetOf(resolveHome('/no/home'), uri, false), timeoutMs, systemClock)).status,
)

/** A SIP server that answers whatever comes in this way; what it says it is given the request's own header fields. */
async function sipServer(answer: (request: string) => string | undefined) {
  const socket = createSocket('udp4')
  socket.on('message', (octets, { port, address }) => {
    const response = answer(octets.toString('latin1'))
    if (response !== undefined) socket.send(response, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { target: `sip:127.0.0.1:${socket.address().port}`, close: () => socket.close() }
}

const respond = (status: string) => (request: string) =>
  `SIP/2.0 ${status}\r\n${(request.match(/^(Via|From|To|Call-ID|CSeq):.*$/gm) ?? []).join('\r\n')}\r\nContent-Length: 0\r\n\r\n`

for (const [what, answer, verdict] of [
  ['200', respond('200 OK'), undefined],
  ['503 of an overloaded server', respond('503 Service Unavailable'), undefined],
  ['a provisional response and no more', respond('100 Trying'), /no final response within 0\.3 s/],
  ['silence', () => undefined, /no final response within 0\.3 s/],
  ['what is no SIP', () => 'HTTP/1.1 200 OK\r\n\r\n', /no final response within 0\.3 s/],
  [
    'the answer to another request',
    () => respond('200 OK')('Via: SIP/2.0/UDP x;branch=z9hG4bKother\r\nCSeq: 1 OPTIONS'),
    /no final/,
  ],
] as const)
  test(`to a SIP check ${what} is ${verdict ? 'no ' : 'a '}sign of life`, async () => {
    const { target, close } = await sipServer(answer)
    const found = await sipCheck({ ...noHealth, kind: 'sip', target, timeoutMs: 300 }, never)
    close()
    if (verdict) assert.match(reason(found), verdict)
    else assert.equal(found, undefined)
  })

test('a SIP check of a port where nobody listens knows at once', async () => {
  const { target, close } = await sipServer(() => undefined)
  close()
  const found = await sipCheck({ ...noHealth, kind: 'sip', target, timeoutMs: 5000 }, never)
  assert.match(reason(found), /nobody listens/)
})

test('a SIP check that cannot even begin is over when its time is, and is not begun again beside itself', async () => {
  let begun = 0
  const stuck = healthCheck(() => {
    begun++
    return new Promise((resolve) => setTimeout(() => resolve(200), 1500))
  })
  const spec = { ...noHealth, kind: 'sip', target: 'sip:a.name.that.hangs', timeoutMs: 100 } as const
  assert.equal(await stuck(spec, never), 'sip:a.name.that.hangs took longer than 0.1 s')
  assert.equal(await stuck(spec, never), 'sip:a.name.that.hangs took longer than 0.1 s')
  assert.equal(begun, 1)
})

test('a start is looked at after 50, 100 and 200 ms, then ever 400, so that up is as soon as it serves', async () => {
  const clock = new ManualClock()
  const looks: number[] = []
  const monitor = new HealthMonitor({
    clock,
    spec: { ...noHealth, kind: 'tcp', target: 'x:1', intervalMs: 30_000 },
    hasServed: false,
    check: async () => {
      looks.push(clock.monotonicMs())
      return looks.length < 7 ? 'no' : undefined
    },
    report: () => {},
  })
  for (let ms = 0; ms < 32_000; ms += 50) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(50)
  }
  monitor.stop()
  assert.deepEqual(looks, [0, 50, 150, 350, 750, 1150, 1550, 31_550])
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

test('a monitor is told of N failures in a row, and a good answer between them begins again', async () => {
  const clock = new ManualClock()
  const said: string[] = []
  const answers: (string | undefined)[] = [undefined, 'no', 'no', undefined, 'no', 'no', 'no', undefined]
  const spec: HealthSpec = { ...noHealth, kind: 'tcp', target: 'x:1', intervalMs: 1000, failures: 3 }
  const monitor = new HealthMonitor({
    clock,
    spec,
    hasServed: false,
    check: async () => answers.shift(),
    report: (finding) => {
      if (finding.kind === 'fails') said.push(`${finding.failure.reason} ${finding.times}`)
      else if (finding.kind === 'unhealthy') said.push(finding.failure.reason)
      else said.push(finding.kind)
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

test('what could not be asked is no failure, neither of one that serves nor of one that starts', async () => {
  for (const hasServed of [true, false]) {
    const clock = new ManualClock()
    const said: string[] = []
    const monitor = new HealthMonitor({
      clock,
      spec: { ...noHealth, kind: 'tcp', target: 'x:1', intervalMs: 1000, failures: 3 },
      hasServed,
      check: () => (said.length < 10 ? Promise.resolve({ cannotTell: 'EMFILE' }) : Promise.reject(new Error('bug'))),
      report: (finding) => said.push(finding.kind === 'cannotTell' ? finding.reason : finding.kind),
    })
    for (let i = 0; i < 20; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(1000)
    }
    monitor.stop()
    assert.deepEqual(new Set(said), new Set(['EMFILE', 'bug']))
    assert.ok(said.length >= 20, 'it is asked again and again')
  }
})

const checked = { ...noHealth, kind: 'tcp', target: '127.0.0.1:1' } as const

test('a process is up when it serves, not when it runs, and its start has time to', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.verdict = 'connection refused'
  const { shown, reaches } = rig.supervise({ health: { ...checked, intervalMs: 5000 } })
  await rig.until(() => shown().pid > 0, 'its PID')
  await rig.pass(10_000)
  assert.deepEqual([shown().state, shown().isUp, shown().health], ['starting', false, 'unknown'])
  assert.deepEqual(rig.notified, [])
  rig.verdict = undefined
  await reaches('running')
  assert.deepEqual([shown().isUp, shown().health], [true, 'healthy'])
  assert.match(rig.notified[0] ?? '', /was started as PID/)
})

/** A start command that goes on for a minute after its daemon has written its PID file. */
function lingeringStarter(rig: Rig, write: (daemon: MemoryProcess) => void): string {
  rig.host.program(path, (daemon) => void daemon.after(310, () => write(daemon)))
  return rig.host.program('/opt/start', (self) => {
    self.daemonize([path])
    self.after(60_000, () => self.exit(0))
  })
}

test('a daemon whose health is checked is up when it serves and has its PID file, whatever its start command still does', async () => {
  const rig = new Rig()
  const startCommand = lingeringStarter(rig, (daemon) => rig.host.writePidFile('unit', daemon))
  const { shown } = rig.supervise({ startCommand, health: checked })
  await rig.pass(300)
  assert.equal(shown().state, 'starting')
  rig.clock.advance(10)
  assert.equal(shown().pid, rig.process().pid, 'it is looked at when its PID file is written')
  await rig.pass(0)
  assert.equal(shown().state, 'running')
})

test('where its folder cannot be watched, a PID file is found all the same', async () => {
  const rig = new Rig()
  const startCommand = lingeringStarter(rig, (daemon) => void rig.host.pidFiles.set('unit', daemon.stat()))
  const { shown } = rig.supervise({ startCommand, health: checked })
  await rig.pass(1000)
  assert.equal(shown().state, 'running')
})

test('a folder of PID files that cannot be watched is logged', () => {
  const warned: string[] = []
  const log = { ...silentLog, warn: (sentence: string) => void warned.push(sentence) }
  assert.equal(
    watchPidFiles('/no/such/folder', log, () => {}),
    undefined,
  )
  assert.match(warned[0] ?? '', /cannot be watched; it is looked at again and again/)
})

test('one that answers no health check any more is stopped, killed where it must be, and started again', async () => {
  const rig = new Rig()
  rig.host.program(path, (self) => void self.ignore('SIGTERM'))
  const { shown, reaches } = rig.supervise({ health: checked, stopTimeoutSeconds: 1 })
  await reaches('running')
  const { pid } = shown()
  rig.verdict = 'connection refused'
  await rig.until(() => !shown().isUp, 'that it is not up')
  await rig.until(() => shown().exits === 1, 'its end')
  assert.match(
    rig.notified.at(-1) ?? '',
    /was stopped: 3 health checks failed: connection refused, next try in 1\.\d s$/,
  )
  rig.verdict = undefined
  await reaches('running')
  assert.notEqual(shown().pid, pid)
  assert.deepEqual([shown().restarts, rig.host.signals], [1, ['SIGTERM unit', 'SIGKILL unit']])
})

test('what a health check printed is in the log, and in no notification and no column', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.verdict = { reason: 'the command ended with exit code 1', said: 'password S3cr3t is wrong' }
  const { shown } = rig.supervise({ health: { ...checked, failures: 1 } })
  await rig.until(() => shown().exits > 0, 'the end of patience')
  assert.match(rig.notified[0] ?? '', /did not serve within 1 s of its start: the command ended with exit code 1/)
  assert.doesNotMatch([shown().lastError, ...rig.notified].join('\n'), /S3cr3t/)
  assert.equal(shown().lastSaid, 'password S3cr3t is wrong')
  assert.match(rig.logged, /S3cr3t/)
})

test('one that never serves is unhealthy when its time to start is over, and failed when that happens too often', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.verdict = 'connection refused'
  const { shown, reaches } = rig.supervise({ health: checked, maxRestarts: 1 })
  await reaches('failed')
  assert.equal(shown().exits, 2)
  assert.match(rig.notified[0] ?? '', /did not serve within 3 s of its start: connection refused, next try in/)
  assert.match(shown().lastError, /ended too often, second time/)
})

test('set down while it does not serve yet, it stops and stays down', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.verdict = 'connection refused'
  const { supervisor, shown, reaches } = rig.supervise({ health: { ...checked, intervalMs: 60_000 } })
  await rig.until(() => shown().pid > 0, 'its PID')
  supervisor.setAdminStatus(1, 'down')
  await reaches('stopped')
  await rig.pass(60_000)
  assert.deepEqual([shown().state, shown().lastError], ['stopped', ''])
})

test('a check that is taken away leaves the process alone, and one that is new is asked from then on', async () => {
  const rig = new Rig()
  rig.host.program(path)
  rig.verdict = 'connection refused'
  const { shown, set, reaches } = rig.supervise({ health: { ...checked, intervalMs: 60_000 } })
  await rig.until(() => shown().pid > 0, 'its PID')
  const { pid } = shown()
  set({ health: noHealth })
  await reaches('running')
  assert.equal(shown().pid, pid)
  set({ health: checked })
  assert.deepEqual([shown().isUp, shown().health], [true, 'unknown'])
  await rig.until(() => shown().exits === 1, 'that it is stopped, as it does not serve')
})
