/** What a job did, for people: one line each, in the job's folder. */
import { writeSync } from 'node:fs'
import { jobLogPathOf } from '../../lib/backup/job-folder.ts'
import { printable } from '../../lib/text/escape.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { openToAppendSync } from '../../lib/trust/open.ts'
import type { ReportLog } from '../archive/report.ts'

/** A full disk ends no job because of its log. */
export function openJobLog(folder: string, clock: Clock): ReportLog {
  const descriptor = openToAppendSync(jobLogPathOf(folder))
  const write = (level: string, sentence: string): void => {
    try {
      writeSync(descriptor, `${new Date(clock.now()).toISOString()} ${level} ${printable(sentence)}\n`)
    } catch {
      // The status says what became of the job.
    }
  }
  return {
    info: (sentence) => write('info', sentence),
    warn: (sentence) => write('warning', sentence),
    error: (sentence) => write('error', sentence),
  }
}
