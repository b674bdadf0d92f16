/** What is asked of a device apart from any job, and how the program that asks it answers. */
import type { DeviceFault, DeviceSettings } from './settings.ts'

export interface Inquiry {
  /** Goes through all steps of the device; or lists the backups on it. */
  readonly question: 'validate' | 'list'
  readonly device: DeviceSettings
}

/** A complete backup on a device, or one whose list is missing. */
export interface StoredSet {
  /** As formatSetName gives it. */
  readonly name: string
  readonly timeMs: number
  readonly version: string
  /** Of all archives of it. */
  readonly octets: number
  /** Its list is there. */
  readonly isComplete: boolean
  readonly features: readonly string[]
  readonly nodes: readonly string[]
}

export interface Answer {
  /** What the server showed, where it got that far. */
  readonly hostKey?: string
  readonly freeBytes?: number
  /** Each step with what was found. */
  readonly steps: readonly { readonly step: string; readonly found: string }[]
  readonly sets: readonly StoredSet[]
  readonly failure?: {
    readonly fault: DeviceFault | 'unknown'
    readonly step: string | undefined
    /** What was tried, what happened, what to do. */
    readonly sentence: string
  }
}
