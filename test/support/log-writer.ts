/** A writer of numbered log lines, paced, that is told to reopen its file as a daemon is: from argv PATH LINES PER_SECOND. */
import { closeSync, openSync, writeSync } from 'node:fs'

const [path = '', lines = '0', perSecond = '1000'] = process.argv.slice(2)
const total = Number(lines)
let written = 0
const startedMs = performance.now()
process.on('SIGUSR2', () => {
  closeSync(descriptor)
  descriptor = openSync(path, 'a')
  process.send?.('reopened')
})
// Last: who sees the file may send the signal.
let descriptor = openSync(path, 'a')
const timer = setInterval(() => {
  const due = Math.min(total, Math.floor(((performance.now() - startedMs) * Number(perSecond)) / 1000))
  for (; written < due; written++) writeSync(descriptor, `line ${written} of a log that is written at a steady pace\n`)
  if (written < total) return
  clearInterval(timer)
  process.send?.('done', () => process.exit(0))
}, 5)
