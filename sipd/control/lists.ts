/** `sip registrations` and `sip calls`: what the workers have, printed as it comes. */

import type { Home } from '../../lib/home/home.ts'
import { controlLines } from '../../lib/process/control.ts'
import { jsonText, printable } from '../../lib/text/escape.ts'
import { parseFlow } from '../message/flow.ts'
import { hopText } from '../message/hop.ts'
import type { CallItem, ListItem, ListSubject, RegisteredContact, RegistrationItem } from '../worker/listing.ts'
import { type Command, exitCodes, timeoutMs } from './command.ts'
import { askSipd, controlSocketOf, needSipd, whyNotAsked } from './sipd.ts'
import { parseStatus } from './status.ts'

const defaultTimeoutSeconds = 5
const notFollowed =
  'sip: only calls that are being set up are listed; answered ones need AddRecordRoute On and StatefulServer On in sipd.conf\n'

export const registrationsCommand: Command = {
  name: 'registrations',
  synopsis: '[USER] [--json] [--timeout SECONDS]',
  help: 'lists who is registered and where, of all or of one user: ann, ann@example.com or sip:ann@example.com',
  operandCount: 0,
  optionalOperands: 1,
  options: ['json', 'timeout'],
  run: async ({ home, operands: [user = ''], options }) => {
    let users = 0
    let contacts = 0
    for await (const item of askList<RegistrationItem>(home, 'registrations', user, options)) {
      users++
      contacts += item.contacts.length
      process.stdout.write(options.json ? `${jsonText(item)}\n` : formatRegistration(item))
    }
    if (!options.json) process.stdout.write(`${plural(users, 'user')}, ${plural(contacts, 'contact')}\n`)
    return user !== '' && users === 0 ? exitCodes.error : exitCodes.ok
  },
}

export const callsCommand: Command = {
  name: 'calls',
  synopsis: '[USER] [--json] [--timeout SECONDS]',
  help: 'lists calls that are set up and calls that go on, of all or of one user',
  operandCount: 0,
  optionalOperands: 1,
  options: ['json', 'timeout'],
  run: async ({ home, operands: [user = ''], options }) => {
    let calls = 0
    for await (const item of askList<CallItem>(home, 'calls', user, options)) {
      calls++
      process.stdout.write(options.json ? `${jsonText(item)}\n` : formatCall(item))
    }
    if (!options.json) process.stdout.write(`${plural(calls, 'call')}\n`)
    const { workers } = parseStatus(await askSipd(home, 'status', timeoutMs(options, defaultTimeoutSeconds)))
    if (workers.some((worker) => worker.calls === null)) process.stderr.write(notFollowed)
    return exitCodes.ok
  },
}

/** The items of a list, from the running sipd; what goes wrong is a CommandFailure. */
async function* askList<Item extends ListItem>(
  home: Home,
  subject: ListSubject,
  user: string,
  options: Parameters<typeof timeoutMs>[0],
): AsyncGenerator<Item> {
  needSipd(home)
  const withinMs = timeoutMs(options, defaultTimeoutSeconds)
  const path = controlSocketOf(home)
  const line = `${subject} ${user}`.trimEnd()
  try {
    for await (const text of controlLines(path, line, withinMs)) yield JSON.parse(text) as Item
  } catch (error) {
    throw whyNotAsked(error, { path, line, withinMs })
  }
}

function formatRegistration({ addressOfRecord, contacts }: RegistrationItem): string {
  return `${printable(addressOfRecord)}\n${contacts.map(formatContact).join('')}`
}

/** Two lines: where it is, and how it came there. */
function formatContact(registered: RegisteredContact): string {
  const { contact, q, expiresInSeconds, flow, path, userAgent } = registered
  const hop = flow === null ? undefined : parseFlow(flow)
  const facts = [
    expiresInSeconds === null ? 'never expires' : `expires in ${formatDuration(expiresInSeconds)}`,
    ...(q === 1 ? [] : [`q ${q}`]),
    ...(hop ? [`from ${hopText(hop)}`] : []),
    ...(path.length === 0 ? [] : [`path ${path.join(', ')}`]),
    ...(userAgent === '' ? [] : [userAgent]),
  ]
  return `  ${printable(contact)}\n    ${printable(facts.join(', '))}\n`
}

function formatCall({ state, callId, from, to, seconds }: CallItem): string {
  return `${printable(`${state} for ${formatDuration(seconds)}: ${from} -> ${to}`)}\n  Call-ID ${printable(callId)}\n`
}

/** `42 s`, `12:07`, `3:04:05`. */
function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  const twoDigits = (part: number): string => String(part).padStart(2, '0')
  return hours > 0 ? `${hours}:${twoDigits(minutes)}:${twoDigits(rest)}` : `${minutes}:${twoDigits(rest)}`
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
