/** `sip registrations` and `sip calls`: what the workers have, printed as it comes. */

import { exitCodes } from '../../lib/cli/exit-codes.ts'
import { json } from '../../lib/cli/options.ts'
import { print, printJson } from '../../lib/cli/print.ts'
import { controlSocketToAsk } from '../../lib/home/control-socket.ts'
import type { Home } from '../../lib/home/home.ts'
import { controlLines } from '../../lib/process/control.ts'
import { printable } from '../../lib/text/escape.ts'
import { parseFlow } from '../message/flow.ts'
import { hopText } from '../message/hop.ts'
import type { CallItem, ListItem, ListSubject, RegisteredContact, RegistrationItem } from '../worker/listing.ts'
import { sipCommand, timeoutOption } from './command.ts'
import { askSipd, needSipd, whyNotAsked } from './sipd.ts'
import { parseStatus } from './status.ts'

const defaultTimeoutSeconds = 5
const notFollowed =
  'sip: only calls that are being set up are listed; answered ones need AddRecordRoute On and StatefulServer On in sipd.conf\n'

const options = { json, withinMs: timeoutOption(defaultTimeoutSeconds) }

export const registrationsCommand = sipCommand({
  name: 'registrations',
  operands: '[user]',
  summary: 'list who is registered and where, of all or of one user: ann, ann@example.com or sip:ann@example.com',
  example: 'sip registrations ann',
  exitCodes: { 1: 'this user is not registered, or sipd does not run' },
  options,
  run: async ({ home, operands: [user = ''], options }) => {
    let users = 0
    let contacts = 0
    for await (const item of askList<RegistrationItem>(home, 'registrations', user, options.withinMs)) {
      users++
      contacts += item.contacts.length
      if (options.json) printJson(item)
      else print(formatRegistration(item))
    }
    if (!options.json) print(`${plural(users, 'user')}, ${plural(contacts, 'contact')}\n`)
    return user !== '' && users === 0 ? exitCodes.error : exitCodes.ok
  },
})

export const callsCommand = sipCommand({
  name: 'calls',
  operands: '[user]',
  summary: 'list calls that are set up and calls that go on, of all or of one user',
  example: 'sip calls --json',
  exitCodes: { 1: 'sipd does not run, or does not listen' },
  options,
  run: async ({ home, operands: [user = ''], options }) => {
    let calls = 0
    for await (const item of askList<CallItem>(home, 'calls', user, options.withinMs)) {
      calls++
      if (options.json) printJson(item)
      else print(formatCall(item))
    }
    if (!options.json) print(`${plural(calls, 'call')}\n`)
    const { workers } = parseStatus(await askSipd(home, 'status', options.withinMs))
    if (workers.some((worker) => worker.calls === null)) process.stderr.write(notFollowed)
    return exitCodes.ok
  },
})

/** The items of a list, from the running sipd; what goes wrong is a CommandFailure. */
async function* askList<Item extends ListItem>(
  home: Home,
  subject: ListSubject,
  user: string,
  withinMs: number,
): AsyncGenerator<Item> {
  needSipd(home)
  const path = controlSocketToAsk(home, 'sipd')
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
