/** Rotates logs by size, by time and by command, keeps what their policies say, and keeps the disk above its floor. */
import { basename } from 'node:path'
import { codeOf, isDenied, isMissing, messageOf } from '../../../lib/errors.ts'
import type { Log } from '../../../lib/log/log.ts'
import type { Clock, Timer } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import { atPlace } from '../../../lib/trust/folder.ts'
import { Complaints } from './complaints.ts'
import { type MeasureDisk, measureDisk } from './disk-floor.ts'
import { type DiskEvents, DiskKeeper } from './disk-keeper.ts'
import { dueReason, type RotationReason } from './due.ts'
import { Finisher, machineHost, type RotationHost } from './finisher.ts'
import { type RefusedPolicy, type RotationPolicy, realLogPath, refuseOverlaps } from './policy.ts'
import { type RepairHost, repair } from './repair.ts'
import { beyondRetention } from './retention.ts'
import { listRotated, lookAtLog, moveAside } from './rotated-files.ts'
import { RotationState } from './state.ts'

/** How a rotation went, with a sentence for people. */
export type RotationOutcome =
  /** Renamed, and nobody writes the renamed file any more; it is compressed in the background. */
  | { readonly kind: 'rotated'; readonly to: string; readonly octets: number; readonly sentence: string }
  /** Renamed, but still written; it is tried again. */
  | { readonly kind: 'held'; readonly to: string; readonly octets: number; readonly sentence: string }
  /** There is no such file, or nothing in it. */
  | { readonly kind: 'nothing'; readonly sentence: string }
  /** The file has its name still. */
  | { readonly kind: 'failed'; readonly sentence: string }

export interface RotatorEvents extends DiskEvents {
  /** A log is about to be renamed at this size; who watches the size judges it before the file is a small one again. */
  moving?(policy: RotationPolicy, octets: number): void
  /** A log has another name now; who follows it is to look, and the file is not compressed before this resolves. */
  renamed?(policy: RotationPolicy): Promise<void>
  rotated?(policy: RotationPolicy, reason: RotationReason, outcome: RotationOutcome): void
  /** It did not go as it should, and is tried again; each sentence once until there is another. */
  failed?(policy: RotationPolicy, sentence: string): void
}

export interface RotatorOptions {
  readonly clock: Clock
  readonly log: Log
  readonly policies?: readonly RotationPolicy[]
  /** Where what must outlive a restart is kept; nowhere when it is left out. */
  readonly statePath?: string
  /** Of each file system with logs; 0 keeps none. */
  readonly floorOctets: number
  readonly events?: RotatorEvents
  readonly lookEveryMs?: number
  readonly reopenWithinMs?: number
  readonly retryMs?: number
  readonly measureDisk?: MeasureDisk
  readonly host?: RotationHost
}

/** A file server that hangs does not keep a daemon from ending. */
const stopWithinMs = 2_000
const defaultLookEveryMs = 10_000
const defaultReopenWithinMs = 5_000
const defaultRetryMs = 10_000
/** So many renamed files of one log may still be written: more would only be more names for the same fault. */
const maxHeld = 3

export class Rotator {
  readonly #options: RotatorOptions
  readonly #finisher: Finisher
  readonly #state: RotationState
  readonly #disk: DiskKeeper
  readonly #moving = new Map<string, Promise<RotationOutcome>>()
  readonly #complaints: Complaints
  #policies: readonly RotationPolicy[] = []
  #floorOctets: number
  #looking: Promise<void> | undefined
  #cleaning: Promise<void> = Promise.resolve()
  #timer: Timer | undefined
  #isStarted = false
  #isStopped = false
  /** Live files whose rotated ones have been gone through since the start. */
  readonly #repaired = new Set<string>()

  constructor(options: RotatorOptions) {
    this.#options = options
    this.#floorOctets = options.floorOctets
    this.#complaints = new Complaints(options.log, (policy, sentence) => options.events?.failed?.(policy, sentence))
    this.#state = new RotationState(options.statePath, options.log)
    this.#finisher = new Finisher({
      clock: options.clock,
      log: options.log,
      host: options.host ?? machineHost,
      reopenWithinMs: options.reopenWithinMs ?? defaultReopenWithinMs,
      retryMs: options.retryMs ?? defaultRetryMs,
      read: ({ policy }) => options.events?.renamed?.(policy),
      finished: ({ policy, path }) => {
        this.#complaints.clear(path)
        this.#state.finish(path)
        void this.#state.save()
        void this.#keep([policy])
      },
      stuck: ({ policy, path }, sentence) => this.#complaints.add(policy, path, sentence),
    })
    this.#disk = new DiskKeeper({
      state: this.#state,
      log: options.log,
      events: options.events ?? {},
      measureDisk: options.measureDisk ?? measureDisk,
      isBusy: (path) => this.#finisher.isBusy(path),
      remove: (policy, path) => this.#remove(policy, path),
    })
    this.configure(options.policies ?? [])
  }

  get policies(): readonly RotationPolicy[] {
    return this.#policies
  }

  /** Puts policies in force from now on; gives those that cannot be, each with its reason. */
  configure(policies: readonly RotationPolicy[], floorOctets = this.#floorOctets): readonly RefusedPolicy[] {
    const { inForce, refused } = refuseOverlaps(policies)
    this.#policies = inForce
    this.#floorOctets = floorOctets
    for (const { sentence } of refused) this.#options.log.warn(sentence)
    if (this.#isStarted) void this.#repairAll()
    return refused
  }

  /** Goes on with what an earlier process left; for who rotates once and does not look. */
  async load(): Promise<void> {
    await this.#state.load()
    this.#isStarted = true
    await this.#repairAll()
  }

  /** Goes on with what an earlier process left, then looks at the logs every so often. */
  async start(): Promise<void> {
    await this.load()
    this.#timer = this.#options.clock.every(this.#options.lookEveryMs ?? defaultLookEveryMs, () => void this.look())
    void this.look()
  }

  /** What is compressed is dropped, and begun again at the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#finisher.stop()
    const patience = new AbortController()
    const ended = Promise.all([this.#looking, ...this.#moving.values(), this.#cleaning])
      .then(() => this.#state.save())
      .finally(() => patience.abort())
    await Promise.race([ended, pause(this.#options.clock, stopWithinMs, patience.signal)])
  }

  /** Looks at every log once: what is due is rotated, what is too much goes. Never rejects; one look at a time. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((error: unknown) => this.#options.log.error('bug while looking at the logs', { error }))
      .finally(() => {
        this.#looking = undefined
      })
    return this.#looking
  }

  /** Rotates a log now, whatever its size. Throws when no policy in force has that name. */
  async rotate(name: string): Promise<RotationOutcome> {
    return this.#rotate(this.find(name), 'command')
  }

  find(name: string): RotationPolicy {
    const policy = this.#policies.find((one) => one.name === name)
    if (policy) return policy
    const known = this.#policies.map((one) => one.name).join(', ')
    throw new Error(`no rotation policy is called ${name}; there are: ${known || 'none'}`)
  }

  /** Resolves when nothing is under way but what waits for its next try. */
  async settled(): Promise<void> {
    await this.#finisher.settled()
    await this.#cleaning
    await this.#state.save()
  }

  async #look(): Promise<void> {
    await this.#keep(this.#policies)
    await Promise.all(
      this.#policies.map(async (policy) => {
        const reason = await dueReason(policy, this.#state, this.#options.clock.now())
        if (reason && !this.#isStopped) await this.#rotate(policy, reason)
      }),
    )
    await this.#state.save()
  }

  /** Who asks while a log is being moved gets the outcome of that. */
  #rotate(policy: RotationPolicy, reason: RotationReason): Promise<RotationOutcome> {
    const live = realLogPath(policy.path)
    const moving =
      this.#moving.get(live) ??
      this.#move(policy, live)
        .then((outcome) => this.#report(policy, reason, outcome))
        .finally(() => this.#moving.delete(live))
    this.#moving.set(live, moving)
    return moving
  }

  async #move(policy: RotationPolicy, live: string): Promise<RotationOutcome> {
    const { clock } = this.#options
    const { name } = policy
    try {
      const stats = await lookAtLog(live).catch((error: unknown) => {
        if (isMissing(error)) return undefined
        throw error
      })
      if (!stats) return { kind: 'nothing', sentence: `${name}: ${live} does not exist, so nothing was rotated` }
      if (!stats.isFile())
        return {
          kind: 'failed',
          sentence: `${name}: ${live} is not a regular file, so it is not rotated; name one that is`,
        }
      const octets = stats.size
      if (octets === 0) return { kind: 'nothing', sentence: `${name}: nothing is in ${live}, so it was not rotated` }
      const held = this.#finisher.unfinished.filter((one) => one.state === 'held' && one.policy.path === policy.path)
      if (held.length >= maxHeld)
        return {
          kind: 'failed',
          sentence: `${name} is not rotated: ${held.length} files from before are still written; see what holds them`,
        }
      this.#options.events?.moving?.(policy, octets)
      const nowMs = clock.now()
      const to = await moveAside(live, Math.floor(nowMs / 1000))
      this.#state.setBeganMs(live, nowMs)
      this.#state.begin(to, live)
      const [release] = await Promise.all([this.#finisher.take(policy, to), this.#state.save()])
      const renamed = `${name}: renamed to ${basename(to)} (${octets} octets)`
      if (release.kind === 'stuck') return { kind: 'held', to, octets, sentence: `${renamed}; ${release.sentence}` }
      const by = release.by === undefined ? 'nobody writes it' : `${release.by} has reopened its log`
      return { kind: 'rotated', to, octets, sentence: `${renamed}; ${by}` }
    } catch (error) {
      return { kind: 'failed', sentence: `${name}: ${live} could not be renamed: ${explain(error)}` }
    }
  }

  #report(policy: RotationPolicy, reason: RotationReason, outcome: RotationOutcome): RotationOutcome {
    const { log, events } = this.#options
    if (outcome.kind === 'failed') this.#complaints.add(policy, policy.path, outcome.sentence)
    if (outcome.kind !== 'rotated' && outcome.kind !== 'held') return outcome
    this.#complaints.clear(policy.path)
    log.info('a log was rotated', { log: policy.name, to: outcome.to, octets: outcome.octets, reason })
    events?.rotated?.(policy, reason, outcome)
    return outcome
  }

  async #repairAll(): Promise<void> {
    const repairHost: RepairHost = {
      state: this.#state,
      take: (policy, path) => void this.#finisher.take(policy, path),
      remove: (policy, path) => this.#remove(policy, path),
      complain: (policy, path, sentence) => this.#complaints.add(policy, path, sentence),
    }
    await Promise.all(
      this.#policies.map(async (policy) => {
        const live = realLogPath(policy.path)
        if (this.#repaired.has(live)) return
        this.#repaired.add(live)
        await repair(policy, repairHost).catch((error: unknown) =>
          this.#options.log.error('bug while going on with rotations', { log: policy.name, error }),
        )
      }),
    )
  }

  /** Deletes what is beyond the policies' bounds, and the oldest while the disk is below its floor. One at a time. */
  #keep(policies: readonly RotationPolicy[]): Promise<void> {
    this.#cleaning = this.#cleaning
      .then(async () => {
        for (const policy of policies) {
          const rotated = await listRotated(realLogPath(policy.path))
          for (const { path } of beyondRetention(rotated, policy.keep, this.#options.clock.now()))
            if (!this.#finisher.isBusy(path)) await this.#remove(policy, path)
        }
        await this.#disk.keep(this.#policies, this.#floorOctets)
      })
      .catch((error: unknown) => this.#options.log.error('bug while deleting rotated logs', { error }))
    return this.#cleaning
  }

  async #remove(policy: RotationPolicy, path: string): Promise<boolean> {
    try {
      await atPlace(path, (folder, name) => folder.remove(name))
      return true
    } catch (error) {
      this.#complaints.add(policy, path, `${path} could not be deleted: ${explain(error)}`)
      return false
    }
  }
}

function explain(error: unknown): string {
  if (codeOf(error) === 'EROFS') return 'the file system is read-only; mount it writable'
  if (codeOf(error) === 'ENOSPC') return 'the disk is full; free some room'
  if (isDenied(error)) return 'we have no right to; see who owns its folder'
  return messageOf(error)
}
