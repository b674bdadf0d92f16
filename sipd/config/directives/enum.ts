/** The directives of ENUM: telephone numbers into Request-URIs, by the DNS. */
import { one, optional } from '../declare/directive.ts'
import { domain, onOff } from '../declare/kinds.ts'

const inForce = 'ENUM is to come'

export const enumLookup = {
  Cisco_Enum: one(onOff, 'Off', { help: 'Look numbers up in the DNS.', changes: 'reload', inForce }),
  Cisco_Enum_Domain: optional(domain, { help: 'The domain of a private plan.', changes: 'reload', inForce }),
  Cisco_Enum_Global_Domain: one(domain, 'e164.arpa', {
    help: 'The domain of numbers that begin with +.',
    changes: 'reload',
    inForce,
  }),
} as const
