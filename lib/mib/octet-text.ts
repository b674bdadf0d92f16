/** Strings that the kernel or a person chose as octets: they are served as they are, whether or not they are UTF-8. */
import { type Octets, octetsOf, textOf } from '../text/octets.ts'
import type { Syntax } from './syntax.ts'

/**
 * A string type of SNMP over a name in octets. RFC 2579 has NVT ASCII in a DisplayString and RFC 3411 UTF-8 in an SnmpAdminString;
 * a name that is neither is served as it is, as Net-SNMP's agent does, for a name with U+FFFD in it names nothing.
 */
export function octetText(min: number, max: number, name: string): Syntax<Octets> {
  const fits = (size: number): boolean => size >= min && size <= max
  return {
    name,
    base: 'OctetString',
    ranges: [[min, max]],
    toSnmp: (value) => ({ type: 'OctetString', value: Buffer.from(value, 'latin1') }),
    fromSnmp: (value) => {
      if (value.type !== 'OctetString') return { error: 'wrongType' }
      if (!fits(value.value.length)) return { error: 'wrongLength' }
      return { value: Buffer.from(value.value).toString('latin1') }
    },
    format: textOf,
    parse: (text) => (fits(octetsOf(text).length) ? octetsOf(text) : undefined),
  }
}

/** DisplayString (RFC 2579) of a name in octets. */
export const octetDisplayString = (min = 0, max = 255): Syntax<Octets> => octetText(min, max, 'DisplayString')
