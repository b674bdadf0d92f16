/** Asks devices apart from any job, in a program of its own: one after the other, and each at most once at a time. */
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer, Inquiry } from '../../lib/backup/inquiry.ts'
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import { messageOf } from '../../lib/errors.ts'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { describeExit, isSuccess } from '../../lib/program/exit.ts'
import { runProgram } from '../../lib/program/run.ts'
import { programRoot } from '../../lib/program-root.ts'

/** A tape that is wound to its end takes minutes. */
const limitMs = 15 * 60_000
/** A list of a thousand backups, and more. */
const maxOctets = 4 << 20

/** Never rejects: whatever went wrong is in the answer. */
export type AskDevice = (inquiry: Inquiry, signal: AbortSignal) => Promise<Answer>

/** `folder` is root's alone: the question holds the secrets of the device. */
export function askInProgram(folder: string): AskDevice {
  return async (inquiry, signal) => {
    const own = await mkdtemp(join(folder, 'inquiry-'))
    try {
      const path = join(own, 'inquiry.json')
      await writeFileAtomic(path, JSON.stringify(inquiry), 0o600)
      const argv = [process.execPath, join(programRoot, 'dist/backup/inquire/main.js'), path] as const
      const { exit, output, errors } = await runProgram({ argv, limitMs, maxOctets, whenMore: 'kill', signal })
      if (!isSuccess(exit)) return unanswered(inquiry.device, `its program ${describeExit(exit)}: ${errors.trim()}`)
      const answer: unknown = JSON.parse(output)
      return isAnswer(answer) ? answer : unanswered(inquiry.device, 'its program printed no answer')
    } finally {
      await rm(own, { recursive: true, force: true })
    }
  }
}

export class Inquiries {
  readonly #ask: AskDevice
  readonly #signal: AbortSignal
  #last: Promise<unknown> = Promise.resolve()

  constructor(ask: AskDevice, signal: AbortSignal) {
    this.#ask = ask
    this.#signal = signal
  }

  /** Resolves with the answer when those before have theirs; never rejects. */
  ask(inquiry: Inquiry): Promise<Answer> {
    const asked = this.#last.then(async () => {
      try {
        return await this.#ask(inquiry, this.#signal)
      } catch (error) {
        return unanswered(inquiry.device, messageOf(error))
      }
    })
    this.#last = asked
    return asked
  }
}

function unanswered({ name }: DeviceSettings, reason: string): Answer {
  const sentence = `cannot ask the device ${name}: ${reason}; see the log of the subagents`
  return { steps: [], sets: [], failure: { fault: 'unknown', step: undefined, sentence } }
}

/** A program of ours printed it. */
function isAnswer(content: unknown): content is Answer {
  if (typeof content !== 'object' || content === null) return false
  return 'steps' in content && Array.isArray(content.steps) && 'sets' in content && Array.isArray(content.sets)
}
