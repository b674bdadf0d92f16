/** The directives of preauthorization: asking a resource-pool manager before a call. */
import { list, many, one } from '../declare/directive.ts'
import { host, type Kind, oneOf, onOff, port, secret, words } from '../declare/kinds.ts'
import type { Secret } from '../declare/secret.ts'
import { isHostPattern } from './access-control.ts'

const inForce = 'preauthorization is to come'

export interface ResourcePoolManager {
  readonly host: string
  readonly port: number
  readonly secret: Secret
}

const manager: Kind<ResourcePoolManager> = {
  type: 'host port secret',
  isSecret: true,
  parse: ([hostText = '', portText = '', secretText = '', ...more]) => {
    const [name, number, shared] = [host.parse([hostText]), port.parse([portText]), secret.parse([secretText])]
    if ('expected' in name) return name
    if ('expected' in number) return { ...number, at: 1 }
    if ('expected' in shared || more.length > 0) return { expected: 'a host, a port and a secret', at: 2 }
    return { value: { host: name.value, port: number.value, secret: shared.value } }
  },
  format: (value) => [value.host, String(value.port), String(value.secret)],
}

export const preauthorization = {
  PreAuthorization: one(onOff, 'Off', { help: 'Ask before a new INVITE is forwarded.', changes: 'reload', inForce }),
  PreAuthRequestType: one(oneOf(['Query']), 'Query', { help: 'What is asked.', changes: 'reload', inForce }),
  RPMS_ServerIpPortSecret: many(
    manager,
    { help: 'Who is asked, one after the other.', changes: 'reload', inForce },
    { most: 10 },
  ),
  PreAuthPreviousHop: list(
    words('host', isHostPattern),
    { help: 'The hops whose calls are asked about; ALL is every one.', changes: 'reload', inForce },
    100,
  ),
} as const
