import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { test } from 'node:test'

const module = JSON.stringify(new URL('../../lib/process/standard-streams.js', import.meta.url).href)
/** Writes again and again for a while, in which an error would have ended it, and says so on descriptor 3. */
const script = `
  import { writeSync } from 'node:fs'
  import { outliveStandardStreams } from ${module}
  outliveStandardStreams()
  let times = 0
  const timer = setInterval(() => {
    console.log('output')
    console.error('error')
    process.emitWarning('warning')
    if (++times < 20) return
    clearInterval(timer)
    writeSync(3, 'lives')
  }, 5)`

for (const [what, open] of [
  ['a full disk', () => openSync('/dev/full', 'w')],
  ['a pipe that nobody reads', () => 'pipe' as const],
] as const)
  test(`a daemon outlives standard streams on ${what}`, async () => {
    const sink = open()
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', sink, sink, 'pipe'],
    })
    if (typeof sink === 'number') closeSync(sink)
    child.stdout?.destroy()
    child.stderr?.destroy()
    let said = ''
    child.stdio[3]!.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const [code, signal] = await once(child, 'close')
    assert.deepEqual([said, code, signal], ['lives', 0, null])
  })
