/** The directives of accounting: records of calls, sent to RADIUS. */
import { list, one, optional } from '../declare/directive.ts'
import { host, oneOf, onOff, port, secret, words } from '../declare/kinds.ts'

const inForce = 'accounting over RADIUS is to come'

export const accounting = {
  Accounting: one(onOff, 'Off', { help: 'Send accounting records.', changes: 'reload', inForce }),
  AccountingServerSide: one(onOff, 'On', {
    help: 'Those of the side that calls come from.',
    changes: 'reload',
    inForce,
  }),
  AccountingClientSide: one(onOff, 'Off', { help: 'Those of the side that calls go to.', changes: 'reload', inForce }),
  AccountingUnsuccessful: one(onOff, 'Off', {
    help: 'Those of calls that came to nothing, for the sides that are On.',
    changes: 'reload',
    inForce,
  }),
  AccountingRecordFormat: one(oneOf(['RADIUS']), 'RADIUS', {
    help: 'The form of a record.',
    changes: 'reload',
    inForce,
  }),
  AccountingTimeFormat: one(oneOf(['GMT', 'Local']), 'GMT', {
    help: 'The time in a record.',
    changes: 'reload',
    inForce,
  }),
  PrimaryRadiusAcctIp: optional(host, { help: 'The primary server.', changes: 'reload', inForce }),
  PrimaryRadiusAcctPort: one(port, '1813', { help: 'Its port (RFC 2866).', changes: 'reload', inForce }),
  PrimaryRadiusAcctSecret: optional(secret, { help: 'The secret shared with it.', changes: 'reload', inForce }),
  SecondaryRadiusAcctIp: optional(host, { help: 'The secondary server.', changes: 'reload', inForce }),
  SecondaryRadiusAcctPort: one(port, '1813', { help: 'Its port.', changes: 'reload', inForce }),
  SecondaryRadiusAcctSecret: optional(secret, { help: 'The secret shared with it.', changes: 'reload', inForce }),
  AcctIncludeSIPHeader: list(
    words('header name'),
    { help: 'Headers that a record holds as they came.', changes: 'reload', inForce },
    50,
  ),
} as const
