/** Textual conventions of HOST-RESOURCES-MIB (RFC 2790). */
import { octetText } from '../../lib/mib/octet-text.ts'
import { dateAndTime, integer32, objectIdentifier, type Syntax } from '../../lib/mib/syntax.ts'
import type { Oid } from '../../lib/smi/oid.ts'
import type { Octets } from '../../lib/text/octets.ts'

/** Units of 1024 octets. */
export const kBytes = (): Syntax<number> => ({ ...integer32(0, 0x7fff_ffff), name: 'KBytes' })

/** RFC 2790: the character set is the machine's own business, so names are served in the octets they have. */
export const internationalDisplayString = (min = 0, max = 65_535): Syntax<Octets> =>
  octetText(min, max, 'InternationalDisplayString')

export const autonomousType = (): Syntax<Oid> => objectIdentifier('AutonomousType')
export const productId = (): Syntax<Oid> => objectIdentifier('ProductID')

/** RFC 2790: a date that is not known is January 1 of the year 0000. */
const unknownDate = Uint8Array.of(0, 0, 1, 1, 0, 0, 0, 0)

export function dateOrUnknown(): Syntax<Date | 'unknown'> {
  const known = dateAndTime()
  return {
    name: known.name,
    base: known.base,
    ranges: known.ranges,
    toSnmp: (value) =>
      value === 'unknown' ? { type: 'OctetString', value: Uint8Array.from(unknownDate) } : known.toSnmp(value),
    fromSnmp: (value) => {
      if (value.type === 'OctetString' && Buffer.compare(value.value, unknownDate) === 0) return { value: 'unknown' }
      const decoded = known.fromSnmp(value)
      return 'error' in decoded ? decoded : { value: decoded.value ?? 'unknown' }
    },
    format: (value) => (value === 'unknown' ? value : known.format(value)),
    parse: (word) => (word === 'unknown' ? word : known.parse(word)),
  }
}
