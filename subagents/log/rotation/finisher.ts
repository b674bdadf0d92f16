/** Takes files that were moved aside to their end: released by who wrote them, verified, compressed; again until it is so. */
import { basename } from 'node:path'
import { messageOf } from '../../../lib/errors.ts'
import type { Log } from '../../../lib/log/log.ts'
import type { Clock } from '../../../lib/time/clock.ts'
import { pause } from '../../../lib/time/pause.ts'
import { atPlace } from '../../../lib/trust/folder.ts'
import { type Compressed, type CompressOptions, compress } from './compress.ts'
import { type Asked, askToReopen, ownerPid } from './owner.ts'
import type { LogOwner, RotationPolicy } from './policy.ts'
import { nextState, type RotationEvent, type RotationState } from './states.ts'
import { findWriters, identityOf, type Writers } from './writers.ts'

/** What the machine does for a rotation; tests put their own in its place. */
export interface RotationHost {
  readonly ownerPid: (owner: LogOwner) => number | undefined
  readonly askToReopen: (owner: LogOwner) => Asked
  readonly findWriters: typeof findWriters
  readonly compress: (path: string, options: CompressOptions) => Promise<Compressed>
}

export const machineHost: RotationHost = { ownerPid, askToReopen, findWriters, compress }

export interface FinisherOptions {
  readonly clock: Clock
  readonly log: Log
  readonly host: RotationHost
  /** How long an owner has to open its log again before that is reported, and tried again. */
  readonly reopenWithinMs: number
  readonly retryMs: number
  /** Resolves when those who follow the log have seen the file; it is not compressed before that. */
  readonly read?: (moved: MovedFile) => Promise<void> | undefined
  /** The file is as it is kept, or is gone. */
  readonly finished: (moved: MovedFile) => void
  /** It did not go on; it is tried again. */
  readonly stuck: (moved: MovedFile, sentence: string) => void
}

export interface MovedFile {
  readonly policy: RotationPolicy
  readonly path: string
  state: RotationState
}

/** How the first try ended: nobody writes the file any more, or why that is not so. */
export type Release =
  | { readonly kind: 'released'; readonly by: string | undefined }
  | { readonly kind: 'stuck'; readonly sentence: string }

const stopWithinMs = 2_000
const readWithinMs = 2_000
const longestRetryMs = 300_000
/** Between two looks at who has it open: short at first, as most owners are quick, then longer. */
const firstLookMs = 20
const longestLookMs = 500

export class Finisher {
  readonly #options: FinisherOptions
  readonly #moved = new Map<string, MovedFile>()
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  /** One compression at a time. */
  #compressing: Promise<unknown> = Promise.resolve()
  #active = 0
  #settling: (() => void)[] = []

  constructor(options: FinisherOptions) {
    this.#options = options
  }

  get unfinished(): readonly MovedFile[] {
    return [...this.#moved.values()]
  }

  /** Whether a file may be deleted: not while somebody writes it, nor while it is compressed. */
  isBusy(path: string): boolean {
    const state = this.#moved.get(path)?.state
    return state === 'held' || state === 'compressing'
  }

  /** Takes a file that was moved aside; resolves when the first try to have it released has ended. */
  take(policy: RotationPolicy, path: string): Promise<Release> {
    const moved: MovedFile = { policy, path, state: 'held' }
    this.#moved.set(path, moved)
    return new Promise((resolve) => {
      const run = this.#run(moved, resolve).finally(() => this.#running.delete(run))
      this.#running.add(run)
    })
  }

  /** Resolves when nothing is under way but what waits for its next try. */
  settled(): Promise<void> {
    if (this.#active === 0) return Promise.resolve()
    return new Promise((resolve) => this.#settling.push(resolve))
  }

  /** What a file server that hangs keeps is not waited for longer than a moment: a daemon must be able to end. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    const patience = new AbortController()
    const ended = Promise.all(this.#running).finally(() => patience.abort())
    await Promise.race([ended, pause(this.#options.clock, stopWithinMs, patience.signal)])
  }

  /** Never rejects. */
  async #run(moved: MovedFile, firstTried: (release: Release) => void): Promise<void> {
    const { signal } = this.#stopping
    for (let retryMs = this.#options.retryMs; ; retryMs = Math.min(retryMs * 2, longestRetryMs)) {
      this.#active++
      const sentence = await this.#try(moved, firstTried).catch(messageOf)
      this.#active--
      if (this.#active === 0) for (const resolve of this.#settling.splice(0)) resolve()
      if (moved.state === 'finished' || signal.aborted) break
      firstTried({ kind: 'stuck', sentence }) // of no effect after the first try
      this.#options.stuck(moved, sentence)
      await pause(this.#options.clock, retryMs, signal)
      if (signal.aborted) return
    }
    firstTried({ kind: 'stuck', sentence: 'rotation was stopped' })
    if (moved.state !== 'finished') return
    this.#moved.delete(moved.path)
    this.#options.finished(moved)
  }

  /** Goes on from where the file is; gives why it did not come to its end, when it did not. */
  async #try(moved: MovedFile, firstTried: (release: Release) => void): Promise<string> {
    const { policy, path } = moved
    if (moved.state === 'held') {
      const release = await this.#release(moved)
      if (release.kind === 'stuck') return release.sentence
      move(moved, 'released')
      firstTried(release)
    }
    if (await this.#isGoneOrEmpty(path)) {
      move(moved, 'gone')
      return ''
    }
    if (policy.compress) {
      await this.#untilRead(moved)
      return this.#compress(moved)
    }
    move(moved, 'keepAsIs')
    return ''
  }

  /** Asks the owner to reopen its log when it still writes the file, and looks until nobody does. */
  async #release({ policy: { owner }, path }: MovedFile): Promise<Release> {
    const { clock, host, reopenWithinMs } = this.#options
    const { signal } = this.#stopping
    const file = await identityOf(path).catch(() => undefined)
    if (!file) return { kind: 'released', by: undefined } // somebody deleted it
    const ownerPid = host.ownerPid(owner)
    let seen = await host.findWriters(path, file, ownerPid)
    if (isReleased(seen)) return { kind: 'released', by: undefined }
    const asked = host.askToReopen(owner)
    const untilMs = clock.monotonicMs() + reopenWithinMs
    for (let lookMs = firstLookMs; asked.kind === 'asked'; lookMs = Math.min(lookMs * 2, longestLookMs)) {
      await pause(clock, lookMs, signal)
      // Who had it is looked at again and again, all others only when those have let it go.
      seen = await host.findWriters(path, file, ownerPid, [...seen.writers, ...seen.unseen])
      if (isReleased(seen)) seen = await host.findWriters(path, file, ownerPid)
      if (isReleased(seen)) return { kind: 'released', by: asked.name }
      if (clock.monotonicMs() >= untilMs || signal.aborted) break
    }
    return { kind: 'stuck', sentence: explainHeld(path, asked, seen, reopenWithinMs) }
  }

  /** Those who follow the log have their turn first, but not for ever. */
  async #untilRead(moved: MovedFile): Promise<void> {
    const patience = new AbortController()
    const end = (): void => patience.abort()
    this.#stopping.signal.addEventListener('abort', end, { once: true })
    const read = Promise.resolve(this.#options.read?.(moved)).finally(end)
    await Promise.race([read, pause(this.#options.clock, readWithinMs, patience.signal)])
    this.#stopping.signal.removeEventListener('abort', end)
  }

  async #compress(moved: MovedFile): Promise<string> {
    const { clock, host } = this.#options
    const { signal } = this.#stopping
    const run = this.#compressing.then(async (): Promise<string> => {
      // It may have been deleted for the room while it waited for its turn.
      if (signal.aborted) return 'rotation was stopped'
      if (await this.#isGoneOrEmpty(moved.path)) {
        move(moved, 'gone')
        return ''
      }
      move(moved, 'compress')
      try {
        const done = await host.compress(moved.path, { signal, rest: (ms) => pause(clock, ms, signal) })
        move(moved, done)
        return done === 'compressed'
          ? ''
          : `${basename(moved.path)} was written while it was compressed; it stays as it is`
      } catch (error) {
        move(moved, 'failed')
        return `${basename(moved.path)} could not be compressed: ${messageOf(error)}; it stays as it is`
      }
    })
    this.#compressing = run
    return run
  }

  /** An empty one is the name that a rotation made before it was cut off: it holds nothing, and goes. */
  #isGoneOrEmpty(path: string): Promise<boolean> {
    return atPlace(path, async (folder, name) => {
      const { size } = await folder.lstat(name)
      if (size === 0) await folder.remove(name)
      return size === 0
    }).catch(() => true)
  }
}

function isReleased({ writers, unseen }: Writers): boolean {
  return writers.length === 0 && unseen.length === 0
}

function move(moved: MovedFile, event: RotationEvent): void {
  moved.state = nextState(moved.state, event)
}

function explainHeld(path: string, asked: Asked, { writers, unseen }: Writers, withinMs: number): string {
  const name = basename(path)
  const who = (writers.length > 0 ? writers : unseen).map((one) => `${one.name} (PID ${one.pid})`).join(', ')
  if (asked.kind === 'failed') return `${name} is still written by ${who}: ${asked.sentence}`
  if (writers.length === 0)
    return `whether ${name} is still written by ${who} cannot be seen; rotate as root, or as the user it runs as`
  if (asked.kind === 'absent')
    return `${name} is still written by ${who}, which is not its owner and gets no signal; end it, or have it reopen its log`
  return `${name} is still written by ${who}, ${withinMs / 1000} s after the signal to reopen its log`
}
