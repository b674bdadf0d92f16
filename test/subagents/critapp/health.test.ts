import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { readPidFile } from '../../../lib/files/pid-file.ts'
import { resolveHome } from '../../../lib/home/home.ts'
import { silentLog } from '../../../lib/log/log.ts'
import { visibleProcesses } from '../../../lib/proc/process.ts'
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
} from '../../../subagents/critapp/health.ts'
import { HealthMonitor } from '../../../subagents/critapp/monitor.ts'
import { watchPidFiles } from '../../../subagents/critapp/pid-files.ts'
import { until } from '../../support/appliance.ts'
import { Bench, forever, noHealth, noSip } from './bench.ts'

let bench: Bench
beforeEach(() => {
  bench = new Bench()
})
afterEach(() => bench.clear())

const check = healthCheck(noSip)
const never = new AbortController().signal

/** Why it does not serve; fails where it serves, or nobody could tell. */
function reason(verdict: Verdict): string {
  const failure = failureOf(verdict)
  assert.ok(failure, JSON.stringify(verdict))
  return failure.reason
}

test('a command is healthy with exit code 0, and says why when it is not', async () => {
  const verdict = (target: string) => check({ ...noHealth, kind: 'command', target, timeoutMs: 300 }, never)
  assert.equal(await verdict('/bin/true'), undefined)
  assert.deepEqual(await verdict(`${bench.program('echo tired; exit 3')}`), {
    reason: 'the command ended with exit code 3',
    said: 'tired',
  })
  assert.match(reason(await verdict('/no/such/check')), /there is no such program/)
  const began = performance.now()
  assert.match(reason(await verdict(bench.program('sleep 60 & sleep 60', 'slow'))), /took longer than 0\.3 s/)
  assert.ok(performance.now() - began < 1500, 'its group is killed, and nobody waits for who holds its output')
})

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
    (await ping(await targetOf(resolveHome(bench.folder), uri, false), timeoutMs, systemClock)).status,
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
  const began = performance.now()
  const found = await sipCheck({ ...noHealth, kind: 'sip', target, timeoutMs: 5000 }, never)
  assert.match(reason(found), /nobody listens/)
  assert.ok(performance.now() - began < 1000)
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
    events: { serves: () => {}, fails: () => {}, cannotTell: () => {}, unhealthy: () => {} },
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
      fails: ({ reason }, times) => said.push(`${reason} ${times}`),
      cannotTell: (reason) => said.push(`cannot tell: ${reason}`),
      unhealthy: ({ reason }) => said.push(reason),
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
      events: {
        serves: () => said.push('serves'),
        fails: () => said.push('fails'),
        cannotTell: (reason) => said.push(reason),
        unhealthy: () => said.push('unhealthy'),
      },
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

/** A start command that goes on for a minute after its daemon has written its PID file. */
function lingeringStarter(): string {
  const daemon = bench.program('')
  const pidFile = join(bench.folder, `${bench.name}.pid`)
  writeFileSync(
    daemon,
    `#!/bin/sh
set -- $(sed 's/.*) //' /proc/$$/stat); shift 19
sleep 0.3
printf '%s\\n%s\\n[]\\n' $$ $1 > ${pidFile}
${forever}\n`,
  )
  return bench.program(`setsid sh ${daemon} </dev/null >/dev/null 2>&1 &\nsleep 60`, 'starter')
}

test('a daemon whose health is checked is up when it serves and has its PID file, whatever its start command still does', async () => {
  const health = { ...noHealth, kind: 'command', target: '/bin/true' } as const
  const startCommand = lingeringStarter()
  const { shown, reaches } = bench.supervise({ startCommand, health })
  const began = performance.now()
  await reaches('running', 3000)
  assert.ok(performance.now() - began < 3000)
  assert.equal(readPidFile(join(bench.folder, `${bench.name}.pid`))?.pid, shown().pid)
  for (const { pid, command } of visibleProcesses()) if (command.includes(startCommand)) process.kill(-pid, 'SIGKILL')
})

test('where its folder cannot be watched, a PID file is found all the same', async () => {
  const warned: string[] = []
  const log = { ...silentLog, warn: (sentence: string) => void warned.push(sentence) }
  const missing = join(bench.folder, 'missing')
  assert.equal(
    watchPidFiles(missing, log, () => {}),
    undefined,
  )
  assert.match(warned[0]!, /cannot be watched; it is looked at again and again/)
  const health = { ...noHealth, kind: 'command', target: '/bin/true' } as const
  const startCommand = lingeringStarter()
  const { supervisor, shown } = bench.supervise(
    { startCommand, health, adminStatus: 'down' },
    { pidFileOf: (name) => join(missing, `${name}.pid`), pidFolders: [missing], log },
  )
  await until(() => shown().state === 'stopped', 1000, 'that it is down')
  symlinkSync(bench.folder, missing)
  supervisor.setAdminStatus(1, 'up')
  await until(() => shown().state === 'running', 3000, 'the start')
  for (const { pid, command } of visibleProcesses()) if (command.includes(startCommand)) process.kill(-pid, 'SIGKILL')
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

test('what a health check printed is in the log, and in no notification and no column', async () => {
  const target = `/bin/sh -c 'echo password S3cr3t is wrong; exit 1'`
  const health = { kind: 'command', target, intervalMs: 100, timeoutMs: 1000, failures: 1 } as const
  const lines: string[] = []
  const record = (_: string, fields?: object) => void lines.push(JSON.stringify(fields))
  const log = { ...silentLog, warn: record, error: record, notice: record }
  const { shown, told } = bench.supervise({ startCommand: bench.program(forever), health, maxRestarts: 1 }, { log })
  await until(() => shown().exits > 0 && told.length > 0, 8000, 'the end of patience')
  assert.match(told[0]!, /did not serve within 0\.1 s of its start: the command ended with exit code 1/)
  assert.doesNotMatch([shown().lastError, ...told].join('\n'), /S3cr3t/)
  assert.match(lines.join('\n'), /S3cr3t/)
})

test('one that never serves is unhealthy when its time to start is over, and failed when that happens too often', async () => {
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
