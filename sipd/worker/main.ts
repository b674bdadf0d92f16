/** A worker of sipd: takes SIP messages from the network, and does with them what the configuration says. */
import { lookup as lookupAddresses } from 'node:dns/promises'
import { parseArgs } from 'node:util'
import { RateLimit } from '../../lib/bounds/rate-limit.ts'
import { resolveHome } from '../../lib/home/home.ts'
import { createLog } from '../../lib/log/log.ts'
import { guardProcess } from '../../lib/process/guard.ts'
import { outliveStandardStreams } from '../../lib/process/standard-streams.ts'
import { systemClock } from '../../lib/time/clock.ts'
import type { Account } from '../../lib/users/accounts.ts'
import { becomeForGood, isRoot } from '../../lib/users/privileges.ts'
import type { Lookup } from '../locate/names.ts'
import { ListenError } from '../transport/transports.ts'
import { answerForLostConnections } from './lost-connections.ts'
import type { FromWorker, ToWorker } from './protocol.ts'
import { Worker } from './worker.ts'

outliveStandardStreams()
const { values } = parseArgs({ options: { home: { type: 'string' }, account: { type: 'string' } } })
// Before anything else: what serves the network was never root when it did.
if (values.account !== undefined && isRoot()) becomeForGood(JSON.parse(values.account) as Account)
const home = resolveHome(values.home)
let worker: Worker | undefined

const tell = (message: FromWorker, done?: () => void): void => {
  if (process.connected) process.send?.(message, undefined, undefined, done)
  else done?.()
}

/** Of the operator's names: where the DNS has no answer, whatever else nsswitch.conf(5) knows, on a thread that is held meanwhile. */
const otherNames: Lookup = async (host) => {
  const found = await lookupAddresses(host, { all: true, verbatim: false })
  return found.map(({ address }) => address)
}

async function act(message: ToWorker): Promise<void> {
  if (message.kind === 'start') {
    worker = await Worker.create({ home, start: message, clock: systemClock, otherNames, tell })
    tell({ kind: 'ready' })
  } else if (message.kind === 'ping') tell({ kind: 'pong' })
  else if (message.kind === 'stop') {
    await worker?.stop(message.withinMs, message.successors)
    end()
  } else if (worker) await actOf(worker, message)
  else throw new Error(`${message.kind} before the start`)
}

async function actOf(of: Worker, message: Exclude<ToWorker, { kind: 'start' | 'ping' | 'stop' }>): Promise<void> {
  switch (message.kind) {
    case 'serve':
      await of.serve()
      tell({ kind: 'serving' })
      break
    case 'begin':
      of.begin()
      break
    case 'drain':
      of.drain(message.successors, message.withinMs)
      tell({ kind: 'handedOver' })
      break
    case 'members':
      of.setMembers(message.members)
      break
    case 'openness':
      of.setOpenness(message.openness)
      break
    case 'list': {
      const { request, subject, user } = message
      tell({ kind: 'page', request, page: of.listings.begin(request, subject, user) })
      break
    }
    case 'more':
      tell({ kind: 'page', request: message.request, page: of.listings.next(message.request) })
      break
    case 'enough':
      of.listings.end(message.request)
      break
  }
}

function end(): void {
  process.disconnect()
  process.exit(0)
}

const toStandardError = createLog({ component: 'sipd', write: (line) => process.stderr.write(line) })
guardProcess(() => worker?.log ?? toStandardError, systemClock)
const lostConnections = new RateLimit(systemClock, 1, 0.1)
answerForLostConnections(() => {
  const held = lostConnections.take()
  if (held === undefined) return
  worker?.log.error('a connection is lost, as no descriptor is left for it; raise `ulimit -n`', {
    more: held || undefined,
  })
})
// The channel broke while something was sent: `disconnect` follows.
process.on('error', () => {})
process.on('message', (message: ToWorker) => {
  act(message).catch((error: Error) => {
    worker?.log.error('cannot do what the parent asks', { kind: message.kind, error })
    tell({ kind: 'failed', message: error.message, code: error instanceof ListenError ? error.code : undefined })
  })
})
// The parent alone decides: a Ctrl-C in its terminal reaches every process of the group.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'] as const) process.on(signal, () => {})
process.on('disconnect', () => {
  // The parent was killed. Whoever starts sipd next needs the ports.
  const ended = worker?.stop(0) ?? Promise.resolve()
  void ended.finally(() => process.exit(0))
})
tell({ kind: 'here' })
