/** Syntaxes of INET-ADDRESS-MIB (RFC 4001) and of addresses in SMIv1 tables, for the declarations beside. */
import { enumeration, octetString, type Syntax, unsigned32 } from '../../../lib/mib/syntax.ts'

export const inetAddressType = () =>
  enumeration({ unknown: 0, ipv4: 1, ipv6: 2, ipv4z: 3, ipv6z: 4, dns: 16 }, 'InetAddressType')
export const inetAddress = (): Syntax<Uint8Array> => octetString(0, 255, 'InetAddress')
export const inetAddressPrefixLength = (): Syntax<number> => ({
  ...unsigned32(0, 2040),
  name: 'InetAddressPrefixLength',
})
export const inetPortNumber = (): Syntax<number> => ({ ...unsigned32(0, 65_535), name: 'InetPortNumber' })
export const inetVersion = () => enumeration({ unknown: 0, ipv4: 1, ipv6: 2 }, 'InetVersion')

/** RFC 1212 §4.1.6: an index of type NetworkAddress has the kind of address before it, internet(1). */
export function networkAddressIndex(): Syntax<string> {
  return {
    ...octetString(5, 5, 'NetworkAddress'),
    toSnmp: (value) => ({ type: 'OctetString', value: Uint8Array.of(1, ...value.split('.').map(Number)) }),
    fromSnmp: (value) =>
      value.type === 'OctetString' && value.value.length === 5 && value.value[0] === 1
        ? { value: value.value.subarray(1).join('.') }
        : { error: 'wrongValue' },
    format: (value) => value,
    parse: (text) => (/^(\d{1,3}(\.|$)){4}$/.test(text) ? text : undefined),
  }
}
