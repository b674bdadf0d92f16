/** What a home remembers of its layout: since when each process has folders of its own. */
import { existsSync, readFileSync } from 'node:fs'
import { type Home, homeRecordPath, layoutOfToday } from '../home/home.ts'
import { replaceText } from './text-file.ts'

/** A home that is none yet has nothing that could be moved. */
export function isOfToday(home: Home): boolean {
  return !existsSync(home.conf) || recordOf(home)?.layout === layoutOfToday
}

/** One that is broken stays, for somebody to mend: the home is looked through again at the next start then. */
export function recordLayout(home: Home): void {
  const path = homeRecordPath(home)
  const record = existsSync(path) ? recordOf(home) : {}
  if (record) replaceText(path, `${JSON.stringify({ ...record, layout: layoutOfToday })}\n`)
}

function recordOf(home: Home): { readonly layout?: unknown } | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(homeRecordPath(home), 'utf8'))
    return typeof record === 'object' && record !== null && !Array.isArray(record) ? record : undefined
  } catch {
    return undefined
  }
}
