/** Virtual proxy hosts: further domains that this server answers for. */
import { container, optional, required } from '../declare/directive.ts'
import { domain, ipAddress, text } from '../declare/kinds.ts'

export const virtualHosts = {
  VirtualProxyHost: container(
    {
      key: 'id',
      argument: text('name'),
      inside: {
        Virtual_Proxy_Domain: required(domain, {
          help: 'Virtual_Proxy_Domain, the domain',
          changes: 'reload',
          inForce: true,
        }),
        Virtual_Proxy_Server_Name: optional(domain, {
          help: 'the name of the server in it, another than ServerName',
          changes: 'reload',
          inForce: true,
        }),
        Virtual_Proxy_Server_IP: optional(ipAddress, {
          help: 'the address of the server in it, another than that of this host',
          changes: 'reload',
          inForce: true,
        }),
      },
      most: 10,
      unique: ['Virtual_Proxy_Domain', 'Virtual_Proxy_Server_Name', 'Virtual_Proxy_Server_IP'],
    },
    { help: 'A further domain. No two may share a domain, a name or an address.', changes: 'reload', inForce: true },
  ),
} as const
