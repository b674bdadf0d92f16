/** The directives of privacy: which headers tell who calls, and whom. */
import { one } from '../declare/directive.ts'
import { onOff } from '../declare/kinds.ts'

const inForce = 'privacy is not implemented yet; these headers are forwarded unchanged'

export const privacy = {
  Privacy: one(onOff, 'Off', { help: 'Honour the privacy that callers ask for.', changes: 'reload', inForce }),
  PrivacyWithPAI: one(onOff, 'Off', { help: 'Honour it in P-Asserted-Identity.', changes: 'reload', inForce }),
  PrivacyWithRPID: one(onOff, 'Off', { help: 'Honour it in Remote-Party-ID.', changes: 'reload', inForce }),
  PrivacyWithDiversion: one(onOff, 'Off', { help: 'Honour it in Diversion.', changes: 'reload', inForce }),
} as const
