/** What lives has a start and a stop. */

export interface Service {
  /** Resolves when it serves. */
  start(signal: AbortSignal): Promise<void>
  /** Resolves when nothing of it runs any more. */
  stop(): Promise<void>
}

/** Starts services in order; when one fails, those already started are stopped in reverse and the error is thrown. */
export async function startAll(services: readonly Service[], signal: AbortSignal): Promise<void> {
  const started: Service[] = []
  try {
    for (const service of services) {
      await service.start(signal)
      started.push(service)
    }
  } catch (error) {
    await stopAll(started)
    throw error
  }
}

/** Stops services in reverse order; a failing one does not keep the others running. */
export async function stopAll(services: readonly Service[]): Promise<void> {
  const errors: unknown[] = []
  for (const service of services.toReversed()) {
    try {
      await service.stop()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'stopping services')
}
