/**
 * Octets as text and back without loss: what is UTF-8 becomes its characters, and every other octet a lone surrogate,
 * U+DC80 to U+DCFF, which UTF-8 itself never gives. For files that people write; names of the kernel are in lib/text/octets.ts.
 */

/** One character of UTF-8 beyond ASCII in binary form (Unicode 15, table 3-7), or else an octet that belongs to none. */
const beyondAscii = new RegExp(
  [
    '([\\xc2-\\xdf][\\x80-\\xbf]',
    '\\xe0[\\xa0-\\xbf][\\x80-\\xbf]',
    '[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}',
    '\\xed[\\x80-\\x9f][\\x80-\\xbf]',
    '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}',
    '[\\xf1-\\xf3][\\x80-\\xbf]{3}',
    '\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})',
    '([\\x80-\\xff])',
  ].join('|'),
  'g',
)
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function textOfOctets(octets: Uint8Array): string {
  try {
    return strictUtf8.decode(octets)
  } catch {
    return Buffer.from(octets)
      .toString('latin1')
      .replace(beyondAscii, (found, character?: string) =>
        character === undefined ? characterOfOctet(found.charCodeAt(0)) : Buffer.from(character, 'latin1').toString(),
      )
  }
}

/** The octets that `textOfOctets` made this text from. */
export function octetsOfText(text: string): Uint8Array {
  if (!hasStrayOctet(text)) return Buffer.from(text)
  const parts = text.split(/([\udc80-\udcff]+)/u)
  return Buffer.concat(
    parts.map((part, i) =>
      i % 2 === 0 ? Buffer.from(part) : Uint8Array.from(part, (stray) => stray.charCodeAt(0) - 0xdc00),
    ),
  )
}

/** Whether there is an octet in it that is no UTF-8. */
export function hasStrayOctet(text: string): boolean {
  return /[\udc80-\udcff]/u.test(text)
}

/** How an octet stands in such a text, where it may be a part of no character. */
export function characterOfOctet(octet: number): string {
  return String.fromCharCode(octet < 0x80 ? octet : 0xdc00 + octet)
}
