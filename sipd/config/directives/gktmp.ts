/** The directives of GKTMP: number translation by a network-application manager. */
import { one, optional } from '../declare/directive.ts'
import { domain, ipAddress, onOff, port, transport } from '../declare/kinds.ts'

const inForce = 'GKTMP is to come'

export const gktmp = {
  GktmpConnection: one(onOff, 'Off', { help: 'Ask a network-application manager.', changes: 'reload', inForce }),
  MasterServerHostname: optional(domain, { help: 'The host of the primary one.', changes: 'reload', inForce }),
  MasterServerIpAddress: optional(ipAddress, { help: 'Its address.', changes: 'reload', inForce }),
  MasterServerPort: optional(port, { help: 'Its port.', changes: 'reload', inForce }),
  SecondaryServerHostname: optional(domain, { help: 'The host of the secondary one.', changes: 'reload', inForce }),
  SecondaryServerIpAddress: optional(ipAddress, { help: 'Its address.', changes: 'reload', inForce }),
  SecondaryServerPort: optional(port, { help: 'Its port.', changes: 'reload', inForce }),
  GktmpTransportType: one(transport, 'UDP', {
    help: 'The transport of routes that it gives.',
    changes: 'reload',
    inForce,
  }),
} as const
