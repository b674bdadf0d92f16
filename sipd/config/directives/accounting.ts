/** The directives of accounting: records of calls, sent to RADIUS. */
import { list, one, optional } from '../declare/directive.ts'
import { host, oneOf, onOff, port, secret, words } from '../declare/kinds.ts'

const inForce = 'accounting over RADIUS is not implemented yet'

export const accounting = {
  Accounting: one(onOff, 'Off', { help: 'Send accounting records to RADIUS.', changes: 'reload', inForce }),
  AccountingServerSide: one(onOff, 'On', {
    help: 'Send records of the calling side.',
    changes: 'reload',
    inForce,
  }),
  AccountingClientSide: one(onOff, 'Off', { help: 'Send records of the called side.', changes: 'reload', inForce }),
  AccountingUnsuccessful: one(onOff, 'Off', {
    help: 'Send records of unsuccessful calls too, for the sides that are On.',
    changes: 'reload',
    inForce,
  }),
  AccountingRecordFormat: one(oneOf(['RADIUS']), 'RADIUS', {
    help: 'The format of a record.',
    changes: 'reload',
    inForce,
  }),
  AccountingTimeFormat: one(oneOf(['GMT', 'Local']), 'GMT', {
    help: 'The time zone of the times in a record.',
    changes: 'reload',
    inForce,
  }),
  PrimaryRadiusAcctIp: optional(host, { help: 'The primary accounting server.', changes: 'reload', inForce }),
  PrimaryRadiusAcctPort: one(port, '1813', {
    help: 'The port of the primary accounting server (RFC 2866).',
    changes: 'reload',
    inForce,
  }),
  PrimaryRadiusAcctSecret: optional(secret, {
    help: 'The secret shared with this server.',
    changes: 'reload',
    inForce,
  }),
  SecondaryRadiusAcctIp: optional(host, { help: 'The secondary accounting server.', changes: 'reload', inForce }),
  SecondaryRadiusAcctPort: one(port, '1813', {
    help: 'The port of the secondary accounting server.',
    changes: 'reload',
    inForce,
  }),
  SecondaryRadiusAcctSecret: optional(secret, { help: 'The secret shared with it.', changes: 'reload', inForce }),
  AcctIncludeSIPHeader: list(
    words('header name'),
    { help: 'SIP headers that are copied into a record unchanged.', changes: 'reload', inForce },
    50,
  ),
} as const
