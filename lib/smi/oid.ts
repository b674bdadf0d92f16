/** Object identifiers as lists of sub-identifiers (RFC 2578 §3.5): at most 128, each of 32 bits. */

export type Oid = readonly number[]

/** Where an object that names something names nothing (RFC 2578 §2). */
export const zeroDotZero: Oid = [0, 0]

export const maxSubIdentifiers = 128
export const maxSubIdentifier = 0xffff_ffff

/** Reads `1.3.6.1`, also with a leading dot or `iso`; undefined when the text is no object identifier. */
export function parseOid(text: string): Oid | undefined {
  const dotted = text.replace(/^\./, '').replace(/^iso(?=\.|$)/, '1')
  if (!/^\d+(\.\d+)*$/.test(dotted)) return undefined
  const oid = dotted.split('.').map(Number)
  if (oid.length > maxSubIdentifiers || oid.some((id) => id > maxSubIdentifier)) return undefined
  return oid
}

/** As parseOid, for constants in declarations: a wrong one is a mistake of ours and throws. */
export function oid(text: string): Oid {
  const parsed = parseOid(text)
  if (!parsed) throw new Error(`${JSON.stringify(text)} is not an object identifier`)
  return parsed
}

export function formatOid(name: ArrayLike<number>): string {
  return Array.prototype.join.call(name, '.')
}

/** Lexicographic order by sub-identifier, RFC 2578 §7.10: negative, zero or positive. */
export function compareOid(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function startsWith(name: ArrayLike<number>, prefix: ArrayLike<number>): boolean {
  if (prefix.length > name.length) return false
  for (let i = 0; i < prefix.length; i++) if (name[i] !== prefix[i]) return false
  return true
}
