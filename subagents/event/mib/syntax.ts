/** What the tables of DISMAN-EVENT-MIB share: where it is registered, names, and texts that name other systems. */
import { type Syntax, text } from '../../../lib/mib/syntax.ts'

export const mteObjectsArc = '1.3.6.1.2.1.88.1'
export const mteNotificationsArc = '1.3.6.1.2.1.88.2'

/** Owners and names that may point nowhere. */
export const adminName = (): Syntax<string> => text(0, 32)

/** A name that identifies a row. */
export const rowName = (): Syntax<string> => text(1, 32)

export const noText = { defaultValue: '' } as const

/** A target or context where only this system's own, which has the empty name, can be watched (see MIN-ACCESS of RFC 2981). */
export function ownOnly(name?: string): Syntax<string> {
  const empty = text(0, 0, name)
  return {
    ...empty,
    fromSnmp: (value) => (value.type === 'OctetString' && value.value.length > 0 ? wrongValue : empty.fromSnmp(value)),
  }
}

const wrongValue = { error: 'wrongValue' } as const
