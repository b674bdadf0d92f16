/** `rotate [--dry-run] [NAME]` as a line to the subagents, and what is answered to it. */
import { type PlanOptions, planRotation } from './plan.ts'
import type { RotationOutcome, Rotator } from './rotator.ts'

export interface RotateReport {
  /** One sentence a log. */
  readonly sentences: readonly string[]
  /** Whether each log that could be rotated was, and is written no more under its old name. */
  readonly isGood: boolean
}

export interface RotateRequest {
  /** All logs when it is left out. */
  readonly name?: string | undefined
  readonly isDryRun: boolean
}

/** Rotates at once, whatever the sizes. Throws when there is no policy of that name. */
export async function rotateNow(
  rotator: Rotator,
  { name, isDryRun }: RotateRequest,
  options: PlanOptions,
): Promise<RotateReport> {
  const policies = name === undefined ? rotator.policies : [rotator.find(name)]
  if (isDryRun) return { sentences: await planRotation(policies, options), isGood: true }
  const outcomes: RotationOutcome[] = []
  // One after the other: an owner of several logs is then asked for each of them.
  for (const policy of policies) outcomes.push(await rotator.rotate(policy.name))
  return {
    sentences: outcomes.map(({ sentence }) => sentence),
    isGood: outcomes.every(({ kind }) => kind === 'rotated' || kind === 'nothing'),
  }
}

/** The words after `rotate` on the control socket. Throws a sentence when they are not understood. */
export function parseRotateWords(words: readonly string[]): RotateRequest {
  const names = words.filter((word) => word !== '--dry-run' && word !== '')
  if (names.length > 1 || names[0]?.startsWith('-'))
    throw new Error(`rotate [--dry-run] [NAME] is the command, not rotate ${words.join(' ')}`)
  return { name: names[0], isDryRun: words.includes('--dry-run') }
}

/** The answer on the control socket is one line of JSON, so that the exit code can follow from it. */
export function formatReport(report: RotateReport): string {
  return JSON.stringify(report)
}

export function parseReport(line: string): RotateReport {
  const { sentences, isGood }: Partial<RotateReport> = JSON.parse(line)
  if (!Array.isArray(sentences) || typeof isGood !== 'boolean')
    throw new Error(`the subagents answered what is not understood: ${line}; restart them with the same version`)
  return { sentences: sentences.map(String), isGood }
}
