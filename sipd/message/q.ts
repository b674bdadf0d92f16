/** Preference values of contacts, `q=0.7`, as whole thousandths (RFC 3261 §25.1, qvalue). */

/** Undefined when the text is none. */
export function parseQ(text: string): number | undefined {
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Math.round(Number(text) * 1000) : undefined
}

export function formatQ(thousandths: number): string {
  return String(thousandths / 1000)
}
