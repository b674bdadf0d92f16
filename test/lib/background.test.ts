import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { backgroundThreads } from '../../lib/process/daemon.ts'

/** Prints how nice its threads are when its program begins, the first one first, and that of a thread which says so itself. */
const program = `
import { readdirSync, readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
const niceOf = (thread) => Number(readFileSync('/proc/self/task/' + thread + '/stat', 'latin1').replace(/^.*\\) /s, '').split(' ')[16])
const threads = readdirSync('/proc/self/task').map(Number).sort((a, b) => a - b)
const background = JSON.stringify(process.argv[1])
const worker = new Worker(
  'const { parentPort } = require("node:worker_threads"); import(' + background + ').then(({ ownThread, workInBackground }) => {' +
  ' const before = ownThread(); workInBackground(before); parentPort.postMessage(before);' +
  // Its number is gone with it.
  ' setInterval(() => {}, 1000) })', { eval: true, execArgv: [] })
worker.once('message', (thread) => {
  console.log(JSON.stringify({ first: niceOf(threads[0]), others: threads.slice(1, 4).map(niceOf), worker: niceOf(thread) }))
  process.exit()
})
setTimeout(() => {}, 10_000)
`

test('the threads of V8 are behind the one that runs the program, and so is one that puts itself there', async () => {
  const module = new URL('../../lib/process/background.js', import.meta.url).href
  const args = ['--v8-pool-size=1', backgroundThreads(), '--input-type=module', '--eval', program, module]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { first, others, worker } = JSON.parse(stdout)
  assert.deepEqual([others.every((nice: number) => nice > first), worker > first], [true, true], stdout)
})
