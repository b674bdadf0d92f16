/** How far a job is, for people: a line for each change, or on a terminal one bar with the rate and the time that is left. */
import { printable } from '../../../lib/text/escape.ts'

export interface JobView {
  readonly job: number
  readonly type: string
  readonly status: string
  readonly result: string
  readonly percent: number
  readonly feature: string
  readonly component: string
  /** Written to the device, or read from it. */
  readonly octets: number
  readonly startedMs: number | undefined
  /** The backup. */
  readonly file: string
  readonly error: string
}

export const hasEnded = ({ status }: JobView): boolean => status === 'completed'

/** Such as `backup 1: running, 42 %, AGENT subagents-data`. */
export function jobLine(view: JobView): string {
  const { type, job, status, percent, result, file, error } = view
  const head = `${type} ${job}`
  if (!hasEnded(view)) {
    const part = partOf(view)
    return printable(`${head}: ${status}, ${percent} %${part === '' ? '' : `, ${part}`}`)
  }
  const tail = error === '' ? (file === '' ? '' : `, ${file}`) : `: ${error}`
  return printable(`${head}: ${result}${tail}`)
}

const partOf = ({ feature, component }: JobView): string => [feature, component].filter((name) => name !== '').join(' ')

const barWidth = 24
/** The rate is that of the last seconds: a mean over hours says nothing of a network that has become slow. */
const rateOverMs = 10_000

/** One job on a terminal: gives the line that takes the place of the one before. */
export class ProgressBar {
  #seen: { readonly atMs: number; readonly octets: number }[] = []

  line(view: JobView, nowMs: number, columns: number): string {
    this.#seen = [...this.#seen.filter(({ atMs }) => nowMs - atMs <= rateOverMs), { atMs: nowMs, octets: view.octets }]
    const { type, job, percent } = view
    const done = Math.round((barWidth * percent) / 100)
    const parts = [
      `${type} ${job} [${'#'.repeat(done)}${'.'.repeat(barWidth - done)}] ${percent} %`,
      this.#rate(),
      timeLeft(view, nowMs),
      partOf(view),
    ]
    return printable(parts.filter((part) => part !== '').join('  ')).slice(0, columns - 1)
  }

  #rate(): string {
    const [first, last] = [this.#seen[0], this.#seen.at(-1)]
    if (!first || !last || last.atMs === first.atMs) return ''
    const megabytes = (last.octets - first.octets) / 1e6 / ((last.atMs - first.atMs) / 1000)
    return `${megabytes.toFixed(1)} MB/s`
  }
}

/** Nothing while too little is done to tell. */
function timeLeft({ percent, startedMs }: JobView, nowMs: number): string {
  if (startedMs === undefined || percent < 1 || percent >= 100) return ''
  const seconds = Math.max(0, Math.round(((nowMs - startedMs) * (100 - percent)) / percent / 1000))
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  const two = (number: number): string => String(number).padStart(2, '0')
  return `${hours > 0 ? `${hours}:${two(minutes)}` : minutes}:${two(seconds % 60)} left`
}
