/** Text for people, and text that has to fit into a number of octets. */

/** The longest beginning of a text that takes no more than so many octets of UTF-8, cut between characters. */
export function truncateUtf8(text: string, maxOctets: number): string {
  const octets = Buffer.from(text)
  if (octets.length <= maxOctets) return text
  let end = maxOctets
  while (end > 0 && ((octets[end] ?? 0) & 0xc0) === 0x80) end--
  return octets.toString('utf8', 0, end)
}

/** `1.5 s`; from ten seconds on without a fraction. */
export function formatSeconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
