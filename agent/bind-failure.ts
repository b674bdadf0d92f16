/** Why a listen address could not be had, in words that say what to do. */
import { BindError } from '../lib/net/per-address.ts'
import { describePortOwner } from '../lib/proc/port-owner.ts'
import { type Address, formatAddress } from '../snmp/transport/udp.ts'

export function bindFailure(address: Address, error: unknown): Error {
  if (!(error instanceof BindError) || error.code !== 'EADDRINUSE')
    return new Error(`listen on udp ${formatAddress(address)}`, { cause: error })
  const owner = describePortOwner('udp', address.port)
  const where = formatAddress({ host: error.address, port: address.port })
  return new Error(
    `udp ${where} is in use${owner ? ` by ${owner}` : ''}; stop that, or change snmpListenEntry in snmpd.cnf`,
  )
}
