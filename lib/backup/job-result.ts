/** drsJobResult: how a job ended; `none` until it has. */
export type JobResult = 'none' | 'succeeded' | 'succeededWithWarnings' | 'failed' | 'canceled' | 'interrupted'
