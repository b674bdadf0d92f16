/** Textual conventions of the SNMP administration MIBs, RFC 3411 and RFC 3413. */

import { enumeration, octetString, type Syntax, text } from '../../lib/mib/syntax.ts'

export const adminString = (min = 0, max = 255): Syntax<string> => text(min, max, 'SnmpAdminString')
/** SnmpTagValue and SnmpTagList: words, parted by white space in a list. */
export const tagList = (): Syntax<string> => text(0, 255, 'SnmpTagList')

/** SnmpSecurityModel, by the names that configuration files use. */
export const securityModel = () => enumeration({ any: 0, snmpv1: 1, snmpv2c: 2, usm: 3 }, 'SnmpSecurityModel')
export const messageProcessingModel = () =>
  enumeration({ snmpv1: 0, snmpv2c: 1, snmpv3: 3 }, 'SnmpMessageProcessingModel')
export const securityLevel = () => enumeration({ noAuthNoPriv: 1, authNoPriv: 2, authPriv: 3 }, 'SnmpSecurityLevel')

export { readTransportAddress, snmpUdpDomain, transportAddress, transportDomain } from './transport-address.ts'

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
