/** What every ProcessHost does, so that what is proven over the one in memory holds for real processes. */
import assert from 'node:assert/strict'
import { basename } from 'node:path'
import { describe, test } from 'node:test'
import type { ProcessIdentity } from '../../lib/proc/process.ts'
import type { Argv } from '../../lib/program/start.ts'
import { parseCommand } from '../../lib/text/command.ts'
import type { ProcessHost, StartedProgram } from '../../subagents/critapp/host/process-host.ts'

export interface HostUnderTest {
  readonly host: ProcessHost
  readonly programs: {
    /** Lives until it is ended. */
    readonly lives: Argv
    /** The same, and so does a child in its group. */
    readonly hasWorker: Argv
    /** Ends with exit code 3. */
    readonly ends: Argv
    /** Ends, and leaves a child in its group. */
    readonly leavesWorker: Argv
  }
  /** Lets time pass until it holds. */
  until(holds: () => boolean, what: string): Promise<void>
  writePidFile(name: string, identity: ProcessIdentity): Promise<void>
  end(): Promise<void>
}

async function start({ host }: HostUnderTest, argv: Argv): Promise<StartedProgram> {
  return host.start({ argv, asksSystemd: false, name: 'contract', variables: { CONTRACT: 'held' } })
}

/** One that runs, as /proc shows it. */
async function running(at: HostUnderTest, argv: Argv) {
  const program = await start(at, argv)
  const { pid } = program
  assert.ok(pid !== undefined)
  const isIt = (): boolean => at.host.read(pid)?.command.includes(argv[0]) === true
  await at.until(isIt, 'its command line')
  const process = at.host.read(pid)
  assert.ok(process)
  return { program, process }
}

export function processHostContract(kind: string, make: () => HostUnderTest): void {
  const it = (what: string, prove: (at: HostUnderTest) => Promise<void>): void =>
    void test(what, async () => {
      const at = make()
      try {
        await prove(at)
      } finally {
        await at.end()
      }
    })

  describe(`a ProcessHost of processes ${kind}`, () => {
    it('starts a program in a group of its own, with its variables, and finds it', async (at) => {
      const { program, process } = await running(at, at.programs.lives)
      assert.equal(process.groupId, process.pid)
      assert.ok(at.host.processes().some(({ pid }) => pid === process.pid))
      assert.deepEqual([program.isRunning, at.host.isRunning(process), program.remaining()], [true, true, 1])
      assert.equal(at.host.environmentOf(process.pid, 'CONTRACT'), 'held')
      assert.ok(at.host.ageMs(process) >= 0)
      assert.equal(at.host.programNameOf(process.pid), basename(at.programs.lives[0]))
    })

    it('tells how a program ended, and finds it no more', async (at) => {
      const program = await start(at, at.programs.ends)
      await at.until(() => !program.isRunning, 'its end')
      assert.deepEqual(await program.exited, { kind: 'exited', code: 3 })
      assert.equal(at.host.read(program.pid ?? 0), undefined)
    })

    it('tells that there is no such program', async (at) => {
      const program = await start(at, ['/no/such/program'])
      const exit = await program.exited
      assert.deepEqual([program.pid, exit.kind === 'notStarted' && exit.code], [undefined, 'ENOENT'])
    })

    it('signals a whole group, and nobody who has the PID of another', async (at) => {
      const { program, process } = await running(at, at.programs.hasWorker)
      await at.until(() => program.remaining() >= 2, 'its worker')
      at.host.signal({ ...process, startTicks: process.startTicks + 1 }, 'SIGKILL')
      assert.equal(at.host.isRunning(process), true)
      at.host.signal(process, 'SIGKILL')
      assert.deepEqual(await program.exited, { kind: 'signalled', signal: 'SIGKILL' })
      await at.until(() => program.remaining() === 0, 'the end of its worker')
    })

    it('ends what is left of a group, and not one whose leader lives', async (at) => {
      const { program, process } = await running(at, at.programs.hasWorker)
      await at.until(() => program.remaining() >= 2, 'its worker')
      const worker = at.host.processes().find(({ pid, groupId }) => groupId === process.pid && pid !== process.pid)
      assert.ok(worker)
      at.host.killGroup(process.pid)
      assert.ok(at.host.isRunning(worker))
      at.host.signal(worker, 'SIGKILL')
      await at.until(() => !at.host.isRunning(worker), 'that a member alone is signalled')
      assert.ok(at.host.isRunning(process))
    })

    it('ends the workers of a process that has ended', async (at) => {
      const program = await start(at, at.programs.leavesWorker)
      await program.exited
      assert.equal(program.remaining(), 1)
      at.host.killGroup(program.pid ?? 0)
      await at.until(() => program.remaining() === 0, 'the end of its worker')
    })

    it('ends a command that hangs with all that it started', async (at) => {
      const before = new Set(at.host.processes().map(({ pid }) => pid))
      const started = () => at.host.processes().filter(({ pid, command }) => !before.has(pid) && isOurs(command))
      const isOurs = (command: readonly string[]): boolean =>
        [at.programs.lives, at.programs.hasWorker].some(([file]) => command.includes(file))
      const text = at.programs.hasWorker.join(' ')
      let reason: string | undefined
      const run = at.host.run({ text, parsed: parseCommand(text), asksSystemd: false }, { limitMs: 1000 })
      void run.then((said) => {
        reason = said
      })
      await at.until(() => started().length >= 2, 'its worker')
      await at.until(() => reason !== undefined, 'its end')
      assert.equal(reason, 'took longer than 1 s')
      await at.until(() => started().length === 0, 'the end of its worker')
    })

    it('runs a command to its end, and says what went wrong', async (at) => {
      const run = async (text: string, limitMs = 60_000): Promise<string | undefined> => {
        let isOver = false
        const reason = at.host
          .run({ text, parsed: parseCommand(text), asksSystemd: false }, { limitMs })
          .finally(() => {
            isOver = true
          })
        await at.until(() => isOver, text)
        return reason
      }
      assert.equal(await run(at.programs.ends.join(' ')), 'ended with exit code 3')
      assert.equal(await run(at.programs.lives.join(' '), 500), 'took longer than 0.5 s')
      assert.equal(await run('/no/such/program'), 'could not be started: there is no such program')
      assert.match((await run("'open")) ?? '', /could not be started: the quote at column 1 is not closed/)
    })

    it('believes a PID file as long as the very process that it names runs', async (at) => {
      const { program, process } = await running(at, at.programs.lives)
      assert.equal(at.host.readPidFile('contract'), undefined)
      await at.writePidFile('contract', process)
      assert.equal(at.host.readPidFile('contract')?.pid, process.pid)
      await at.writePidFile('contract', { ...process, startTicks: process.startTicks - 1 })
      assert.equal(at.host.readPidFile('contract'), undefined)
      await at.writePidFile('contract', process)
      at.host.signal(process, 'SIGKILL')
      await program.exited
      assert.equal(at.host.readPidFile('contract'), undefined)
    })
  })
}
