/** The configuration for people and programs: what is in force and where it was set, and what is wrong. */
import { formatComplaint } from '../../lib/cnf/complaint.ts'
import type { Rows } from './declare/row.ts'
import { directives, type SipdConfig } from './directives.ts'
import type { ConfigNotes, Origin } from './parse.ts'
import type { Inspection } from './read.ts'

const file = 'sipd.conf'
const originColumn = 48

export interface ShownDirective {
  readonly name: string
  /** As in SipdConfig; null for none, `***` for a secret. */
  readonly value: unknown
  /** `sipd.conf:12`, with all lines when there are several, or `default`. */
  readonly origin: string
  readonly lines: readonly number[]
  /** False for a directive that was written and is not acted on. */
  readonly inForce: boolean
}

interface InForce {
  readonly config: SipdConfig
  readonly origins: ConfigNotes['origins']
}

/** `sip config`: a sipd.conf with everything that is in force, each line with its origin; secrets are `***`. */
export function formatConfig(inForce: InForce): string {
  const rows: Rows = directives
  const lines = selected(inForce).flatMap(({ name, value, origin, isInForce }) => {
    const setAt = isInForce ? origin : `${origin}, not acted on`
    const written = rows[name]!.print(name, value)
    // A container's first line has to end with >.
    if (rows[name]!.inside && written.length > 0) return [`# ${setAt}`, ...written]
    return (written.length > 0 ? written : [`# ${name}`]).map((line) => `${line.padEnd(originColumn)} # ${setAt}`)
  })
  return `${lines.join('\n')}\n`
}

/** `sip config --json`: the same as values. */
export function configToJson(inForce: InForce): readonly ShownDirective[] {
  return selected(inForce).map(({ name, value, origin, lines, isInForce }) => ({
    name,
    value: value instanceof Set ? [...value] : (value ?? null),
    origin,
    lines,
    inForce: isInForce,
  }))
}

/** `sip check`: every complaint and warning on a line, then the verdict. */
export function formatCheck(inspection: Inspection): { readonly text: string; readonly isGood: boolean } {
  const { config, complaints, warnings, origins } = inspection
  const isGood = config !== undefined
  const lines = [
    ...complaints.map(formatComplaint),
    ...warnings.map(formatComplaint),
    isGood
      ? `${file} is good: ${count(origins.size, 'directive')}, ${count(warnings.length, 'warning')}`
      : `${file} is not good: ${count(complaints.length, 'complaint')}, ${count(warnings.length, 'warning')}`,
  ]
  return { text: `${lines.join('\n')}\n`, isGood }
}

/** What is in force, and what was written without being so. */
function selected({ config, origins }: InForce) {
  return Object.entries(directives as Rows).flatMap(([name, row]) => {
    const origin = origins.get(name)
    const isInForce = row.inForce === true
    if (!isInForce && !origin) return []
    const value: unknown = config[name as keyof SipdConfig]
    return [{ name, value, origin: formatOrigin(origin), lines: origin?.lines ?? [], isInForce }]
  })
}

function formatOrigin(origin: Origin | undefined): string {
  return origin ? `${file}:${origin.lines.join(',')}` : 'default'
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
