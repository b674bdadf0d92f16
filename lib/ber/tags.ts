/** The identifier octets that SNMP uses (RFC 3417 §8, RFC 3416 §3). */
import type { SnmpException } from '../smi/value.ts'

export const tag = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  ipAddress: 0x40,
  counter32: 0x41,
  gauge32: 0x42,
  timeTicks: 0x43,
  opaque: 0x44,
  counter64: 0x46,
  noSuchObject: 0x80,
  noSuchInstance: 0x81,
  endOfMibView: 0x82,
} as const

export const exceptionTag: Record<SnmpException, number> = {
  noSuchObject: tag.noSuchObject,
  noSuchInstance: tag.noSuchInstance,
  endOfMibView: tag.endOfMibView,
}
