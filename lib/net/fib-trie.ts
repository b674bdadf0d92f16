/** /proc/net/fib_trie: this machine's own addresses of IPv4 are `|-- ADDRESS`, and below it `/32 host LOCAL`. */

/**
 * One step for each line, as the trie has all routes and is long where they are many: the address of ours that ends there, if
 * one does. An address may come again.
 */
export function* ownAddresses(lines: Iterable<string | Buffer>): Generator<string | undefined> {
  let leaf = ''
  for (const line of lines) {
    const at = line.indexOf('|-- ')
    if (at >= 0) leaf = String(line).slice(at + 4)
    yield at < 0 && line.includes('/32 host LOCAL') ? leaf : undefined
  }
}
