/** Several who may know something, asked one after the other. */

export type Known<Value> = Value | undefined | Promise<Value | undefined>

/** What the first says that knows; in this turn, unless one has to be waited for. */
export function firstKnown<Source, Value>(
  sources: readonly Source[],
  ask: (source: Source) => Known<Value>,
  from = 0,
): Known<Value> {
  let at = from
  for (let source = sources[at]; source !== undefined; source = sources[++at]) {
    const known = ask(source)
    if (known === undefined) continue
    if (!(known instanceof Promise)) return known
    const next = at + 1
    return known.then((later) => later ?? firstKnown(sources, ask, next))
  }
  return undefined
}
