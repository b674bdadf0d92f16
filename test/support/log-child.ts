/**
 * Follows a log as a process that may be killed: every line goes to OUT, and where it stands goes to STATE together with
 * the length of OUT that belongs to it. What a killed process had written beyond is cut off by the next.
 */
import { appendFileSync, existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { writeFileAtomic } from '../../lib/files/files.ts'
import { Follower } from '../../lib/follow/follower.ts'
import type { FollowerState } from '../../lib/follow/follower-result.ts'
import { systemClock } from '../../lib/time/clock.ts'

const [path = '', out = '', statePath = ''] = process.argv.slice(2)
const kept = existsSync(statePath)
  ? (JSON.parse(readFileSync(statePath, 'utf8')) as { follower: FollowerState; outOctets: number })
  : undefined
if (kept) truncateSync(out, kept.outOctets)
else writeFileSync(out, '')
const follower = new Follower({
  path,
  clock: systemClock,
  startAt: 'beginning',
  // Longer than a busy machine keeps the writer from opening its new file.
  drainMs: 20_000,
  ...(kept ? { state: kept.follower } : {}),
})
let isEnding = false
process.on('SIGTERM', () => {
  isEnding = true
})
while (!isEnding) {
  await follower.poll(async (lines) => () => {
    if (lines.length > 0) appendFileSync(out, `${lines.join('\n')}\n`)
  })
  await writeFileAtomic(statePath, JSON.stringify({ follower: follower.state, outOctets: statSync(out).size }))
  await new Promise((resolve) => setTimeout(resolve, 50))
}
