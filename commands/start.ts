/** castellan start: in front, until Ctrl-C, or with --detach in the background. */
import { closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { isatty } from 'node:tty'
import { goOnWithoutOutput } from '../lib/cli/command-output.ts'
import { removePidFile, writePidFile } from '../lib/files/pid-file.ts'
import { completeHome } from '../lib/home/completion.ts'
import { checkHomePath, type Home, HomeError, initializeHome, isInitialized, resolveHome } from '../lib/home/home.ts'
import { refuseLaidOut, requireOwner } from '../lib/home/home-trust.ts'
import { openOutput } from '../lib/log/output-file.ts'
import { readProcess } from '../lib/proc/process.ts'
import { ensureFolderSync } from '../lib/trust/folder.ts'
import { appFailures, settledApps } from './app-states.ts'
import { board } from './board.ts'
import { migrate, reportMissing } from './init.ts'
import { linuxHost } from './lifecycle/linux-host.ts'
import { Interrupted, Starter } from './lifecycle/starter.ts'
import { startDetached } from './start-detached.ts'

export interface StartOptions {
  readonly home?: string
  readonly detach?: boolean
  /** What --detach starts: no board, and what there is to say in logs/castellan.out as well. */
  readonly background?: boolean
}

/** Exit code: 0 when it was stopped, or with --detach when all that is wanted up is up; 1 otherwise. */
export async function start({ home: folder, detach, background = false }: StartOptions): Promise<number> {
  const home = resolveHome(folder)
  checkHomePath(home)
  if (isInitialized(home)) {
    refuseLaidOut(home, 'start')
    requireOwner(home, 'castellan start')
  } else await initializeHome(home, 0)
  return detach ? startDetached(home) : startInFront(home, background)
}

/** Signals that end what waits for `onSignal`; SIGHUP only of the terminal that would have had the Ctrl-C. */
export function stopOnSignals(onSignal: (signal: NodeJS.Signals) => void): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGUSR2'] as const) process.on(signal, () => onSignal(signal))
  // nohup(1) ignores SIGHUP, which Node takes back when it starts; but nohup leaves no terminal as standard input.
  const isOfTerminal = isatty(0)
  process.on('SIGHUP', () => {
    if (isOfTerminal) onSignal('SIGHUP')
  })
}

async function startInFront(home: Home, isBackground: boolean): Promise<number> {
  goOnWithoutOutput()
  const pidFile = join(home.run, 'castellan.pid')
  const say = speaker(home, isBackground)
  const ending = new AbortController()
  const starter = new Starter(linuxHost(home), say.sentence)
  let ended: NodeJS.Signals | undefined
  stopOnSignals((signal) => {
    ended ??= signal
    if (!ending.signal.aborted && !isBackground) process.stdout.write('\n')
    ending.abort()
    starter.stop(signal === 'SIGUSR2' ? 'keep sipd' : 'stop sipd')
  })
  try {
    await starter.run({
      async locked() {
        say.open()
        migrate(home)
        await complete(home)
      },
      async serving() {
        await writePidFile(pidFile, readProcess(process.pid)!)
        if (!isBackground) void announce(home, ending.signal)
      },
      stopped: () => removePidFile(pidFile),
    })
    if (ended === 'SIGHUP') endBySignal(ended)
    return 0
  } catch (error) {
    if (error instanceof HomeError) throw new HomeError(`the appliance ${home.root} ${error.message}`, error.exitCode)
    if (error instanceof Interrupted) throw new Error(`the start of ${home.root} was ${error.message}`)
    throw error
  }
}

/** Ends the process as the signal would have. Node aborts when it exits by itself after its terminal has gone. */
function endBySignal(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

/** Newer versions bring files that a home made before does not have, and without which its daemons refuse to start. */
async function complete(home: Home): Promise<void> {
  const { made, missing } = await completeHome(home)
  for (const path of made) process.stdout.write(`made ${path}, which ${home.root} did not have yet\n`)
  reportMissing(home, missing)
}

async function announce(home: Home, signal: AbortSignal): Promise<void> {
  const apps = await settledApps(home, signal)
  if (signal.aborted) return
  process.stdout.write(`${await board(home, apps)}Ctrl-C stops it.\n`)
  for (const sentence of appFailures(apps)) process.stderr.write(`castellan: ${sentence}\n`)
}

/** Sentences go to standard error, and of one in the background to a file as well; neither can stop the starter. */
function speaker(home: Home, isBackground: boolean) {
  let file: number | undefined
  return {
    open(): void {
      if (!isBackground) return
      ensureFolderSync(home.logs)
      file = openOutput(join(home.logs, 'castellan.out'))
      process.once('exit', () => closeSync(file!))
    },
    sentence(text: string): void {
      const line = `castellan: ${text}\n`
      process.stderr.write(line)
      if (file === undefined) return
      try {
        writeSync(file, `${new Date().toISOString()} ${line}`)
      } catch {
        // A full disk costs this line, and not what the starter keeps.
      }
    },
  }
}
