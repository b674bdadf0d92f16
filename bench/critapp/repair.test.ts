/** How soon a death is seen and repaired, beside what the process needs for its start by itself; and what one that always dies costs. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '../../lib/time/clock.ts'
import { ping } from '../../sipd/control/ping/exchange.ts'
import { type Appliance, runBin, until } from '../../test/support/appliance.ts'
import type { TrapDaemon } from '../../test/support/netsnmp.ts'
import { needs } from '../../test/support/peers.ts'
import { RepairedAppliance, rows } from '../../test/support/repair.ts'
import { judge, sized } from '../smoke.ts'

let repaired: RepairedAppliance
let appliance: Appliance
let traps: TrapDaemon
/** critAppRestartInterval of all rows here. */
const delayMs = 1000
/** The most that jitter adds to it. */
const jitterMs = delayMs / 10
/** Within which a death is to be seen, and the process to be up after its delay. */
const withinMs = sized(1000, 20_000)
/** What supervision may add to sipd's own start: the notice of the death, the jitter of the delay, and the spawn. */
const supervisionMs = jitterMs + 300

describe('what dies is repaired soon, at little cost', needs('snmpget', 'snmptrapd'), () => {
  before(async () => {
    repaired = await RepairedAppliance.start()
    appliance = repaired.appliance
    traps = repaired.traps
  })
  after(() => repaired.stop())

  const up = (row: number): Promise<boolean> => repaired.isUp(row)
  /** Kills the process of a row; gives when its death was seen over SNMP, in ms after it. */
  const kill = async (name: 'front' | 'sipd'): Promise<{ killedMs: number; seenMs: number }> => {
    await repaired.kill(name)
    const killedMs = performance.now()
    await until(async () => !(await up(rows[name])), withinMs, 'notice of the death')
    return { killedMs, seenMs: performance.now() - killedMs }
  }

  test('a death of a process in front is seen within 1 s and repaired within its delay and 1 s', async (t) => {
    const { killedMs, seenMs } = await kill('front')
    await until(() => up(rows.front), delayMs + jitterMs + withinMs, 'the repair')
    t.diagnostic(`seen after ${Math.round(seenMs)} ms, up after ${Math.round(performance.now() - killedMs)} ms`)
    await traps.saw(/"front was ended by SIGKILL, next try in 1\.\d s"/)
    await traps.saw(/"front was started as PID \d+"/)
  })

  test('a death of sipd is seen within 1 s, and OPTIONS are answered again within its delay and 1 s', async (t) => {
    const starts: number[] = []
    const repairs: number[] = []
    for (let round = 0; round < sized(3, 1); round++) {
      // What sipd needs for its start by itself, here and now: a machine that is busy beside us gives it no second.
      assert.equal((await appliance.castellan('apps', 'stop', 'sipd')).code, 0)
      await until(async () => (await repaired.app('sipd')).state === 'stopped', 5000, 'the stop')
      const beganMs = performance.now()
      const started = runBin('sip', ['start', '--home', appliance.at.home.root])
      starts.push((await answered()) - beganMs)
      assert.equal((await started).code, 0)
      // Up because somebody asked for it: what was before does not count, so the delay is the first again.
      assert.equal((await appliance.castellan('apps', 'start', 'sipd')).code, 0)
      await until(() => up(rows.sipd), 5000, 'the adoption')

      const { killedMs, seenMs } = await kill('sipd')
      const repairMs = (await answered()) - killedMs
      await until(() => up(rows.sipd), withinMs, 'that it is up')
      const upMs = performance.now() - killedMs
      repairs.push(repairMs - delayMs)
      t.diagnostic(
        `seen ${seenMs.toFixed()} ms, OPTIONS ${repairMs.toFixed()} ms, up ${upMs.toFixed()} ms after kill -9`,
      )
      await traps.saw(/"sipd was (killed or crashed: it left its PID file behind|ended by SIGKILL)/)
      await traps.saw(/"sipd was started as PID \d+"/)
    }
    const [startMs, repairMs] = [median(starts), median(repairs)]
    const figures = `repair less its delay ${repairMs.toFixed()} ms, sip start by itself ${startMs.toFixed()} ms`
    t.diagnostic(figures)
    // A second where the machine is ours; where others work on it, a start in one round is no measure of that in the next.
    judge(repairMs < Math.max(1000, 2 * startMs + supervisionMs), figures)
  })

  /** When sipd answers OPTIONS. */
  const answered = async (): Promise<number> => {
    const { sipPort: port } = appliance.at
    const target = { uri: `sip:127.0.0.1:${port}`, transport: 'UDP', address: '127.0.0.1', port } as const
    const answers = (): Promise<boolean> =>
      ping(target, 200, systemClock).then(
        () => true,
        () => false,
      )
    await until(answers, 15_000, 'an answer to OPTIONS')
    return performance.now()
  }

  test('one that dies at once for ever is failed within its window, with less than 5 % of a processor', async (t) => {
    traps.forget()
    const before = cpuMs(appliance.subagentsPid)
    const beganMs = performance.now()
    assert.equal((await appliance.castellan('apps', 'start', 'flaps')).code, 0)
    // 0.1, 0.2, 0.4, 0.8 and 1.6 s between the six tries.
    await traps.saw(/flaps ended too often, sixth time in 1 min/, 10_000)
    const failedMs = performance.now() - beganMs
    const share = (cpuMs(appliance.subagentsPid) - before) / failedMs
    t.diagnostic(`failed after ${Math.round(failedMs)} ms, ${(share * 100).toFixed(1)} % of a processor`)
    judge(share < 0.05, `${(share * 100).toFixed(1)} %`)
    const flaps = await repaired.app('flaps')
    assert.equal(flaps.state, 'failed')
    assert.match(flaps.lastError, /ended too often/)
  })
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!
}

/** Of a process without its children (proc(5), fields 14 and 15): a health check of sipd may fall into the time measured. */
function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 13).reduce((sum, ticks) => sum + Number(ticks) * 10, 0)
}
