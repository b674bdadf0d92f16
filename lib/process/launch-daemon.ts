/** How a daemon of a home is started by a command: in a session of its own, its words in logs/NAME/NAME.out. */
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { foldersOf, type Home } from '../home/home.ts'
import { openOutput } from '../log/output-file.ts'
import type { Environment } from '../program/environment.ts'
import type { Program } from '../program/program.ts'
import { startProgram } from '../program/start.ts'
import { type DaemonName, daemonArgv } from './daemon.ts'

export interface LaunchedDaemon {
  readonly program: Program
  /** What it prints before its log is open. */
  readonly outputPath: string
}

/** Throws when its output cannot be opened; its folders must be there. A Ctrl-C does not reach it. */
export function launchDaemon(home: Home, name: DaemonName, variables: Environment = {}): LaunchedDaemon {
  const outputPath = join(foldersOf(home, name).logs, `${name}.out`)
  const output = openOutput(outputPath)
  try {
    const program = startProgram({
      argv: daemonArgv(name, home),
      // What it starts in turn is of this appliance, whatever our caller's is.
      variables: { CASTELLAN_HOME: home.root, ...variables },
      output,
    })
    return { program, outputPath }
  } finally {
    closeSync(output)
  }
}
