/** A log in a folder of its own, and followers of it that are looked after: on a clock moved by hand, closed at the end. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Follower } from '../../lib/follow/follower.ts'
import type { FollowerOptions, FollowerState, PollResult } from '../../lib/follow/follower-result.ts'
import { ManualClock } from '../../lib/time/clock.ts'

export class FollowedLog {
  readonly folder = mkdtempSync(join(tmpdir(), 'castellan-log-'))
  readonly path = join(this.folder, 'access_log')
  readonly clock = new ManualClock()
  readonly #followers: Follower[] = []

  /** A follower and what it saw: from the beginning of the log unless the options say otherwise. */
  follow(options: Partial<FollowerOptions> = {}) {
    let follower = this.#open({ startAt: 'beginning', ...options })
    const lines: string[] = []
    let filesLost = 0
    const poll = async (): Promise<PollResult> => {
      const result = await follower.poll(async (found) => () => {
        lines.push(...found)
      })
      filesLost += result.filesLost
      return result
    }
    /** Everything that was seen since the last time it was asked for. */
    const seen = async (): Promise<string[]> => {
      for (let i = 0; i < 5; i++) await poll()
      return lines.splice(0)
    }
    /** As by another process, from what this one kept. */
    const restart = async (): Promise<void> => {
      const { state } = follower
      await follower.close()
      follower = this.#open({ ...options, ...keptAs(state) })
    }
    return { follower, lines, poll, seen, restart, filesLost: () => filesLost }
  }

  async end(): Promise<void> {
    for (const follower of this.#followers.splice(0)) await follower.close()
    rmSync(this.folder, { recursive: true })
  }

  #open(options: Partial<FollowerOptions>): Follower {
    const follower = new Follower({ path: this.path, clock: this.clock, ...options })
    this.#followers.push(follower)
    return follower
  }
}

/** As it comes back from a file. */
export function keptAs(state: FollowerState | undefined): { state: FollowerState } {
  return { state: JSON.parse(JSON.stringify(state)) as FollowerState }
}
