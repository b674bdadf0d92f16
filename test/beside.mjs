/**
 * `npm run test:beside [unit|interop [TIMES]]`: the tests again and again on a machine that others use too: beside a busy loop and a
 * dozen `sleep`s that no test has started. Without arguments the unit tests ten times and the interop tests three times. With
 * CASTELLAN_SMOKE=1 one small file once.
 */
import { spawn } from 'node:child_process'
import { delimiter, dirname, relative } from 'node:path'
import { run } from 'node:test'
import { fileURLToPath } from 'node:url'
import { testsOf } from './kinds.mjs'

// Debian gives daemons such as snmpd to /usr/sbin, which is not on every user's PATH.
process.env.PATH = [process.env.PATH, '/usr/sbin', '/sbin'].join(delimiter)

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const isSmoke = process.env.CASTELLAN_SMOKE === '1'
const [kind, times] = process.argv.slice(2)
const timesOf = isSmoke ? { unit: 1 } : kind ? { [kind]: Number(times ?? 1) } : { unit: 10, interop: 3 }
const foreignSleeps = 12

const others = startOthers()
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
for (const signal of signals) process.on(signal, () => process.exit(1))
process.on('exit', () => {
  for (const other of others) other.kill('SIGKILL')
})

let failed = 0
for (const [one, rounds] of Object.entries(timesOf)) {
  const files = testsOf(root, one).filter((name) => !isSmoke || name.endsWith('lib/cnf.test.js'))
  if (files.length === 0 || !(rounds > 0)) throw new Error('usage: npm run test:beside [-- unit|interop [TIMES]]')
  for (let round = 1; round <= rounds; round++) {
    const failures = await runTests(files)
    console.log(
      `${one} tests, ${round} of ${rounds}: ${failures.length === 0 ? 'passed' : `failed\n${failures.join('\n')}`}`,
    )
    if (failures.length > 0) failed++
  }
}
console.log(failed === 0 ? 'all rounds passed' : `${failed} rounds failed`)
process.exit(failed === 0 ? 0 : 1)

function startOthers() {
  const options = { stdio: 'ignore' }
  const sleeps = Array.from({ length: foreignSleeps }, () => spawn('sleep', ['86400'], options))
  return [spawn(process.execPath, ['-e', 'for (;;);'], options), ...sleeps]
}

/** The tests that failed, with their files and reasons. */
async function runTests(files) {
  const failures = []
  let passed = 0
  const stream = run({ files, concurrency: 2, timeout: 300_000 })
  stream.on('test:pass', () => passed++)
  stream.on('test:fail', ({ name, file, details }) => {
    if (details?.type !== 'suite')
      failures.push(
        `  ${relative(root, file ?? '')}: ${name}: ${details?.error?.cause?.message ?? details?.error?.message}`,
      )
  })
  stream.resume()
  await new Promise((resolve) => stream.on('end', resolve))
  return passed === 0 ? ['  nothing was run', ...failures] : failures
}
