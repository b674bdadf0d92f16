/** The directives of privacy: which headers tell who calls, and whom. */
import { one } from '../declare/directive.ts'
import { onOff } from '../declare/kinds.ts'

const inForce = 'privacy is to come; such headers are forwarded as they are'

export const privacy = {
  Privacy: one(onOff, 'Off', { help: 'Honour what callers want kept private.', changes: 'reload', inForce }),
  PrivacyWithPAI: one(onOff, 'Off', { help: 'In P-Asserted-Identity.', changes: 'reload', inForce }),
  PrivacyWithRPID: one(onOff, 'Off', { help: 'In Remote-Party-ID.', changes: 'reload', inForce }),
  PrivacyWithDiversion: one(onOff, 'Off', { help: 'In Diversion.', changes: 'reload', inForce }),
} as const
