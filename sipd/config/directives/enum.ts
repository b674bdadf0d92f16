/** The directives of ENUM: telephone numbers into Request-URIs, by the DNS. */
import { one, optional } from '../declare/directive.ts'
import { domain, onOff } from '../declare/kinds.ts'

const inForce = 'ENUM is not implemented yet'

export const enumLookup = {
  Cisco_Enum: one(onOff, 'Off', { help: 'Look up telephone numbers in the DNS (ENUM).', changes: 'reload', inForce }),
  Cisco_Enum_Domain: optional(domain, {
    help: 'The ENUM domain of a private numbering plan.',
    changes: 'reload',
    inForce,
  }),
  Cisco_Enum_Global_Domain: one(domain, 'e164.arpa', {
    help: 'The ENUM domain of numbers that begin with +.',
    changes: 'reload',
    inForce,
  }),
} as const
