/** Textual conventions of the SNMP administration MIBs, RFC 3411 and RFC 3413. */

import { enumeration, octetString, type Syntax, text } from '../../lib/mib/syntax.ts'
import { securityLevels, securityModels } from '../../lib/smi/principal.ts'

export const adminString = (min = 0, max = 255): Syntax<string> => text(min, max, 'SnmpAdminString')
/** SnmpTagList (RFC 3413): words, parted by white space. */
export const tagList = (): Syntax<string> => text(0, 255, 'SnmpTagList')
export const tagsOf = (list: string): string[] => list.split(/\s+/).filter((word) => word !== '')

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

/** SnmpSecurityModel (1..2147483647), by the names that configuration files use. */
export const securityModel = () => enumeration(securityModels, 'SnmpSecurityModel')
/** The same where 0 stands for any of them. */
export const securityModelOrAny = () => enumeration({ any: 0, ...securityModels }, 'SnmpSecurityModel')
export const messageProcessingModel = () =>
  enumeration({ snmpv1: 0, snmpv2c: 1, snmpv3: 3 }, 'SnmpMessageProcessingModel')
export const securityLevel = () => enumeration(securityLevels, 'SnmpSecurityLevel')

export {
  readTransportAddress,
  snmpUdpDomain,
  transportAddress,
  transportDomain,
} from '../../snmp/transport/transport-address.ts'

/**
 * SnmpEngineID (RFC 3411 §5): 5 to 32 octets, neither all zero nor all FF. The word localSnmpID stands for this engine's
 * own, which rows keep as no octets at all; over SNMP and in hexadecimal it is as long as any other.
 */
export function engineIdOr(local: Uint8Array): Syntax<Uint8Array> {
  const plain = octetString(5, 32, 'SnmpEngineID')
  const isLocal = (octets: Uint8Array): boolean => Buffer.compare(octets, local) === 0
  const isEngineId = (octets: Uint8Array): boolean =>
    [0, 0xff].every((filler) => octets.some((octet) => octet !== filler))
  return {
    ...plain,
    toSnmp: (value) => plain.toSnmp(value.length === 0 ? local : value),
    fromSnmp: (value) => {
      if (value.type === 'OctetString' && isLocal(value.value)) return { value: noOctets }
      const decoded = plain.fromSnmp(value)
      return 'error' in decoded || isEngineId(decoded.value) ? decoded : { error: 'wrongValue' }
    },
    format: (value) => (value.length === 0 ? 'localSnmpID' : plain.format(value)),
    parse: (typed) => {
      const octets = typed === 'localSnmpID' ? local : plain.parse(typed)
      if (!octets || isLocal(octets)) return octets && noOctets
      return isEngineId(octets) ? octets : undefined
    },
  }
}

const noOctets = new Uint8Array(0)
