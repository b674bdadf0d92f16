/** One look at whether a process serves: by a command, a TCP connection, or a SIP OPTIONS request. */
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { connect } from 'node:net'
import { codeOf, messageOf } from '../../../lib/errors.ts'
import { isWant } from '../../../lib/program/errno.ts'
import { describeExit, isSuccess } from '../../../lib/program/exit.ts'
import { parseCommand } from '../../../lib/text/command.ts'
import { runForAnswer } from '../host/run.ts'

export interface HealthSpec {
  readonly kind: 'none' | 'command' | 'tcp' | 'sip'
  /** The command; HOST:PORT; a SIP URI, or nothing for the sipd of this appliance. */
  readonly target: string
  readonly intervalMs: number
  readonly timeoutMs: number
  /** So many failures in a row, and the process is restarted. */
  readonly failures: number
}

/** Why it does not serve, and the last line that the command printed; empty where it printed none. */
export interface HealthFailure {
  readonly reason: string
  readonly said: string
}

/** Undefined when it serves, else why not; or why it could not be asked, which says nothing of it. */
export type Verdict = string | HealthFailure | undefined | { readonly cannotTell: string }
export type Check = (spec: HealthSpec, signal: AbortSignal) => Promise<Verdict>

/**
 * Asks a SIP server for its options: the status of its final response. `uri` undefined is the sipd of this appliance.
 * Throws, with a sentence, when no final response comes within the time.
 */
export type SipPing = (uri: string | undefined, timeoutMs: number) => Promise<number>

export function healthCheck(sipPing: SipPing): Check {
  const ping = oneAtATime(sipPing)
  const ask = async (spec: HealthSpec, signal: AbortSignal): Promise<Verdict> => {
    switch (spec.kind) {
      case 'none':
        return undefined
      case 'command':
        return askCommand(spec, signal)
      case 'tcp':
        return connectTo(spec, signal)
      case 'sip':
        return askSip(ping, spec, signal)
    }
  }
  return async (spec, signal) => {
    const verdict = await ask(spec, signal)
    // Whatever the words are: a resolver, and a file that cannot be read, say nothing of descriptors.
    const failure = failureOf(verdict)
    return failure && isOutOfDescriptors() ? { cannotTell: `${failure.reason}${quoted(failure.said)}` } : verdict
  }
}

/** Undefined when it serves, or could not be asked. */
export function failureOf(verdict: Verdict): HealthFailure | undefined {
  if (typeof verdict === 'string') return { reason: verdict, said: '' }
  return verdict === undefined || 'cannotTell' in verdict ? undefined : verdict
}

/** What was printed, as it follows a sentence. */
export function quoted(said: string): string {
  return said === '' ? '' : `: ${said}`
}

/** Whether this process can open nothing now, so that what failed may have failed for that. */
function isOutOfDescriptors(): boolean {
  try {
    closeSync(openSync('/dev/null', 'r'))
    return false
  } catch {
    return true
  }
}

/** What went wrong while somebody was asked: with them, or with us. */
function verdictOn(error: unknown): Verdict {
  for (let one = error; one instanceof Error; one = one.cause)
    if (isWant(codeOf(one))) return { cannotTell: messageOf(error) }
  return messageOf(error)
}

/** What is wrong with a target of this kind; undefined when it can be tried. */
export function whyNoTarget({ kind, target }: Pick<HealthSpec, 'kind' | 'target'>): string | undefined {
  switch (kind) {
    case 'none':
      return undefined
    case 'command': {
      const parsed = parseCommand(target)
      return 'error' in parsed ? parsed.error : undefined
    }
    case 'tcp':
      return parseHostAndPort(target) ? undefined : 'expected HOST:PORT'
    case 'sip':
      return target === '' || /^sips?:[^\s-]\S*$/.test(target)
        ? undefined
        : 'expected a SIP URI such as sip:192.0.2.7, or nothing'
  }
}

/** `192.0.2.7:3306`, `localhost:22`, `[::1]:22`. */
export function parseHostAndPort(text: string): { host: string; port: number } | undefined {
  const [, ipv6, name, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text) ?? []
  const host = ipv6 ?? name
  const port = Number(digits)
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined
}

async function askCommand({ target, timeoutMs }: HealthSpec, signal: AbortSignal): Promise<Verdict> {
  const { exit, printed } = await runForAnswer(parseCommand(target), { limitMs: timeoutMs, signal })
  if (isSuccess(exit)) return undefined
  if (exit.kind === 'notStarted' && isWant(exit.code)) return { cannotTell: `the command ${describeExit(exit)}` }
  const said = printed.trim().split('\n').at(-1)
  return { reason: `the command ${describeExit(exit)}`, said: said ?? '' }
}

/** The kernel accepts for a process that hangs, so this proves only that it listens; nothing it says is read. */
async function connectTo({ target, timeoutMs }: HealthSpec, signal: AbortSignal): Promise<Verdict> {
  const address = parseHostAndPort(target)
  if (!address) return `${JSON.stringify(target)} must be HOST:PORT`
  const socket = connect(address)
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    await once(socket, 'connect', { signal: AbortSignal.any([signal, timeout]) })
    return undefined
  } catch (error) {
    return timeout.aborted ? `${target} took longer than ${timeoutMs / 1000} s` : verdictOn(error)
  } finally {
    socket.on('error', () => {})
    socket.destroy()
  }
}

/** Whatever final response comes, 503 of an overloaded proxy too, comes from somebody who lives. */
async function askSip(sipPing: SipPing, { target, timeoutMs }: HealthSpec, signal: AbortSignal): Promise<Verdict> {
  // A name in the target has to be looked up first, which knows of no time limit.
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs + resolvingMs)])
  try {
    await Promise.race([sipPing(target === '' ? undefined : target, timeoutMs), aborted(limit)])
    return undefined
  } catch (error) {
    return limit.aborted ? `${target || 'sip ping'} took longer than ${timeoutMs / 1000} s` : verdictOn(error)
  }
}

const resolvingMs = 500

/** A name that takes for ever to look up must not be looked up again and again: threads for that are few. */
function oneAtATime(sipPing: SipPing): SipPing {
  const underWay = new Map<string | undefined, Promise<number>>()
  return (uri, timeoutMs) => {
    const already = underWay.get(uri)
    if (already) return already
    const asked = sipPing(uri, timeoutMs).finally(() => underWay.delete(uri))
    underWay.set(uri, asked)
    return asked
  }
}

async function aborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort')
  throw signal.reason
}
