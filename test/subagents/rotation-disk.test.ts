import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { codeOf } from '../../lib/errors.ts'
import { createLog } from '../../lib/log/log.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { type MeasureDisk, measureDisk } from '../../subagents/log/rotation/disk-floor.ts'
import type { RotationPolicy } from '../../subagents/log/rotation/policy.ts'
import { Rotator, type RotatorOptions } from '../../subagents/log/rotation/rotator.ts'
import { until } from '../support/appliance.ts'

/** A real small disk where we may mount one; elsewhere the same sums over a folder, which is never really full. */
const isRoot = process.getuid?.() === 0
const totalOctets = 2 * 1024 * 1024
const fileOctets = 300 * 1024
const floorOctets = 500 * 1024

const folder = mkdtempSync(join(tmpdir(), 'castellan-disk-'))
const logs = join(folder, 'logs')
const live = join(logs, 'a_log')
const filler = join(logs, 'filler')
const keepAlive = setInterval(() => {}, 1 << 30)
const policy: RotationPolicy = { name: 'a_log', path: live, keep: {}, compress: true, owner: { kind: 'nobody' } }

const measure: MeasureDisk = isRoot
  ? measureDisk
  : async () => {
      const used = readdirSync(logs).reduce((sum, name) => sum + statSync(join(logs, name)).blocks * 512, 0)
      return { fileSystem: 'folder', freeOctets: Math.max(0, totalOctets - used), totalOctets }
    }

before(() => {
  mkdirSync(logs)
  if (isRoot) assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', logs]).status, 0)
})
after(() => {
  clearInterval(keepAlive)
  if (isRoot) assert.equal(spawnSync('umount', [logs]).status, 0)
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  for (const name of readdirSync(logs)) rmSync(join(logs, name))
  writeFileSync(live, randomBytes(200 * 1024))
})

/** Takes all the room that is left; of a disk that is only reckoned, so much. */
async function fill(): Promise<void> {
  if (!isRoot) return appendFileSync(filler, Buffer.alloc((await measure(logs)).freeOctets))
  const file = openSync(filler, 'a')
  try {
    for (;;) writeSync(file, Buffer.alloc(4096))
  } catch (error) {
    assert.equal(codeOf(error), 'ENOSPC')
  } finally {
    closeSync(file)
  }
}

function disk(options: Partial<RotatorOptions> = {}) {
  const said: string[] = []
  const rotator = new Rotator({
    clock: systemClock,
    log: createLog({ component: 'test', level: 'warn', write: (line) => said.push(line) }),
    policies: [policy],
    floorOctets,
    measureDisk: measure,
    retryMs: 50,
    events: {
      floorReached: ({ freeOctets }) => said.push(`reached: ${freeOctets < floorOctets}`),
      floorCleared: ({ freeOctets }) => said.push(`cleared: ${freeOctets >= floorOctets}`),
      failed: (_, sentence) => said.push(sentence),
    },
    ...options,
  })
  return { rotator, said, alarms: () => said.filter((line) => /^(reached|cleared)/.test(line)) }
}

const rotatedFiles = (): string[] => readdirSync(logs).filter((name) => name.startsWith('a_log.'))

describe('the floor of free disk', () => {
  test('on a full disk the oldest go first, then the alarm comes, and goes; the live file stays', async () => {
    for (const seconds of [1_800_000_003, 1_800_000_001, 1_800_000_002])
      writeFileSync(`${live}.${seconds}.gz`, randomBytes(fileOctets))
    const content = readFileSync(live)
    await fill()
    if (isRoot) assert.equal((await measure(logs)).freeOctets, 0)
    const { rotator, alarms } = disk()
    await rotator.look()
    assert.deepEqual(rotatedFiles(), ['a_log.1800000003.gz'], 'as many go as are needed')
    assert.deepEqual(alarms(), [])
    await fill()
    await rotator.look()
    await rotator.look()
    assert.deepEqual(rotatedFiles(), [])
    assert.deepEqual(alarms(), ['reached: true'], 'once')
    assert.deepEqual(readFileSync(live), content)
    rmSync(filler)
    await rotator.look()
    await rotator.look()
    assert.deepEqual(alarms(), ['reached: true', 'cleared: true'])
    await rotator.stop()
  })

  test('an alarm outlives a kill: told again when it may not have been heard, and cleared in any case', async () => {
    const statePath = join(folder, 'state.json')
    const kept = (): unknown => JSON.parse(readFileSync(statePath, 'utf8'))
    await fill()
    let pending: unknown
    const killed = disk({ statePath, events: { floorReached: () => (pending = kept()) } })
    await killed.rotator.load()
    await killed.rotator.look()
    await killed.rotator.settled()
    assert.deepEqual((pending as { untold: string[] }).untold, [logs], 'it is kept before it is told')
    // As a process left it that was killed while it told the alarm, and as one that was killed later.
    const told = kept()
    for (const [state, alarms] of [
      [pending, ['reached: true']],
      [told, []],
    ] as const) {
      writeFileSync(statePath, JSON.stringify(state))
      const next = disk({ statePath })
      await next.rotator.load()
      await next.rotator.look()
      assert.deepEqual(next.alarms(), alarms)
      await next.rotator.stop()
    }
    rmSync(filler)
    for (const state of [pending, told]) {
      writeFileSync(statePath, JSON.stringify(state))
      const next = disk({ statePath })
      await next.rotator.load()
      await next.rotator.look()
      assert.deepEqual(next.alarms(), ['cleared: true'])
      await next.rotator.stop()
    }
    await killed.rotator.stop()
  })

  test('what is still written is not deleted for room', async () => {
    const { rotator, alarms } = disk()
    const writer = openSync(live, 'a')
    const outcome = await rotator.rotate('a_log')
    assert.ok(outcome.kind === 'held', outcome.sentence)
    await fill()
    await rotator.look()
    assert.deepEqual(alarms(), ['reached: true'])
    assert.deepEqual(
      rotatedFiles().map((name) => join(logs, name)),
      [outcome.to],
    )
    closeSync(writer)
    await rotator.stop()
  })

  // Only a real disk can refuse.
  const full = { skip: isRoot ? false : 'mounting a small disk needs root' }
  test('with not one octet left a log is renamed, and compressed when there is room again', full, async () => {
    const content = readFileSync(live)
    await fill()
    const { rotator, said } = disk({ floorOctets: 0, statePath: join(logs, 'state.json') })
    await rotator.start()
    const outcome = await rotator.rotate('a_log')
    assert.equal(outcome.kind, 'rotated', outcome.sentence)
    await until(() => said.some((line) => /could not be compressed: ENOSPC/.test(line)), 5000, 'the refusal')
    assert.match(said.join(''), /the state of rotations could not be written/)
    assert.match(rotatedFiles().join(), /^a_log\.\d+$/, 'no draft is left')
    assert.deepEqual(readFileSync(join(logs, rotatedFiles()[0]!)), content)
    rmSync(filler)
    await until(
      () => rotatedFiles()[0]?.endsWith('.gz') === true && rotatedFiles().length === 1,
      5000,
      'the second try',
    )
    await rotator.stop()
  })
})
