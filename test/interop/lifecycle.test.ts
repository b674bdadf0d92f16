import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import { isSoak, sized } from '../../bench/smoke.ts'
import { linuxHost } from '../../commands/lifecycle/linux-host.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { processesOf, starterVariable } from '../../lib/process/home-processes.ts'
import { programRoot } from '../../lib/program-root.ts'
import { makeHome, runBin, type TestHome, until } from '../support/appliance.ts'
import { randomFrom } from '../support/mutate.ts'
import { needs } from '../support/peers.ts'

/** `npm run soak:lifecycle` tries as many as the imagined machine does, sipd among them. */
const interleavings = isSoak ? 500 : sized(20, 1)
const endsWithinMs = 60_000

let at: TestHome
const commands: ChildProcess[] = []

before(async () => {
  at = await makeHome()
  // Without sipd a start takes half the time; the soak has it.
  if (!isSoak) writeFileSync(join(at.home.conf, 'subagents', 'critagt.cnf'), '')
})
afterEach(async () => {
  await castellan('stop')
  commands.length = 0
})
after(() => rm(at.home.root, { recursive: true, force: true }))

const castellan = (...args: string[]) => runBin('castellan', [...args, '--home', at.home.root])

/** A command as a person types it, in a terminal that may go. */
function launch(...args: string[]): ChildProcess {
  const command = spawn(join(programRoot, 'bin', 'castellan'), [...args, '--home', at.home.root], { stdio: 'ignore' })
  commands.push(command)
  return command
}

const everything = isSoak ? ['agent', 'console', 'sipd', 'subagents'] : ['agent', 'console', 'subagents']
const isAlive = (command: ChildProcess): boolean => command.exitCode === null && command.signalCode === null
const parts = (): string[] => processesOf(at.home).map(({ part }) => part)
const serving = (name: string): number | undefined =>
  processesOf(at.home).find(({ part, isServing }) => part === name && isServing)?.pid
const servingStarter = (): number | undefined => {
  const holder = linuxHost(at.home).holder()
  return holder?.phase === 'serving' ? holder.pid : undefined
}
const runsAll = (): boolean => everything.every((name) => serving(name) !== undefined)

/** Until every command has ended but a starter that serves, and this one has its daemons up. */
async function comeToRest(): Promise<void> {
  const isRest = (): boolean => {
    const starter = servingStarter()
    return commands.every((one) => !isAlive(one) || one.pid === starter) && (starter === undefined || runsAll())
  }
  await until(isRest, endsWithinMs, 'the end of all commands')
}

async function startInFront(): Promise<ChildProcess> {
  const starter = launch('start')
  await until(() => servingStarter() === starter.pid, endsWithinMs, 'the start')
  return starter
}

async function assertNothingRuns(): Promise<void> {
  assert.deepEqual(parts(), [])
  const { code, out } = await castellan('status')
  assert.deepEqual([code, out.match(/does not run/g)?.length], [1, 4])
}

describe('a home is started, stopped and killed', () => {
  test('two starts at once make one appliance, and the other says who has it', async () => {
    const ended = await Promise.race([once(launch('start'), 'exit'), once(launch('start'), 'exit')])
    assert.equal(ended[0], 1)
    await comeToRest()
    assert.deepEqual(
      parts()
        .filter((part) => part !== 'sip')
        .sort(),
      everything,
    )
    assert.match((await castellan('start')).err, new RegExp(`runs already, as PID ${servingStarter()}\n$`))
  })

  test('a stop in the midst of a start leaves nothing', async () => {
    launch('start')
    await until(() => parts().includes('subagents'), endsWithinMs, 'the subagents')
    assert.equal((await castellan('stop')).code, 0)
    await comeToRest()
    await assertNothingRuns()
  })

  test('Ctrl-C in the midst of a start leaves nothing', async () => {
    const starter = launch('start')
    await until(() => parts().includes('agent'), endsWithinMs, 'the agent')
    starter.kill('SIGINT')
    assert.deepEqual(await once(starter, 'exit'), [1, null])
    await assertNothingRuns()
  })

  test('a stop while a killed agent is being started again leaves nothing', async () => {
    await startInFront()
    const before = serving('agent')
    process.kill(before!, 'SIGKILL')
    await until(() => parts().includes('agent') && serving('agent') !== before, endsWithinMs, 'the next agent')
    assert.equal((await castellan('stop')).code, 0)
    await assertNothingRuns()
  })

  test('daemons whose starter was killed are taken over by the next start, or stopped', async () => {
    const starter = await startInFront()
    const before = [serving('agent'), serving('subagents')]
    starter.kill('SIGKILL')
    await once(starter, 'exit')
    assert.match((await castellan('status')).out, /has ended, and what ends now stays so; run: castellan start\n$/)
    assert.match((await castellan('restart', 'agent')).err, /no castellan start keeps the agent; run: castellan start/)
    const next = await startInFront()
    assert.deepEqual(
      parts()
        .filter((part) => part !== 'sip')
        .sort(),
      everything,
    )
    assert.notDeepEqual([serving('agent'), serving('subagents')], before)
    process.kill(serving('agent')!, 'SIGKILL')
    next.kill('SIGKILL')
    assert.equal((await castellan('stop')).code, 0)
    await assertNothingRuns()
  })

  test('a second daemon of the same home ends with a sentence and leaves the first and its PID file alone', async () => {
    await startInFront()
    for (const name of ['agent', 'subagents']) {
      const first = serving(name)
      const main = join(programRoot, 'dist', name, 'main.js')
      const second = spawn(process.execPath, [main, '--home', at.home.root], { stdio: ['ignore', 'ignore', 'pipe'] })
      let err = ''
      second.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
      assert.deepEqual(await once(second, 'close'), [1, null])
      assert.equal(err, `${name}: the ${name} of ${at.home.root} runs already, as PID ${first}\n`)
      assert.equal(serving(name), first)
    }
  })

  test('a daemon whose starter died in the same moment ends with a sentence instead of staying behind', async () => {
    const main = join(programRoot, 'dist', 'agent', 'main.js')
    const environment = { ...process.env, [starterVariable]: '1' }
    const orphan = spawn(process.execPath, [main, '--home', at.home.root], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: environment,
    })
    let err = ''
    orphan.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
    assert.deepEqual(await once(orphan, 'close'), [1, null])
    assert.equal(err, 'agent: the castellan start that started it, PID 1, has ended\n')
  })

  test('SIGHUP does not end a start that has no terminal, as under nohup', async () => {
    const starter = await startInFront()
    starter.kill('SIGHUP')
    const before = serving('agent')!
    process.kill(before, 'SIGKILL')
    await until(() => ![undefined, before].includes(serving('agent')), endsWithinMs, 'the next agent')
    assert.equal(servingStarter(), starter.pid)
  })

  test('the end of its terminal ends a start in front, and all that it runs', needs('script'), async () => {
    const command = `${join(programRoot, 'bin', 'castellan')} start --home ${at.home.root}`
    const terminal = spawn('script', ['-qfc', command, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] })
    await until(() => servingStarter() !== undefined, endsWithinMs, 'the start')
    terminal.kill('SIGKILL')
    await until(() => parts().length === 0 && servingStarter() === undefined, endsWithinMs, 'the end')
    await assertNothingRuns()
  })

  test('Ctrl-C while start --detach waits leaves nothing', async () => {
    const waiting = launch('start', '--detach')
    await until(() => parts().includes('agent'), endsWithinMs, 'the agent')
    waiting.kill('SIGINT')
    assert.deepEqual(await once(waiting, 'exit'), [1, null])
    await assertNothingRuns()
  })

  test(`in ${interleavings} interleavings of start, stop, restart, Ctrl-C and kill -9, all runs at the end or nothing`, async () => {
    for (let seed = 1; seed <= interleavings; seed++) {
      const wasCommandKilled = await interleave(randomFrom(seed))
      await comeToRest()
      // What a killed starter leaves is made whole by one command more; all else is whole by itself.
      if (wasCommandKilled) {
        launch(seed % 2 === 0 ? 'start' : 'stop')
        await comeToRest()
      }
      const isAll = servingStarter() !== undefined
      // A `sip start` ends a little after sipd serves.
      const left = parts().filter((part) => !isAll || part !== 'sip')
      assert.deepEqual(left.sort(), isAll ? everything : [], `seed ${seed}`)
      if (isAll) assert.equal(runsAll(), true, `seed ${seed}`)
      if (wasCommandKilled) assert.equal(isAll, seed % 2 === 0, `seed ${seed}`)
    }
  })
})

/** Two to five commands and kills, at moments within a second; whether kill -9 hit a command. */
async function interleave(random: () => number): Promise<boolean> {
  let wasCommandKilled = false
  const moments = Array.from({ length: 2 + Math.floor(random() * 4) }, () => random() * 1000).sort((a, b) => a - b)
  const startedMs = performance.now()
  for (const [i, moment] of moments.entries()) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, moment - (performance.now() - startedMs))))
    const choice = random()
    if (i === 0 || choice < 0.25) launch('start')
    else if (choice < 0.4) launch('stop')
    else if (choice < 0.5) launch('restart', random() < 0.5 ? 'agent' : 'subagents')
    else if (choice < 0.6) commands[Math.floor(random() * commands.length)]?.kill('SIGINT')
    else if (await killOne(random)) wasCommandKilled = true
  }
  return wasCommandKilled
}

/** kill -9 of a command or a daemon of this home, and its end, without which it counts as serving yet; whether it was a command. */
async function killOne(random: () => number): Promise<boolean> {
  const pids = [...processesOf(at.home).map(({ pid }) => pid), ...commands.filter(isAlive).map(({ pid }) => pid ?? 0)]
  const pid = pids[Math.floor(random() * pids.length)]
  try {
    if (pid) process.kill(pid, 'SIGKILL')
  } catch {
    // it has ended meanwhile
  }
  await until(() => pid === undefined || readProcess(pid) === undefined, endsWithinMs, 'the end of what was killed')
  return commands.some((one) => one.pid === pid)
}
