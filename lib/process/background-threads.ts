/**
 * Puts V8's own threads, which compile and collect garbage, behind the one that serves:
 * `node --require=lib/process/background-threads.js PROGRAM`. Before anything else is loaded there are no others.
 */
import { isMainThread } from 'node:worker_threads'
import { putOthersInBackground } from './background.ts'

if (isMainThread) putOthersInBackground()
