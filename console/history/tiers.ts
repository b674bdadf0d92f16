/** How finely the past is kept: each tier's values are those of the tier before it, gathered. */

export interface Tier {
  readonly table: 'minute' | 'hour' | 'day'
  readonly seconds: number
  readonly of: 'sample' | 'minute' | 'hour'
}

export const tiers: readonly Tier[] = [
  { table: 'minute', seconds: 60, of: 'sample' },
  { table: 'hour', seconds: 3600, of: 'minute' },
  // Of UTC: the charts of days are for months and years.
  { table: 'day', seconds: 86_400, of: 'hour' },
]

const daySeconds = 86_400

/** How long each is kept, where the file has room: the cap comes before it. */
export const keptSeconds: Readonly<Record<'sample' | Tier['table'] | 'event', number>> = {
  sample: daySeconds,
  minute: 10 * daySeconds,
  hour: 400 * daySeconds,
  day: 20 * 366 * daySeconds,
  event: 400 * daySeconds,
}

/** The mark up to which a tier was made, in seconds since 1970. */
export const rolledUpMark = (table: Tier['table']): string => `rolledUp.${table}`
