/** Textual conventions of SYSAPPL-MIB (RFC 2287). */
import { bits, enumeration, type Syntax, text } from '../../lib/mib/syntax.ts'

export const utf8String = (): Syntax<string> => text(0, 255, 'Utf8String')
export const longUtf8String = (): Syntax<string> => text(0, 1024, 'LongUtf8String')

/** Running, runnable but waiting for a resource, waiting for an event, on its way out, or none of these. */
export type RunState = 'running' | 'runnable' | 'waiting' | 'exiting' | 'other'

export const runState = (): Syntax<RunState> =>
  enumeration({ running: 1, runnable: 2, waiting: 3, exiting: 4, other: 5 }, 'RunState')

export type RoleBit = 'executable' | 'exclusive' | 'primary' | 'required' | 'dependent' | 'unknown'
export type Role = ReadonlySet<RoleBit>
export const unknownRole: Role = new Set(['unknown'])

/** sysApplInstallElmtRole: what an element is to its application, as an operator says. */
export const role = (): Syntax<Role> =>
  bits({ executable: 0, exclusive: 1, primary: 2, required: 3, dependent: 4, unknown: 5 })

/** Whether a role has the bit, and it means something: with unknown(5) none of the others does. */
export function plays(roleOfElement: Role, bit: Exclude<RoleBit, 'unknown' | 'executable'>): boolean {
  return !roleOfElement.has('unknown') && roleOfElement.has(bit)
}

export type ElementType = 'unknown' | 'nonexecutable' | 'operatingSystem' | 'deviceDriver' | 'application'

export const elementType = (): Syntax<ElementType> =>
  enumeration({ unknown: 1, nonexecutable: 2, operatingSystem: 3, deviceDriver: 4, application: 5 })
