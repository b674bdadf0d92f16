/** Keeps the disks of the logs above their floor: the oldest rotated logs go, and where that is not enough an alarm is raised. */
import { dirname } from 'node:path'
import type { Log } from '../../../lib/log/log.ts'
import { DiskFloor, type DiskSpace, type MeasureDisk } from './disk-floor.ts'
import { type RotationPolicy, realLogPath } from './policy.ts'
import { byAge, listRotated, type RotatedFile } from './rotated-files.ts'
import type { RotationState } from './state.ts'

export interface DiskFloorEvent {
  /** A folder of logs on that file system. */
  readonly folder: string
  readonly freeOctets: number
  readonly floorOctets: number
}

export interface DiskEvents {
  /** Less is free than the floor, and there is nothing left that may be deleted for it. */
  floorReached?(event: DiskFloorEvent): void
  floorCleared?(event: DiskFloorEvent): void
}

export interface DiskKeeperOptions {
  /** Keeps which alarms were raised. */
  readonly state: RotationState
  readonly log: Log
  readonly events: DiskEvents
  readonly measureDisk: MeasureDisk
  /** A rotated log that is still worked on, and stays. */
  readonly isBusy: (path: string) => boolean
  /** False when it could not be deleted. */
  readonly remove: (policy: RotationPolicy, path: string) => Promise<boolean>
}

export class DiskKeeper {
  readonly #options: DiskKeeperOptions
  readonly #floor = new DiskFloor()

  constructor(options: DiskKeeperOptions) {
    this.#options = options
  }

  /** Looks at every file system with logs once. One call at a time. */
  async keep(policies: readonly RotationPolicy[], floorOctets: number): Promise<void> {
    const { state } = this.#options
    // A floor that is given up ends the alarm for it.
    const mayBeAlarmed = this.#floor.isAlarmed || policies.some(({ path }) => state.isAlarmed(folderOf(path)))
    if (floorOctets === 0 && !mayBeAlarmed) return
    const byFileSystem = new Map<string, { folder: string; policies: RotationPolicy[] }>()
    for (const policy of policies) {
      const folder = folderOf(policy.path)
      const space = await this.#measure(folder)
      if (!space) continue
      // One that perhaps nobody heard is raised again, or else cleared: perhaps somebody did.
      const isOver = space.freeOctets >= floorOctets
      if (state.isNotified(folder) || (state.isAlarmed(folder) && isOver)) this.#floor.recall(space.fileSystem)
      const known = byFileSystem.get(space.fileSystem)
      if (known) known.policies.push(policy)
      else byFileSystem.set(space.fileSystem, { folder, policies: [policy] })
    }
    for (const one of byFileSystem.values()) await this.#free(one.folder, one.policies, floorOctets)
  }

  async #free(folder: string, policies: readonly RotationPolicy[], floorOctets: number): Promise<void> {
    const { state, events, log, isBusy, remove } = this.#options
    let space = await this.#measure(folder)
    if (space && space.freeOctets < floorOctets) {
      for (const { file, policy } of await oldestFirst(policies)) {
        if (isBusy(file.path)) continue
        if (await remove(policy, file.path))
          log.warn('a rotated log was deleted to keep the disk from filling', {
            path: file.path,
            octets: file.diskOctets,
          })
        space = await this.#measure(folder)
        if (!space || space.freeOctets >= floorOctets) break
      }
    }
    if (!space) return
    const event = { folder, freeOctets: space.freeOctets, floorOctets }
    const change = this.#floor.judge(space, floorOctets)
    if (change === 'reached') {
      state.setAlarmed(folder, true)
      // Before it is notified: in a moment there may be no room to keep it, and then nobody would know what to clear.
      await state.save()
      log.error('the disk is below its floor, and no rotated log is left that may be deleted', event)
      events.floorReached?.(event)
      state.setNotified(folder)
    } else if (change === 'cleared') {
      for (const { path } of policies) state.setAlarmed(folderOf(path), false)
      log.notice('the disk is above its floor again', event)
      events.floorCleared?.(event)
    }
  }

  async #measure(folder: string): Promise<DiskSpace | undefined> {
    try {
      return await this.#options.measureDisk(folder)
    } catch {
      return undefined // the folder is not there yet
    }
  }
}

async function oldestFirst(
  policies: readonly RotationPolicy[],
): Promise<{ readonly file: RotatedFile; readonly policy: RotationPolicy }[]> {
  const lists = await Promise.all(
    policies.map(async (policy) => (await listRotated(realLogPath(policy.path))).map((file) => ({ file, policy }))),
  )
  return lists.flat().sort((a, b) => byAge(a.file, b.file))
}

function folderOf(path: string): string {
  return dirname(realLogPath(path))
}
