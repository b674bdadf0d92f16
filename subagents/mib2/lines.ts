/** Long texts of /proc taken a piece at a time, so that no request waits for the whole. */

const sliceMs = 0.5

/** Lets those who wait go first: between two pieces of work that would each take a slice. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Each line, without its end; the text is never split at once. */
export function* linesOf(text: string): Generator<string> {
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('\n', start)
    if (end < 0) {
      yield text.slice(start)
      return
    }
    yield text.slice(start, end)
    start = end + 1
  }
}

/** All items of a generator, with a breath after each slice. Ends early when the host stops. */
export async function collect<T>(items: Iterable<T>, signal: AbortSignal): Promise<T[]> {
  const found: T[] = []
  let sliceEnd = performance.now() + sliceMs
  for (const item of items) {
    found.push(item)
    if (performance.now() < sliceEnd) continue
    await breathe()
    if (signal.aborted) return found
    sliceEnd = performance.now() + sliceMs
  }
  await breathe()
  return found
}
