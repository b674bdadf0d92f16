/** Protocols of USM by the names that people type, whatever their case. */
import { UsageError } from '../../lib/cli/exit-codes.ts'
import {
  type AuthProtocol,
  authProtocols,
  type PrivProtocol,
  privProtocols,
} from '../../snmp/security/usm/protocols.ts'

export function authNamed(option: string, name: string): AuthProtocol {
  const found = authProtocols.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (!found) throw new UsageError(`${option} must be ${authProtocols.map((one) => one.name).join(', ')}, got ${name}`)
  return found
}

/** Undefined for `none`. */
export function privNamed(option: string, name: string): PrivProtocol | undefined {
  if (name.toLowerCase() === 'none') return undefined
  const found = privProtocols.find((one) => one.name.toLowerCase() === name.toLowerCase())
  if (!found)
    throw new UsageError(`${option} must be ${privProtocols.map((one) => one.name).join(', ')} or none, got ${name}`)
  return found
}
