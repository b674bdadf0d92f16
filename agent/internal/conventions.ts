/** Textual conventions of the SNMP administration MIBs, RFC 3411 and RFC 3413. */

import { enumeration, objectIdentifier, octetString, type Syntax, text } from '../../lib/mib/syntax.ts'
import { formatOid, type Oid, oid } from '../../lib/smi/oid.ts'
import { formatAddress, parseAddress } from '../transport/udp.ts'

export const adminString = (min = 0, max = 255): Syntax<string> => text(min, max, 'SnmpAdminString')
/** SnmpTagValue and SnmpTagList: words, parted by white space in a list. */
export const tagList = (): Syntax<string> => text(0, 255, 'SnmpTagList')
export const tagsOf = (list: string): string[] => list.split(/\s+/).filter((word) => word !== '')

/** SnmpSecurityModel, by the names that configuration files use. */
export const securityModel = () => enumeration({ any: 0, snmpv1: 1, snmpv2c: 2, usm: 3 }, 'SnmpSecurityModel')
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
export function transportAddress(name = 'TAddress'): Syntax<Uint8Array> {
  return {
    ...octetString(0, 255, name),
    format: (value) => {
      const address = readTransportAddress(value)
      return address
        ? formatAddress(address)
        : Buffer.from(value)
            .toString('hex')
            .replace(/..(?=.)/g, '$&:')
    },
    parse: (typed) => {
      if (typed === '') return new Uint8Array(0)
      const address = parseAddress(typed)
      const host = address?.host.split('.').map(Number) ?? []
      if (!address || host.length !== 4 || !host.every((part) => part >= 0 && part <= 255)) return undefined
      return Uint8Array.of(...host, address.port >> 8, address.port & 0xff)
    },
  }
}

export function readTransportAddress(value: Uint8Array): { host: string; port: number } | undefined {
  if (value.length !== 6) return undefined
  return { host: value.subarray(0, 4).join('.'), port: value[4]! * 256 + value[5]! }
}

/** SnmpEngineID: the word localSnmpID stands for this engine's own, which rows keep as no octets at all. */
export function engineIdOr(local: () => Uint8Array): Syntax<Uint8Array> {
  const plain = octetString(0, 32, 'SnmpEngineID')
  return {
    ...plain,
    toSnmp: (value) => plain.toSnmp(value.length === 0 ? local() : value),
    fromSnmp: (value) => {
      const decoded = plain.fromSnmp(value)
      return 'value' in decoded && Buffer.compare(decoded.value, local()) === 0 ? { value: noOctets } : decoded
    },
    format: (value) => (value.length === 0 ? 'localSnmpID' : plain.format(value)),
    parse: (typed) => (typed === 'localSnmpID' ? noOctets : plain.parse(typed)),
  }
}

const noOctets = new Uint8Array(0)
