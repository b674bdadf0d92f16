/** The objects that say whether a process can keep what it writes; each process has them in a MIB module of its own. */
import type { StorageFigures } from '../files/storage.ts'
import { column } from './declare.ts'
import { counter32, gauge32, text } from './syntax.ts'

const live = { presence: 'live' } as const

/** Failures, files, reason: the columns from `first` on. */
export const storageFailures = (first: number) => column(first, counter32(), 'read-only', live)
export const storageUnkept = (first: number) => column(first + 1, gauge32(), 'read-only', live)
export const storageReason = (first: number) =>
  column(first + 2, text(0, 255, 'CastellanText'), 'read-only', { ...live, contents: false })

/** Cut to the 255 octets that the object has. */
export function reasonText({ reason }: StorageFigures): string {
  let cut = reason
  while (Buffer.byteLength(cut) > 255) cut = cut.slice(0, -1)
  return cut
}
