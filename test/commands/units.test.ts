import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { type Clock, ManualClock, systemClock } from '../../lib/clock.ts'
import { silentLog } from '../../lib/log.ts'
import { tellSystemd } from '../../lib/systemd.ts'
import { runBin, until } from '../support/appliance.ts'
import { passUntil } from '../support/clock.ts'
import { withoutDescriptors } from '../support/descriptors.ts'
import { needs } from '../support/peers.ts'

const folder = mkdtempSync(join(tmpdir(), 'units-'))
after(() => rm(folder, { recursive: true, force: true }))

describe('systemd units', needs('systemd-analyze'), () => {
  test('systemd-analyze verify has nothing to say of them', async () => {
    const options = ['--home', join(folder, 'home'), '--output', folder, '--user', 'daemon', '--sipd-user', 'daemon']
    const written = await runBin('castellan', ['units', ...options])
    assert.equal(written.code, 0, written.err)
    const units = readdirSync(folder).filter((name) => name.endsWith('.service'))
    assert.deepEqual(units.sort(), ['castellan-agent.service', 'castellan-sipd.service', 'castellan-subagents.service'])
    for (const unit of units) assert.doesNotMatch(readFileSync(join(folder, unit), 'utf8'), /[{}]/)
    const said = await new Promise<string>((resolve) => {
      const paths = units.map((name) => join(folder, name))
      execFile('systemd-analyze', ['verify', '--man=no', ...paths], (error, out, err) => {
        resolve(`${error ? `exit code ${error.code}\n` : ''}${out}${err}`)
      })
    })
    const ours = said.split('\n').filter((line) => line.includes('castellan') || line.startsWith('exit code'))
    assert.deepEqual(ours, [])
  })
})

test('a daemon under systemd says when it serves, and that it lives twice in each watchdog time', async () => {
  const told = join(folder, 'told')
  const program = join(folder, 'systemd-notify')
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${told}\n`)
  chmodSync(program, 0o755)
  const environment = { PATH: `${folder}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '200000' }
  const timer = tellSystemd(systemClock, silentLog, environment)
  const lines = (): string[] => {
    try {
      return readFileSync(told, 'utf8').trim().split('\n')
    } catch {
      return []
    }
  }
  const held = setInterval(() => {}, 1000) // the daemon's timers do not keep a process
  await until(() => lines().length >= 3, 3000, 'the watchdog')
  clearInterval(held)
  timer.cancel()
  assert.deepEqual(lines().slice(0, 3), [
    `--pid=${process.pid} --ready`,
    `--pid=${process.pid} WATCHDOG=1`,
    `--pid=${process.pid} WATCHDOG=1`,
  ])
  assert.deepEqual(Object.keys(environment), ['PATH'], 'the agreement is with this process alone')
  tellSystemd(systemClock, silentLog, {})
})

test('what systemd could not be told is told again soon, and without a descriptor left it is told all the same', async () => {
  const told = join(folder, 'told-again')
  const program = join(folder, 'systemd-notify')
  // Fails at first, as it does while this user may not have more processes.
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${told}\n[ $(wc -l < ${told}) -gt 2 ]\n`)
  chmodSync(program, 0o755)
  const clock = new ManualClock()
  const lines = (): string[] => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n') : [])
  const environment = { PATH: `${folder}:${process.env.PATH}`, NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '60000000' }
  const timer = tellSystemd(clock, silentLog, environment)
  // 30 s have not passed by then.
  await passUntil(clock, () => lines().length === 3, 100)
  assert.ok(clock.monotonicMs() < 10_000, `${clock.monotonicMs()} ms`)
  await withoutDescriptors(() => clock.advance(30_000))
  await until(() => lines().length === 4, 5000, 'the watchdog')
  timer.cancel()
  assert.deepEqual(lines(), [...Array(3).fill(`--pid=${process.pid} --ready`), `--pid=${process.pid} WATCHDOG=1`])
})

test('the watchdog of another process is not fed (sd_watchdog_enabled(3))', async () => {
  const { clock, timers } = countingClock()
  const ours = { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '200000' }
  tellSystemd(clock, silentLog, { ...ours, WATCHDOG_PID: '1' })
  assert.equal(timers(), 0)
  tellSystemd(clock, silentLog, { ...ours, WATCHDOG_PID: String(process.pid) })
  assert.equal(timers(), 1)
})

/** Time stands still; what wants to happen again and again is counted. */
function countingClock() {
  const clock = new ManualClock()
  let timers = 0
  const every: Clock['every'] = () => {
    timers++
    return { cancel: () => {} }
  }
  return { clock: { now: () => 0, monotonicMs: () => 0, after: clock.after.bind(clock), every }, timers: () => timers }
}
