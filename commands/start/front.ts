/** A start in front, which keeps the daemons until it is stopped; what --detach starts is one too. */
import { closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { goOnWithoutOutput } from '../../lib/cli/command-output.ts'
import { type ExitCode, exitCodes } from '../../lib/cli/exit-codes.ts'
import { print } from '../../lib/cli/print.ts'
import { messageOf } from '../../lib/errors.ts'
import { removePidFile, writePidFile } from '../../lib/files/pid-file.ts'
import { completeHome } from '../../lib/home/completion.ts'
import { type Home, HomeError } from '../../lib/home/home.ts'
import { openOutput } from '../../lib/log/output-file.ts'
import { thisProcess } from '../../lib/proc/process.ts'
import { ensureFolderSync } from '../../lib/trust/folder.ts'
import { isUnprovisioned, provisionConsole } from '../console/provision.ts'
import { migrate, reportMissing } from '../init/complete.ts'
import { linuxHost } from '../lifecycle/linux-host.ts'
import { Interrupted, Starter } from '../lifecycle/starter.ts'
import { appFailures, settledApps } from './app-states.ts'
import { board } from './board.ts'
import { stopOnSignals } from './signals.ts'

/** Exit code: 0 when it was stopped. */
export async function startInFront(home: Home, isBackground: boolean): Promise<ExitCode> {
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
        await writePidFile(pidFile, thisProcess())
        if (!isBackground) void announce(home, ending.signal)
      },
      stopped: () => removePidFile(pidFile),
    })
    if (ended === 'SIGHUP') endBySignal(ended)
    return exitCodes.ok
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
  for (const path of made) print(`made ${path}, which ${home.root} did not have yet\n`)
  reportMissing(home, missing)
  if (!isUnprovisioned(home)) return
  try {
    await provisionConsole(home)
  } catch (error) {
    // The agent says what is wrong with its own file.
    process.stderr.write(`castellan: the console has no SNMP user yet: ${messageOf(error)}\n`)
  }
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
      const opened = openOutput(join(home.logs, 'castellan.out'))
      file = opened
      process.once('exit', () => closeSync(opened))
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
