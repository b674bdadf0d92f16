import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HomeHost } from '../../../commands/lifecycle/host.ts'
import { Starter } from '../../../commands/lifecycle/starter.ts'
import { stopHome } from '../../../commands/lifecycle/stop-home.ts'
import { restartDaemon } from '../../../commands/restart.ts'
import { daemonsAmong } from '../../../commands/status.ts'
import { randomFrom } from '../../support/mutate.ts'
import { Machine } from './imagined-host.ts'

/** Longer than all waits of one command together. */
const endsWithinMs = 10 * 60_000

type Running = ReturnType<Machine['run']>

const start = (machine: Machine): Running =>
  machine.run(async (host, onSignal) => {
    const starter = new Starter(host, () => {})
    onSignal(() => starter.stop('stop sipd'))
    await starter.run()
  })

const stop = (machine: Machine): Running => machine.run((host) => stopHome(host, 'stop sipd'))

const restart = (machine: Machine, random: () => number): Running =>
  machine.run((host) => restartDaemon(host, random() < 0.5 ? 'agent' : 'subagents'))

const kinds = ['agent', 'subagents', 'console', 'sipd', 'sip', 'command'] as const

test('in 500 interleavings of start, stop, restart, Ctrl-C and kill -9 of daemons, all runs at the end or nothing', async () => {
  for (let seed = 1; seed <= 500; seed++) {
    const machine = new Machine(randomFrom(seed))
    await interleave(machine, randomFrom(seed + 1000), ['agent', 'subagents', 'console', 'sipd', 'sip'])
    await comeToRest(machine)
    assertWhole(machine, machine.view.holder() !== undefined, `seed ${seed}`)
  }
})

test('when kill -9 may hit the commands too, one start or stop more makes it whole, and status says the truth', async () => {
  for (let seed = 1; seed <= 500; seed++) {
    const random = randomFrom(seed + 1000)
    const machine = new Machine(randomFrom(seed))
    await interleave(machine, random, kinds)
    await comeToRest(machine)
    const wantsAll = random() < 0.5
    if (wantsAll) start(machine)
    else stop(machine)
    await comeToRest(machine)
    assertWhole(machine, wantsAll, `seed ${seed}`)
  }
})

test('a home that systemd runs is neither taken over by a start nor stopped, since it would come back', async () => {
  const machine = new Machine(randomFrom(1))
  machine.run(async (host) => host.spawn('agent'))
  machine.giveToSystemd()
  await machine.pass(() => machine.view.serving('agent') !== undefined, 1000)
  const refused = start(machine)
  const notStopped = stop(machine)
  await comeToRest(machine)
  assert.match(
    (await refused.outcome)?.message ?? '',
    /^cannot be started: its agent .* systemctl stop castellan-agent\.s/,
  )
  assert.equal(
    (await notStopped.outcome)?.message,
    'systemd runs the appliance; run: systemctl stop castellan-agent.service',
  )
  assert.equal(machine.alive('agent').length, 1)
})

test('a starter that cannot tell whether a daemon serves, as /proc is closed to it, ends none for that', async () => {
  const machine = new Machine(randomFrom(1))
  let isClosed = true
  const pids = (): number[] => [...machine.alive('agent'), ...machine.alive('subagents')].map(({ pid }) => pid)
  machine.run(async (host) => {
    const serving: HomeHost['serving'] = (name) => {
      if (isClosed) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' })
      return host.serving(name)
    }
    await new Starter({ ...host, serving }, () => {}).run()
  })
  await machine.pass(() => machine.view.holder()?.phase === 'serving', 120_000)
  const started = pids()
  assert.equal(started.length, 2)
  isClosed = false
  let isLater = false
  machine.after(60_000, () => {
    isLater = true
  })
  await machine.pass(() => isLater, 120_000)
  assert.deepEqual(pids(), started)
})

/** Two to eight commands and kills, at moments within some seconds. */
async function interleave(machine: Machine, random: () => number, mayBeKilled: readonly (typeof kinds)[number][]) {
  const commands: Running[] = []
  const spanMs = 200 + random() * 3000
  let left = 2 + Math.floor(random() * 7)
  for (let i = left; i > 0; i--) {
    const choice = random()
    machine.after(random() * spanMs, () => {
      left--
      if (choice < 0.3) commands.push(start(machine))
      else if (choice < 0.5) commands.push(stop(machine))
      else if (choice < 0.6) commands.push(restart(machine, random))
      else if (choice < 0.85) machine.killOne(mayBeKilled[Math.floor(random() * mayBeKilled.length)]!)
      else machine.interrupt(commands[Math.floor(random() * commands.length)]?.pid ?? 0)
    })
  }
  await machine.pass(() => left === 0, spanMs)
}

/** Until every command has ended but a starter that serves, and this one has everything up. */
async function comeToRest(machine: Machine): Promise<void> {
  const isRest = (): boolean => {
    const holder = machine.view.holder()
    const starter = holder?.phase === 'serving' ? holder.pid : undefined
    return (
      machine.alive('command').every(({ pid }) => pid === starter) && (starter === undefined || runs(machine) === 4)
    )
  }
  await machine.pass(isRest, endsWithinMs)
}

function runs(machine: Machine): number {
  return daemonsAmong(machine.view.processes()).filter(({ running }) => running).length
}

function assertWhole(machine: Machine, isAll: boolean, seed: string): void {
  const one = isAll ? 1 : 0
  const count = (kind: (typeof kinds)[number]): number => machine.alive(kind).length
  assert.deepEqual(
    [count('command'), count('agent'), count('subagents'), count('console'), count('sipd')],
    [one, one, one, one, one],
    seed,
  )
  if (!isAll) assert.equal(count('sip'), 0, seed)
  const status = daemonsAmong(machine.view.processes()).map(({ running, state }) => `${running} ${state}`)
  assert.deepEqual(status, Array(4).fill(isAll ? 'true runs' : 'false does not run'), seed)
}
