/** How much memory this process has, whether or not a descriptor is left to ask the kernel with. */
import { getHeapStatistics } from 'node:v8'

export interface MemoryUse {
  readonly rss: number
  readonly heapUsed: number
  readonly heapTotal: number
  readonly external: number
}

let lastRss = 0

/** In octets. `process.memoryUsage` reads /proc/self/stat, and throws when it cannot; the resident size is then the last known. */
export function memoryUse(): MemoryUse {
  try {
    lastRss = process.memoryUsage.rss()
  } catch {
    // EMFILE: the heap is known all the same.
  }
  const { used_heap_size, total_heap_size, external_memory } = getHeapStatistics()
  return { rss: lastRss, heapUsed: used_heap_size, heapTotal: total_heap_size, external: external_memory }
}
