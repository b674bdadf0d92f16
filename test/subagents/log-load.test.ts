import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { isSoak } from '../../bench/smoke.ts'
import { Follower } from '../../lib/follow/follower.ts'
import { Patterns } from '../../lib/follow/patterns.ts'
import { systemClock } from '../../lib/time/clock.ts'

const files = 100
const linesPerSecond = 10_000
const seconds = 4

test('a hundred files with 10,000 lines/s together, patterns included, take less than a quarter of a core', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'castellan-load-'))
  const paths = Array.from({ length: files }, (_, i) => join(folder, `log${i}`))
  for (const path of paths) writeFileSync(path, '')
  const patterns = new Patterns({ clock: systemClock })
  const followers = paths.map((path) => new Follower({ path, clock: systemClock, startAt: 'beginning' }))
  const writer = spawn(process.execPath, [
    '-e',
    `const { openSync, writeSync } = require('node:fs')
    const files = process.argv.slice(1).map((path) => openSync(path, 'a'))
    let rounds = 0
    const round = setInterval(() => {
      for (const file of files) writeSync(file, 'line of a log\\n'.repeat(${linesPerSecond / files / 10}))
      if (++rounds === ${seconds * 10}) clearInterval(round)
    }, 100)`,
    ...paths,
  ])
  let isOver = false
  const over = once(writer, 'exit').then(() => {
    isOver = true
  })
  let matched = 0
  const look = async (): Promise<void> => {
    for (const follower of followers)
      await follower.poll(async (lines) => {
        const { matches } = await patterns.match({ source: 'of a (log)$', start: 0, stop: 0 }, lines)
        return () => {
          matched += matches.length
        }
      })
  }
  try {
    const before = process.cpuUsage()
    const beganMs = performance.now()
    while (!isOver) {
      await look()
      // As a monitor looks at a file that is busy.
      await Promise.race([over, new Promise((resolve) => setTimeout(resolve, 300))])
    }
    await look()
    const { user, system } = process.cpuUsage(before)
    const share = (user + system) / 1000 / (performance.now() - beganMs)
    t.diagnostic(JSON.stringify({ matched, share }))
    assert.equal(matched, seconds * linesPerSecond)
    if (isSoak) assert.ok(share < 0.25, `${share} of a core`)
  } finally {
    writer.kill('SIGKILL')
    for (const follower of followers) await follower.close()
    await patterns.close()
    rmSync(folder, { recursive: true })
  }
})
