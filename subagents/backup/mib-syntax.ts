/** Syntaxes and options that the tables of CASTELLAN-BACKUP-MIB have in common. */
import { enumeration, gauge32, integer32, text } from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'

/** CASTELLAN-BACKUP-MIB. */
export const drs = `${castellanArc}.12.101`

export const castellanText = (min: number, max: number) => text(min, max, 'CastellanText')
export const row = () => integer32(1, 0x7fff_ffff)
/** The index of another table's row; 0 names none. */
export const reference = () => integer32(0, 0x7fff_ffff)
export const percent = () => gauge32(0, 100)
export const never = { defaultValue: 'never' } as const
export const live = { presence: 'live' } as const
/** Shows no secret: names, versions, and sentences that are made without one. */
export const harmless = { contents: false } as const

export const result = () =>
  enumeration({ none: 1, succeeded: 2, succeededWithWarnings: 3, failed: 4, canceled: 5, interrupted: 6 })
export const jobType = () => enumeration({ backup: 1, restore: 2, verify: 3, drill: 4, rollback: 5 })
export const trigger = () => enumeration({ manual: 1, schedule: 2, snmp: 3 })
export const noResult = { defaultValue: 'none' } as const
