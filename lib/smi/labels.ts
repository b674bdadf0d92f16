/** Numbers with names, as enumerations and BITS have them. */
export type Labels<L extends string> = Readonly<Record<L, number>>

export function isLabel<L extends string>(named: Labels<L>, text: string): text is L {
  return Object.hasOwn(named, text)
}

/** In the order in which they are declared. */
export function labelsOf<L extends string>(named: Labels<L>): L[] {
  return Object.keys(named).filter((text): text is L => isLabel(named, text))
}
