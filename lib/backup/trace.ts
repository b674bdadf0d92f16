/**
 * The trace files of DRS, under their names there: what the module of the subagents does (drfMA), what jobs do (drfLA), and who
 * changes devices, schedules and jobs (drfConfLib). They are rotated as the other logs are.
 */
import { closeSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { foldersOf, type Home } from '../home/home.ts'
import { createLog, type Log } from '../log/log.ts'
import type { Clock } from '../time/clock.ts'
import { openToAppendSync } from '../trust/open.ts'

export const traceNames = ['drfMA', 'drfLA', 'drfConfLib'] as const
export type TraceName = (typeof traceNames)[number]

export const tracePathOf = (home: Home, name: TraceName): string => join(foldersOf(home, 'subagents').logs, name)

/** Never throws: a full disk costs lines. `component` stands before each sentence. */
export function openTrace(home: Home, name: TraceName, component: string, clock: Clock): Log {
  const path = tracePathOf(home, name)
  return createLog({
    ...{ component, level: 'debug', now: () => clock.now() },
    write(line) {
      try {
        // Opened for each line: several processes write it, and none has to be told when it was rotated.
        const descriptor = openToAppendSync(path)
        try {
          writeSync(descriptor, line)
        } finally {
          closeSync(descriptor)
        }
      } catch {
        // The log of the subagents says what matters as well.
      }
    },
  })
}

/** What is said to it is said to both. */
export function bothLogs(one: Log, other: Log): Log {
  const both =
    (level: 'debug' | 'info' | 'notice' | 'warn' | 'error'): Log['info'] =>
    (sentence, fields) => {
      one[level](sentence, fields)
      other[level](sentence, fields)
    }
  return {
    ...{ debug: both('debug'), info: both('info'), notice: both('notice'), warn: both('warn'), error: both('error') },
    child: (component) => bothLogs(one.child(component), other.child(component)),
  }
}
