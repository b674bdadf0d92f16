/** When schedules ran last and are to run next, on disk: what tells a run that was missed while nobody was there. */
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { writeFileAtomic } from '../files/files.ts'
import { brokenSentence, readState } from '../files/state-file.ts'

export interface SavedSchedule {
  readonly key: string
  /** As timingOf gives it: what was saved for another timing means nothing. */
  readonly timing: string
  readonly lastMs: number | undefined
  readonly nextMs: number | undefined
  readonly isFinished: boolean
}

export interface SavedSchedules {
  /** When it was saved, by the wall clock in milliseconds since 1970. */
  readonly savedMs: number
  readonly schedules: readonly SavedSchedule[]
}

export interface ScheduleStore {
  /** Nothing when nothing was saved. Rejects when there is something that cannot be read. */
  load(): Promise<SavedSchedules | undefined>
  /** Durable when it resolves. */
  save(saved: SavedSchedules): Promise<void>
}

/** A JSON file that is replaced as a whole. */
export function fileStore(path: string): ScheduleStore {
  return {
    async load() {
      const found = await readState(path, (text) => parseSaved(JSON.parse(text)))
      if (found.kind === 'broken') throw new Error(brokenSentence(path, found))
      return found.kind === 'none' ? undefined : found.value
    },
    async save(saved) {
      await mkdir(dirname(path), { recursive: true })
      await writeFileAtomic(path, `${JSON.stringify(saved)}\n`)
    },
  }
}

function parseSaved(content: unknown): SavedSchedules {
  const saved = savedOf(content)
  if (!saved) throw new Error('it does not hold when schedules ran')
  return saved
}

function savedOf(content: unknown): SavedSchedules | undefined {
  if (!isRecord(content) || typeof content.savedMs !== 'number' || !Array.isArray(content.schedules)) return undefined
  const schedules: SavedSchedule[] = []
  const all: readonly unknown[] = content.schedules
  for (const one of all) {
    if (!isRecord(one)) return undefined
    const { key, timing, lastMs, nextMs, isFinished } = one
    if (typeof key !== 'string' || typeof timing !== 'string' || typeof isFinished !== 'boolean') return undefined
    if (!isTime(lastMs) || !isTime(nextMs)) return undefined
    schedules.push({ key, timing, lastMs, nextMs, isFinished })
  }
  return { savedMs: content.savedMs, schedules }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isTime(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value))
}
