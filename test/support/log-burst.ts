/**
 * Writes numbered lines to a log and renames it in bursts, as a rotator does that is told to hurry: argv PATH BURSTS RENAMES
 * LINES, each burst of so many renames with so many lines before each. Prints how long each burst took.
 */
import { closeSync, existsSync, openSync, renameSync, writeSync } from 'node:fs'

const [path = '', ...numbers] = process.argv.slice(2)
const [bursts = 0, renames = 0, lines = 0] = numbers.map(Number)
let descriptor = openSync(path, 'a')
let written = 0
const tookMs: number[] = []

function freeName(): string {
  const seconds = Math.floor(Date.now() / 1000)
  for (let number = 0; ; number++) {
    const name = `${path}.${seconds}${number === 0 ? '' : `.${number}`}`
    if (!existsSync(name)) return name
  }
}

const write = (): void => void writeSync(descriptor, `line ${written++}\n`)

for (let burst = 0; burst < bursts; burst++) {
  const beganMs = performance.now()
  for (let rename = 0; rename < renames; rename++) {
    for (let line = 1; line < lines; line++) write()
    renameSync(path, freeName())
    write() // the writer has not opened its log again yet
    closeSync(descriptor)
    descriptor = openSync(path, 'a')
  }
  tookMs.push(performance.now() - beganMs)
  await new Promise((resolve) => setTimeout(resolve, 10 * Math.random()))
}
write()
process.stdout.write(JSON.stringify({ written, tookMs }))
