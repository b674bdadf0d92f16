/** Several files that change together: when one cannot be written, those before it become what they were. */

/** Makes durable what was so before a change; rejects when that cannot be written. */
export type TakeBack = () => Promise<void>

/** Rejects when nothing of it is durable. */
export type DurableStep = () => Promise<TakeBack>

/** A change is durable in part, and that part could not be taken back. */
export class PartlyPersistedError extends Error {
  constructor(cause: unknown) {
    super('a change is durable in part and could not be taken back', { cause })
    this.name = 'PartlyPersistedError'
  }
}

/** Rejects as the step that failed; with PartlyPersistedError when one before it could not be taken back. */
export async function allOrNothing(steps: readonly DurableStep[]): Promise<TakeBack> {
  const done: TakeBack[] = []
  const takeBack = async (): Promise<void> => {
    for (const one of done.toReversed()) await one()
  }
  for (const step of steps) {
    try {
      done.push(await step())
    } catch (error) {
      await takeBack().catch(() => {
        throw new PartlyPersistedError(error)
      })
      throw error
    }
  }
  return takeBack
}
