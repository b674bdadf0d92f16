/** Keeps the tables of file systems as the mounts are; one that hangs keeps its last values, and its row says so. */

import type { Log } from '../../lib/log/log.ts'
import type { ServedTable } from '../../lib/mib/served.ts'
import { type Octets, textOf } from '../../lib/text/octets.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { storageIndexOf, toFsRow, toMountRow, toStorageRow } from './file-systems.ts'
import { Indexes } from './indexes.ts'
import type { castellanMountTable, hrFSTable, hrStorageTable } from './mib.ts'
import { type Mount, parseMountinfo, type ShownKinds, selectMounts } from './mounts.ts'
import type { Source } from './source.ts'
import type { FileSystemSize, StatfsAnswer, StatfsAsker } from './statfs.ts'

/** hrStorageIndex is greater than hrFSIndex, and has to fit too. */
const mostIndex = 0x7fff_0000

export interface FileSystemSamplerOptions {
  readonly source: Source
  readonly fileSystems: ServedTable<typeof hrFSTable>
  readonly storage: ServedTable<typeof hrStorageTable>
  readonly mounts: ServedTable<typeof castellanMountTable>
  readonly shown: () => ShownKinds
}

export interface FileSystemHost {
  readonly clock: Clock
  readonly log: Log
  readonly local: StatfsAsker
  /** For mounts of the network, so that a server that is away takes no thread from the disks. */
  readonly network: StatfsAsker
}

interface Seen {
  readonly index: number
  mount: Mount
  size: FileSystemSize | undefined
  /** Of the clock that only grows; undefined while nothing was ever answered. */
  answeredMs: number | undefined
  state: 'answering' | 'hung' | 'failing'
  isShown: boolean
}

export class FileSystemSampler {
  readonly #options: FileSystemSamplerOptions
  /** By mount point. */
  readonly #seen = new Map<Octets, Seen>()
  readonly #byIndex = new Map<number, Seen>()
  readonly #indexes = new Indexes(1, mostIndex)
  #isRunning = false

  constructor(options: FileSystemSamplerOptions) {
    this.#options = options
  }

  /** hrFSIndex of what is mounted from a device `major:minor`, 0 where nothing is. */
  indexOf(device: string): number {
    for (const { mount, index } of this.#seen.values()) if (mount.device === device) return index
    return 0
  }

  /** When hrFSIndex was last answered, for the age of its row. */
  answeredMs(hrFSIndex: number): number | undefined {
    return this.#byIndex.get(hrFSIndex)?.answeredMs
  }

  /** Where the root is mounted from, as `major:minor`. */
  get rootDevice(): string | undefined {
    return this.#seen.get('/')?.mount.device
  }

  /** Reads the mounts and asks each for its size; false when the round before still waits, or nothing could be read. */
  async sample(host: FileSystemHost, isRemovable: (device: string) => boolean): Promise<boolean> {
    if (this.#isRunning) return false
    this.#isRunning = true
    try {
      const text = this.#options.source.need('/proc/self/mountinfo')
      if (text === undefined) return false
      const mounts = this.#take(selectMounts(parseMountinfo(text), this.#options.shown()), host.clock.monotonicMs())
      const ask = async (asker: StatfsAsker, some: readonly Seen[]): Promise<void> => {
        for (const seen of some) {
          this.#answered(seen, await asker.ask(seen.mount.mountPoint, seen.mount.device), host)
          this.#show(seen, isRemovable)
        }
      }
      await Promise.all([
        ask(
          host.network,
          mounts.filter(({ mount }) => mount.kind === 'network'),
        ),
        ask(
          host.local,
          mounts.filter(({ mount }) => mount.kind !== 'network'),
        ),
      ])
      return true
    } finally {
      this.#isRunning = false
    }
  }

  #take(mounts: readonly Mount[], nowMs: number): Seen[] {
    const places = new Set(mounts.map(({ mountPoint }) => mountPoint))
    for (const seen of this.#seen.values()) if (!places.has(seen.mount.mountPoint)) this.#hide(seen)
    this.#indexes.keepOnly((place) => places.has(place), nowMs)
    return mounts.flatMap((mount) => {
      const seen = this.#seen.get(mount.mountPoint) ?? this.#begin(mount, nowMs)
      if (!seen) return []
      if (seen.mount.device !== mount.device) seen.size = undefined // another file system: its sizes are not these
      seen.mount = mount
      return [seen]
    })
  }

  #begin(mount: Mount, nowMs: number): Seen | undefined {
    const index = this.#indexes.of(mount.mountPoint, nowMs)
    if (index === undefined) return undefined
    const seen: Seen = { index, mount, size: undefined, answeredMs: undefined, state: 'answering', isShown: true }
    this.#seen.set(mount.mountPoint, seen)
    this.#byIndex.set(index, seen)
    return seen
  }

  #answered(seen: Seen, answer: StatfsAnswer, { clock, log }: FileSystemHost): void {
    const before = seen.state
    if (answer === 'hung') seen.state = 'hung'
    else if ('error' in answer) seen.state = 'failing'
    else {
      seen.state = 'answering'
      seen.size = answer.size
      seen.answeredMs = clock.monotonicMs()
    }
    if (before === seen.state) return
    const mountPoint = textOf(seen.mount.mountPoint)
    if (seen.state === 'answering') log.notice('a mount answers again', { mountPoint })
    else if (seen.state === 'hung') log.warn('a mount does not answer and keeps its last values', { mountPoint })
    else {
      const error = answer !== 'hung' && 'error' in answer ? answer.error : ''
      log.warn('the size of a mount cannot be had, and its row keeps its last values', { mountPoint, error })
    }
  }

  #show({ index, mount, size, state, isShown }: Seen, isRemovable: (device: string) => boolean): void {
    if (!isShown) return
    const { fileSystems, storage, mounts } = this.#options
    // As `df` does: what has no blocks is not there to hold anything.
    if (size?.blocks === 0) return this.#remove(index)
    const hasSize = size !== undefined
    const boot = this.#seen.has('/boot') ? '/boot' : '/'
    fileSystems.put(toFsRow(index, mount, boot, hasSize))
    if (hasSize) storage.put(toStorageRow(index, mount, size, isRemovable(mount.device)))
    mounts.put(toMountRow(index, state, size, mount.isReadOnly))
  }

  #hide(seen: Seen): void {
    seen.isShown = false // an answer may still come
    this.#seen.delete(seen.mount.mountPoint)
    this.#byIndex.delete(seen.index)
    this.#remove(seen.index)
  }

  #remove(hrFSIndex: number): void {
    const { fileSystems, storage, mounts } = this.#options
    fileSystems.delete({ hrFSIndex })
    storage.delete({ hrStorageIndex: storageIndexOf(hrFSIndex) })
    mounts.delete({ hrFSIndex })
  }
}
