/** The daemons of a home, as a restore needs them: out of the way, and back as they were. */

export interface Services {
  /** Stops what runs, and gives what is to be started again; empty where nothing ran. Throws where something goes on. */
  stop(signal: AbortSignal): Promise<readonly string[]>
  /** Throws where one of them does not serve again. */
  start(names: readonly string[], signal: AbortSignal): Promise<void>
}
