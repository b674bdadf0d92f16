/** Looks at the size alone of a file that no pattern is tried on. */
import { conditionOf, type PollResult } from '../../lib/follow/follower-result.ts'
import { measureLog } from '../../lib/follow/log-place.ts'

export class SizeProbe {
  readonly #path: string
  #inode: number | undefined

  constructor(path: string) {
    this.#path = path
  }

  /** A file that is another one, or smaller than `lastOctets`, counts as rotated. */
  async measure(lastOctets: number): Promise<PollResult> {
    const unknown = { sizeOctets: 0, rotations: 0, filesLost: 0, isBehind: false, hasMore: false }
    try {
      const { ino, size } = await measureLog(this.#path)
      const isOther = this.#inode !== undefined && (ino !== this.#inode || size < lastOctets)
      this.#inode = ino
      return { ...unknown, condition: 'ok', sizeOctets: size, rotations: isOther ? 1 : 0 }
    } catch (error) {
      return { ...unknown, ...conditionOf(error) }
    }
  }
}
