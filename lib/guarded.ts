/**
 * What a daemon does by itself, timers, messages and accepted connections, is wrapped here. What one of them throws goes to the
 * guard of the process (process/guard.ts) where there is one; in commands and tests what is thrown is thrown.
 */

/** Takes what was thrown, and by what: `a timer`. */
export type Report = (what: string, error: unknown) => void

let report: Report | undefined

/** From here on what is guarded throws no more. */
export function reportFaultsTo(to: Report): void {
  report = to
}

/** The function, which throws no more where the process is guarded. `what` is said in the log. */
export function guarded<Args extends unknown[]>(what: string, run: (...args: Args) => void): (...args: Args) => void {
  return (...args) => {
    try {
      run(...args)
    } catch (error) {
      if (!report) throw error
      report(what, error)
    }
  }
}
