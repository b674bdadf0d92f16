/** Runs a table's generator every so often, in slices short enough that no request waits for it. */
import type { ModuleHost } from './module.ts'
import type { AnyRow, ServedTable } from './served.ts'

/** A collection of garbage may come on top of a slice: together they are to stay well below 2 ms. */
const sliceMs = 0.5

interface Generate {
  readonly everyMs: number
  rows(): Iterable<AnyRow>
}

/** Fills the table once before it resolves, then keeps it fresh until the host stops. */
export async function runGenerator(table: ServedTable, generate: Generate, host: ModuleHost): Promise<void> {
  let isRunning = false
  const refresh = async (): Promise<void> => {
    if (isRunning) return // the last round still runs: skip one rather than pile up
    isRunning = true
    try {
      await fill(table, generate.rows(), host.signal)
    } catch (error) {
      host.log.error('a table could not be refreshed and keeps its rows', { table: table.definition.name, error })
    } finally {
      isRunning = false
    }
  }
  await refresh()
  const timer = host.clock.every(generate.everyMs, () => void refresh())
  host.signal.addEventListener('abort', () => timer.cancel(), { once: true })
}

/** Makes these the rows of the table, in slices; an error from `rows` leaves those that were there. */
export async function fill(table: ServedTable, rows: Iterable<AnyRow>, signal: AbortSignal): Promise<void> {
  table.beginSweep()
  let sliceEnd = performance.now() + sliceMs
  for (const row of rows) {
    table.putAny(row)
    if (performance.now() < sliceEnd) continue
    await new Promise(setImmediate)
    if (signal.aborted) return
    sliceEnd = performance.now() + sliceMs
  }
  table.endSweep()
}
