/** What an operator may ask of a running sipd, over its control socket; `bin/sip` says these words. */
import { basename } from 'node:path'
import type { AuditFile } from '../../lib/log/audit-file.ts'
import { listenForControl } from '../../lib/process/control.ts'
import { longestWaitSeconds } from '../config/txngraceful.ts'
import { type ListItem, listSubjects } from '../worker/listing.ts'
import type { SipdParent } from './parent.ts'

/** Only asking is no order. */
const orders: ReadonlySet<string> = new Set(['graceful', 'txngraceful-restart'])

/** Each order leaves a line in the audit log, whatever comes of it. */
export async function listenForOperator(path: string, sipd: SipdParent, audit: AuditFile): Promise<void> {
  const server = await listenForControl(path, (words) => {
    const obey = (): Promise<string | AsyncIterable<string>> => answer(sipd, words)
    return orders.has(words[0] ?? '') ? audit.order(basename(path), words, obey) : obey()
  })
  server.unref()
}

async function answer(
  sipd: SipdParent,
  [word, ...operands]: readonly string[],
): Promise<string | AsyncIterable<string>> {
  const subject = listSubjects.find((candidate) => candidate === word)
  if (subject) return asLines(sipd.list(subject, operands.join(' ')))
  switch (word) {
    case 'generation':
      return String(sipd.generation)
    case 'status':
      return JSON.stringify(sipd.status())
    case 'graceful':
      await sipd.graceful()
      return `generation ${sipd.generation} serves`
    case 'txngraceful-restart': {
      const [seconds, behaviour] = operands.map(Number)
      if (seconds === undefined || !(seconds >= 0 && seconds <= longestWaitSeconds))
        throw new Error(`the seconds must be within 0..${longestWaitSeconds}`)
      if (behaviour !== 1 && behaviour !== 2)
        throw new Error('the behaviour must be 1 (503 Service Unavailable) or 2 (no answer)')
      sipd.txnGracefulRestart(seconds, behaviour === 1 ? 'refuse' : 'silence')
      return `sipd restarts in ${seconds} s`
    }
    default:
      throw new Error(
        `unknown command ${word ?? ''}; use generation, status, graceful, txngraceful-restart, registrations or calls`,
      )
  }
}

/** One JSON text a line. */
async function* asLines(items: AsyncIterable<ListItem>): AsyncIterable<string> {
  for await (const item of items) yield JSON.stringify(item)
}
