/** The rotation policies that rows of siLogTable carry, and the rotator that acts on them. */
import { basename } from 'node:path'
import type { Home } from '../../lib/home/home.ts'
import type { Log } from '../../lib/log/log.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { formatReport, type RotateRequest, rotateNow } from './rotation/command.ts'
import { defaultPolicies, ownerOf, rotationStatePath } from './rotation/defaults.ts'
import type { DiskFloorEvent } from './rotation/disk-keeper.ts'
import { type RotationPolicy, realLogPath } from './rotation/policy.ts'
import { Rotator } from './rotation/rotator.ts'
import type { LogRow } from './row.ts'

export interface RotationsOptions {
  readonly home: Home
  readonly clock: Clock
  readonly log: Log
  /** A file is about to be renamed at this size. */
  moving(path: string, octets: number): void
  /** A file was renamed: its followers look, before what it was is compressed and gone. */
  moved(path: string): Promise<void>
  floor(change: 'reached' | 'cleared', event: DiskFloorEvent): void
}

export class Rotations {
  readonly #options: RotationsOptions
  readonly #rotator: Rotator
  readonly #errors = new Map<string, string>()
  #floorOctets = 0

  constructor(options: RotationsOptions) {
    this.#options = options
    const { home, clock, log, moving, moved, floor } = options
    this.#rotator = new Rotator({
      clock,
      log: log.child('rotation'),
      statePath: rotationStatePath(home),
      floorOctets: 0,
      events: {
        moving: ({ path }, octets) => moving(realLogPath(path), octets),
        renamed: ({ path }) => moved(realLogPath(path)),
        rotated: ({ path }, _, outcome) => {
          this.#errors.set(realLogPath(path), outcome.kind === 'rotated' ? '' : outcome.sentence)
          void moved(realLogPath(path)) // its owner has begun a new one, or has not
        },
        failed: ({ path }, sentence) => void this.#errors.set(realLogPath(path), sentence),
        floorReached: (event) => floor('reached', event),
        floorCleared: (event) => floor('cleared', event),
      },
    })
  }

  configure(rows: readonly LogRow[], floorOctets: number): void {
    const { home } = this.#options
    this.#floorOctets = floorOctets
    this.#rotator.configure(allPolicies(rows, home), floorOctets)
  }

  start(): Promise<void> {
    return this.#rotator.start()
  }

  stop(): Promise<void> {
    return this.#rotator.stop()
  }

  /** siLogRotateNow: what comes of it is in siLogRotateLastError. */
  rotateFile(path: string): void {
    const policy = this.#policyOf(path)
    if (!policy) return
    void this.#rotator.rotate(policy.name).then(({ kind, sentence }) => {
      if (kind === 'failed' || kind === 'held') this.#errors.set(realLogPath(path), sentence)
    })
  }

  isRotated(path: string): boolean {
    return this.#policyOf(path) !== undefined
  }

  lastError(path: string): string {
    return this.#errors.get(realLogPath(path)) ?? ''
  }

  /** The answer to `rotate` on the control socket. Throws when there is no policy of that name. */
  async command(request: RotateRequest): Promise<string> {
    const options = { nowMs: this.#options.clock.now(), floorOctets: this.#floorOctets }
    return formatReport(await rotateNow(this.#rotator, request, options))
  }

  #policyOf(path: string): RotationPolicy | undefined {
    return this.#rotator.policies.find((policy) => realLogPath(policy.path) === realLogPath(path))
  }
}

/** Of rows with a policy of their own, and of the appliance's own logs that no such row names. */
export function allPolicies(rows: readonly LogRow[], home: Home): RotationPolicy[] {
  const own = policiesOf(rows, home)
  const named = new Set(own.map(({ path }) => realLogPath(path)))
  return [...own, ...defaultPolicies(home).filter(({ path }) => !named.has(realLogPath(path)))]
}

/** Of rows that say when, or what is kept. Two files of one name are distinguished by the index of the row. */
export function policiesOf(rows: readonly LogRow[], home: Home): RotationPolicy[] {
  const used = new Set<string>()
  return rows.filter(hasPolicy).map((row) => {
    const file = basename(row.siLogFileName)
    const name = used.has(file) ? `${file}.${row.siLogIndex}` : file
    used.add(name)
    return {
      name,
      path: row.siLogFileName,
      ...(row.siLogRotateSize > 0 ? { maxOctets: row.siLogRotateSize } : {}),
      ...(row.siLogRotateSeconds > 0 ? { maxSeconds: row.siLogRotateSeconds } : {}),
      keep: {
        ...(row.siLogRotateKeepFiles > 0 ? { files: row.siLogRotateKeepFiles } : {}),
        ...(row.siLogRotateKeepOctets > 0 ? { octets: row.siLogRotateKeepOctets } : {}),
        ...(row.siLogRotateKeepSeconds > 0 ? { seconds: row.siLogRotateKeepSeconds } : {}),
      },
      compress: true,
      owner: ownerOf(home, row.siLogFileName),
    }
  })
}

/** Whether a row says when its file is rotated, or what is kept of it. */
export function hasPolicy(row: LogRow): boolean {
  return (
    row.siLogRotateSize > 0 ||
    row.siLogRotateSeconds > 0 ||
    row.siLogRotateKeepFiles > 0 ||
    row.siLogRotateKeepOctets > 0 ||
    row.siLogRotateKeepSeconds > 0
  )
}
