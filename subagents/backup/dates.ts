/** Moments as DateAndTime columns show them. */

export const dateOf = (ms: number | undefined): Date | 'never' => (ms === undefined ? 'never' : new Date(ms))
