/** Several files that change together: when one cannot be written, those before it become what they were. */
import { PartlyPersistedError } from './backend.ts'

export interface DurableStep {
  /** Rejects when nothing of it is durable. */
  run(): Promise<void> | undefined
  /** Not needed of the last one. */
  takeBack?(): Promise<void> | undefined
}

/** Rejects as the step that failed; with PartlyPersistedError when one before it could not be taken back. */
export async function allOrNothing(steps: readonly DurableStep[]): Promise<void> {
  for (const [i, step] of steps.entries()) {
    try {
      await step.run()
    } catch (error) {
      try {
        for (const done of steps.slice(0, i).toReversed()) await done.takeBack?.()
      } catch {
        throw new PartlyPersistedError(error)
      }
      throw error
    }
  }
}
