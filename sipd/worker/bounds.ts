/** How much of what strangers send one worker may hold, by sipd.conf and by what this process may have. */
import type { Log } from '../../lib/log/log.ts'
import { readNames } from '../../lib/proc/file.ts'
import { openFileLimit } from '../../lib/proc/limits.ts'
import type { AccountSettings } from '../account/account.ts'
import type { SipdConfig } from '../config/directives.ts'
import { registrarMaxOctets, trafficOctets } from '../config/memory.ts'
import type { ReadConfig } from '../config/read.ts'
import { connectionBound } from '../transport/connection-bound.ts'

export function accountSettings({ config, origins }: ReadConfig): AccountSettings {
  return {
    trafficOctets: trafficOctets(config),
    registrationOctets: registrarMaxOctets(config),
    sharePercent: config.SourceSharePercent,
    exempt: config.SourceShareExempt,
    exemptsLoopback: !origins.has('SourceSharePercent'),
  }
}

/** Of this process: its part of SipTcpMaxTCPConnections, as far as descriptors go, and the share of one source in them. */
export function connectionBounds({ config }: ReadConfig, log: Log) {
  const most = maxConnections(config, log)
  return { maxConnections: most, registeredOfSource: Math.ceil((most * config.SourceSharePercent) / 100) }
}

function maxConnections({ SipTcpMaxTCPConnections, StartServers }: SipdConfig, log: Log): number {
  const configured = Math.ceil(SipTcpMaxTCPConnections / StartServers)
  const limit = openFileLimit()
  const bound = connectionBound(configured, limit, readNames('/proc/self/fd')?.length ?? 0)
  if (configured > bound)
    log.warn('fewer connections than SipTcpMaxTCPConnections are taken: this process may not open more files', {
      connections: bound,
      openFileLimit: limit,
      raise: 'LimitNOFILE of the unit, or ulimit -n',
    })
  return bound
}
