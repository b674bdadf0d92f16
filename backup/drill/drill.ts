/** A restore into a sandbox, to prove that a backup is one: everything is opened, read and started, and all of it goes again. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { messageOf } from '../../lib/errors.ts'
import { domains, type Home, makeFolders, resolveHome } from '../../lib/home/home.ts'
import { daemonArgv } from '../../lib/process/daemon.ts'
import { isSuccess } from '../../lib/program/exit.ts'
import { runProgram } from '../../lib/program/run.ts'
import { startProgram } from '../../lib/program/start.ts'
import { programRoot } from '../../lib/program-root.ts'
import { escapeValue, printable } from '../../lib/text/escape.ts'
import { commandClock } from '../../lib/time/clock.ts'
import { pause } from '../../lib/time/pause.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import type { Manifest } from '../archive/manifest.ts'
import { applyRestore, type RestoreOptions, stageRestore } from '../restore/restore.ts'
import { makeHarmless, type SandboxAccess } from './sandbox.ts'

export interface DrillOptions
  extends Omit<RestoreOptions, 'home' | 'services' | 'replaced' | 'stagingFolder' | 'known'> {
  /** An empty folder for all of it, with a short path: sockets lie in it. */
  readonly sandbox: string
}

const checkWithinMs = 60_000
const answersWithinMs = 30_000
const mib2 = [1, 3, 6, 1, 2, 1]

/** Gives how many objects the restored agent has shown. Throws with the first thing that is not as it must be. */
export async function drill(options: DrillOptions): Promise<number> {
  const { log, sandbox, signal } = options
  const home = resolveHome(join(sandbox, 'home'))
  const restore: RestoreOptions = {
    ...options,
    ...{ home, known: [], stagingFolder: join(sandbox, 'staging'), replaced: join(sandbox, 'replaced') },
    services: { stop: async () => [], start: async () => {} },
  }
  const staged = await stageRestore(restore)
  // Only what belongs to the home: nothing is written to the rest of the machine.
  const components = staged.components.map((one) => ({
    ...one,
    entries: one.entries.filter(({ path }) => path.startsWith('home/')),
  }))
  await applyRestore(restore, { ...staged, components: components.filter(({ kind }) => kind !== 'command') })
  log.info('restored into a sandbox: every hash is as signed')
  checkDatabases(home, staged.manifest, options)
  await checkConfiguration(home, signal)
  log.info('castellan check accepts the restored configuration')
  const count = await walkAgent(home, await makeHarmless(home), signal)
  log.info(`the restored agent started and answered a walk: ${count} objects`)
  return count
}

function checkDatabases(home: Home, { components }: Manifest, { log }: DrillOptions): void {
  for (const { kind, entries } of components)
    for (const { path } of kind === 'sqlite' ? entries : []) {
      if (!path.startsWith('home/')) continue
      const database = new Database(join(home.root, path.slice('home/'.length)), {
        readonly: true,
        fileMustExist: true,
      })
      try {
        const found = String(database.pragma('integrity_check', { simple: true }))
        if (found !== 'ok') throw new Error(`the database ${printable(path)} is broken: ${escapeValue(found)}`)
        log.info(`the database ${printable(path)} passes integrity_check`)
      } finally {
        database.close()
      }
    }
}

async function checkConfiguration(home: Home, signal: AbortSignal): Promise<void> {
  for (const domain of domains) makeFolders(home, domain)
  const argv = [join(programRoot, 'bin', 'castellan'), 'check', '--json', '--home', home.root] as const
  const { exit, output, printed } = await runProgram({ argv, limitMs: checkWithinMs, signal })
  if (isSuccess(exit)) return
  const mistakes = mistakesIn(output)
  if (mistakes?.length === 0) return
  throw new Error(`the restored configuration has mistakes: ${escapeValue(mistakes?.join('; ') ?? printed.trim())}`)
}

/** Without the ports that the appliance itself listens on, beside which the drill runs. Undefined where it is no report. */
function mistakesIn(report: string): string[] | undefined {
  let said: unknown
  try {
    said = JSON.parse(report)
  } catch {
    return undefined
  }
  if (typeof said !== 'object' || said === null || !('findings' in said) || !Array.isArray(said.findings))
    return undefined
  const findings: readonly unknown[] = said.findings
  return findings.flatMap((one) => {
    if (typeof one !== 'object' || one === null || !('message' in one) || !('severity' in one)) return []
    const message = String(one.message)
    return one.severity === 'error' && !/^Listen: .* is in use(?: by |$)/.test(message) ? [message] : []
  })
}

async function walkAgent(home: Home, { port, community }: SandboxAccess, signal: AbortSignal): Promise<number> {
  const program = startProgram({ argv: daemonArgv('agent', home), variables: { CASTELLAN_HOME: home.root } })
  const manager = new Manager({ host: '127.0.0.1', port, security: { version: 'v2c', community }, retries: 0 })
  try {
    await waitForAnswer(manager, () => program.isRunning, signal)
    let count = 0
    for await (const _ of manager.walk(mib2)) count++
    if (count === 0) throw new Error('the restored agent shows nothing of mib-2')
    return count
  } finally {
    manager.close()
    await program.end(commandClock, 10_000)
  }
}

async function waitForAnswer(manager: Manager, isRunning: () => boolean, signal: AbortSignal): Promise<void> {
  const untilMs = commandClock.monotonicMs() + answersWithinMs
  for (;;) {
    signal.throwIfAborted()
    try {
      await manager.getNext([mib2])
      return
    } catch (error) {
      if (!isRunning()) throw new Error('the restored agent ended as soon as it was started', { cause: error })
      if (commandClock.monotonicMs() > untilMs)
        throw new Error(`the restored agent does not answer: ${messageOf(error)}`, { cause: error })
      await pause(commandClock, 200, signal)
    }
  }
}
