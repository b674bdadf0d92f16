/** What a sipd.conf lets other machines do, said plainly where they reach sipd: nobody is to learn that from an abuse report. */
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { hostAndPort, isLoopbackAddress } from '../../lib/net/address.ts'
import type { SipdConfig } from './directives.ts'
import type { ConfigNotes } from './parse.ts'

/** Warnings at the first Listen that other machines reach, and at an AllowRelay or AllowRelayRegistered that is for everybody. */
export function exposure(config: SipdConfig, origins: ConfigNotes['origins'], file: string): Complaint[] {
  const at = config.Listen.findIndex(({ address }) => !isLoopbackAddress(address))
  if (at < 0) return []
  const warn = (line: number | undefined, message: string): Complaint => ({
    file,
    line: line ?? 1,
    column: 1,
    severity: 'warning',
    message,
  })
  const warnings = [warn(origins.get('Listen')?.lines[at], policyOf(config))]
  const isForEverybody = config.AllowRelay.some((network) => network.endsWith('/0'))
  if (isForEverybody && config.ServerType === 'Proxy')
    warnings.push(warn(origins.get('AllowRelay')?.line, 'AllowRelay names every address: sipd is an open relay'))
  if (config.AllowRelayRegistered && config.Cisco_Registry && config.ServerType === 'Proxy')
    warnings.push(
      warn(
        origins.get('AllowRelayRegistered')?.line,
        'AllowRelayRegistered: sipd relays for anybody who registers first',
      ),
    )
  return warnings
}

function policyOf({
  Listen,
  AllowRelay,
  AllowRelayRegistered,
  ServerType,
  ProxyDomain,
  VirtualProxyHost,
  Cisco_Registry,
}: SipdConfig): string {
  const listening = Listen.filter(({ address }) => !isLoopbackAddress(address))
  const reached = listening.map(({ address, port }) => hostAndPort(address, port)).join(', ')
  const domains = [ProxyDomain, ...VirtualProxyHost.map((host) => host.Virtual_Proxy_Domain)]
  const named = domains.filter((domain) => domain !== undefined).join(', ') || 'this server'
  const anybody = Cisco_Registry
    ? `anybody may register and call users of ${named}`
    : `anybody may call users of ${named}`
  const networks = AllowRelay.length === 0 ? 'no address (AllowRelay)' : `AllowRelay ${AllowRelay.join(' ')}`
  const users = AllowRelayRegistered ? 'registered users and ' : ''
  const relayed = `requests to other domains are relayed for ${users}${networks}, and refused with 403 otherwise`
  return `other machines reach ${reached}: ${anybody}${ServerType === 'Proxy' ? `; ${relayed}` : ''}`
}
