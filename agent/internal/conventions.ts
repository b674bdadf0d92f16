/** Textual conventions of the SNMP administration MIBs, RFC 3411 and RFC 3413. */

import { enumeration, objectIdentifier, octetString, type Syntax, text } from '../../lib/mib/syntax.ts'
import { formatOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { formatAddress } from '../transport/udp.ts'

export const adminString = (min = 0, max = 255): Syntax<string> => text(min, max, 'SnmpAdminString')
/** SnmpTagList (RFC 3413): words, parted by white space. */
export const tagList = (): Syntax<string> => text(0, 255, 'SnmpTagList')

/** SnmpTagValue (RFC 3413): one word of a tag list, so without what parts them. */
export function tagValue(): Syntax<string> {
  const plain = text(0, 255, 'SnmpTagValue')
  const isOneTag = (value: string): boolean => !/[ \t\r\n]/.test(value)
  return {
    ...plain,
    fromSnmp: (value) => {
      const decoded = plain.fromSnmp(value)
      return 'error' in decoded || isOneTag(decoded.value) ? decoded : { error: 'wrongValue' }
    },
    parse: (typed) => (isOneTag(typed) ? plain.parse(typed) : undefined),
  }
}

const securityModels = { snmpv1: 1, snmpv2c: 2, usm: 3 } as const
/** SnmpSecurityModel (1..2147483647), by the names that configuration files use. */
export const securityModel = () => enumeration(securityModels, 'SnmpSecurityModel')
/** The same where 0 stands for any of them. */
export const securityModelOrAny = () => enumeration({ any: 0, ...securityModels }, 'SnmpSecurityModel')
export const messageProcessingModel = () =>
  enumeration({ snmpv1: 0, snmpv2c: 1, snmpv3: 3 }, 'SnmpMessageProcessingModel')
export const securityLevel = () => enumeration({ noAuthNoPriv: 1, authNoPriv: 2, authPriv: 3 }, 'SnmpSecurityLevel')

export const snmpUdpDomain = oid('1.3.6.1.6.1.1')

/** TDomain, by name where it is the one we speak. */
export function transportDomain(): Syntax<Oid> {
  const plain = objectIdentifier('TDomain')
  return {
    ...plain,
    format: (value) => (formatOid(value) === formatOid(snmpUdpDomain) ? 'snmpUDPDomain' : formatOid(value)),
    parse: (name) => (name === 'snmpUDPDomain' ? snmpUdpDomain : plain.parse(name)),
  }
}

/** TAddress of snmpUDPDomain: four octets of address and two of port (RFC 3417 §2), in files as 192.0.2.7:162. */
export function transportAddress(minOctets = 1): Syntax<Uint8Array> {
  const octets = octetString(minOctets, 255, 'TAddress')
  return {
    ...octets,
    format: (value) => {
      const address = readTransportAddress(value)
      return address ? formatAddress(address) : octets.format(value)
    },
    // What is no such address, a manager may set all the same (another domain's, say), and reads in hexadecimal.
    parse: (typed) => {
      const [, host, port] = /^(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5})$/.exec(typed) ?? []
      if (host === undefined) return octets.parse(typed)
      const parts = host.split('.').map(Number)
      if (parts.some((part) => part > 255) || Number(port) > 0xffff) return undefined
      return Uint8Array.of(...parts, Number(port) >> 8, Number(port) & 0xff)
    },
  }
}

export function readTransportAddress(value: Uint8Array): { host: string; port: number } | undefined {
  if (value.length !== 6) return undefined
  return { host: value.subarray(0, 4).join('.'), port: value[4]! * 256 + value[5]! }
}

/**
 * SnmpEngineID (RFC 3411 §5): 5 to 32 octets, neither all zero nor all FF. The word localSnmpID stands for this engine's
 * own, which rows keep as no octets at all; over SNMP and in hexadecimal it is as long as any other.
 */
export function engineIdOr(local: () => Uint8Array): Syntax<Uint8Array> {
  const plain = octetString(5, 32, 'SnmpEngineID')
  const isLocal = (octets: Uint8Array): boolean => Buffer.compare(octets, local()) === 0
  const isEngineId = (octets: Uint8Array): boolean =>
    [0, 0xff].every((filler) => octets.some((octet) => octet !== filler))
  return {
    ...plain,
    toSnmp: (value) => plain.toSnmp(value.length === 0 ? local() : value),
    fromSnmp: (value) => {
      if (value.type === 'OctetString' && isLocal(value.value)) return { value: noOctets }
      const decoded = plain.fromSnmp(value)
      return 'error' in decoded || isEngineId(decoded.value) ? decoded : { error: 'wrongValue' }
    },
    format: (value) => (value.length === 0 ? 'localSnmpID' : plain.format(value)),
    parse: (typed) => {
      const octets = typed === 'localSnmpID' ? local() : plain.parse(typed)
      if (!octets || isLocal(octets)) return octets && noOctets
      return isEngineId(octets) ? octets : undefined
    },
  }
}

const noOctets = new Uint8Array(0)
