/** What a job did, for people: one line each, in the job's folder and in the trace of all jobs. */
import { writeSync } from 'node:fs'
import { jobLogPathOf } from '../../lib/backup/job-folder.ts'
import { openTrace } from '../../lib/backup/trace.ts'
import type { Home } from '../../lib/home/home.ts'
import { printable } from '../../lib/text/escape.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { openToAppendSync } from '../../lib/trust/open.ts'
import type { ReportLog } from '../archive/report.ts'

export interface JobLogOptions {
  readonly home: Home
  readonly job: number
  readonly type: string
  readonly clock: Clock
}

/** A full disk ends no job because of its log. */
export function openJobLog(folder: string, { home, job, type, clock }: JobLogOptions): ReportLog {
  const trace = openTrace(home, 'drfLA', `${type} ${job}`, clock)
  const descriptor = openToAppendSync(jobLogPathOf(folder))
  const write = (level: string, sentence: string): void => {
    try {
      writeSync(descriptor, `${new Date(clock.now()).toISOString()} ${level} ${printable(sentence)}\n`)
    } catch {
      // The status says what became of the job.
    }
  }
  return {
    info(sentence) {
      write('info', sentence)
      trace.info(sentence)
    },
    warn(sentence) {
      write('warning', sentence)
      trace.warn(sentence)
    },
    error(sentence) {
      write('error', sentence)
      trace.error(sentence)
    },
  }
}
