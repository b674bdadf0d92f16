/** The directives of ENUM: telephone numbers into Request-URIs, by the DNS. */
import { one, optional } from '../declare/directive.ts'
import { domain, onOff } from '../declare/kinds.ts'

export const enumLookup = {
  Cisco_Enum: one(onOff, 'Off', {
    help: 'Look up numbers of this server that nobody registered in the DNS (RFC 6116). Only for callers whose requests may go to other domains.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Enum_Domain: optional(domain, {
    help: 'The domain of numbers that do not begin with +; Cisco_Enum_Global_Domain when it is not set.',
    changes: 'reload',
    inForce: true,
  }),
  Cisco_Enum_Global_Domain: one(domain, 'e164.arpa', {
    help: 'The domain of numbers that begin with +.',
    changes: 'reload',
    inForce: true,
  }),
} as const
