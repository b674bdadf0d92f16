/** How a job ends, for whoever started it; its status says more. */
export const jobExitCodes = {
  succeeded: 0,
  failed: 1,
  /** No such job, or its request is none. */
  usage: 2,
  canceled: 3,
  /** Another job of this home is running. */
  refused: 4,
  /** A signal ended it. */
  interrupted: 5,
} as const

export type JobExitCode = (typeof jobExitCodes)[keyof typeof jobExitCodes]
