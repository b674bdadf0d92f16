/** What those who read and write archives say of their progress, and to whom. */
import type { AlarmId, ComponentProgress } from '../../lib/backup/job.ts'

/** Lines for people. */
export interface ReportLog {
  info(sentence: string): void
  warn(sentence: string): void
  error(sentence: string): void
}

export interface Progress {
  /** What is ahead; the percentage is of these octets. */
  expect(components: readonly Pick<ComponentProgress, 'feature' | 'component'>[], totalOctets: number): void
  component(feature: string, component: string, progress: Partial<ComponentProgress>): void
  /** So many octets of what is ahead are done. */
  advance(octets: number): void
  /** So many octets went to the device, or came from it. */
  transfer(octets: number): void
  alarm(id: AlarmId, object: string, text: string): void
}
