/** conf/console/alerts.cnf: rules, the mail server, and other ways to tell people. */
import { join } from 'node:path'
import { type Complaint, ConfigurationError } from '../../lib/cnf/complaint.ts'
import type { CnfEntryType, CnfField, CnfParsed, CnfValues } from '../../lib/cnf/document.ts'
import { CnfStore, type LoadedEntry } from '../../lib/cnf/store.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { always, type Hours, parseHours } from './hours.ts'
import { type Severity, severities } from './kinds.ts'
import type { Rule } from './rules.ts'

export interface MailServer {
  readonly host: string
  readonly port: number
  readonly security: 'none' | 'starttls' | 'tls'
  readonly user: string | undefined
  /** A file below conf/console. */
  readonly passwordFile: string | undefined
}

export interface Webhook {
  readonly name: string
  readonly url: string
  readonly secretFile: string
}

export interface AlertConfig {
  readonly rules: readonly Rule[]
  readonly mailServer: MailServer | undefined
  readonly mailFrom: string | undefined
  readonly quiet: { readonly hours: Hours; readonly but: Severity } | undefined
  readonly limit: { readonly messages: number; readonly spanMs: number }
  /** Minutes of the day, and to whom. */
  readonly digest: { readonly minute: number; readonly to: readonly string[] } | undefined
  readonly webhooks: readonly Webhook[]
  readonly heartbeat: { readonly url: string; readonly everySeconds: number } | undefined
}

export async function checkAlertConfig(home: Home): Promise<readonly Complaint[]> {
  const { entries, complaints } = await storeOf(home).load()
  return complaints.length > 0 ? complaints : mistakesIn(entries)
}

/** Throws ConfigurationError with all that is wrong. */
export async function readAlertConfig(home: Home): Promise<AlertConfig> {
  const { entries, complaints } = await storeOf(home).load()
  const all = complaints.length > 0 ? complaints : mistakesIn(entries)
  if (all.length > 0) throw new ConfigurationError(all)
  return configOf(entries)
}

function storeOf(home: Home): CnfStore {
  return new CnfStore({ path: join(foldersOf(home, 'console').conf, 'alerts.cnf'), isDraft: true, types })
}

function configOf(entries: readonly LoadedEntry[]): AlertConfig {
  const of = (keyword: string): CnfValues[] =>
    entries.filter((one) => one.keyword === keyword).map(({ values }) => values)
  const [server] = of('alertMailServer')
  const [from] = of('alertMailFrom')
  const [quiet] = of('alertQuietHours')
  const [limit] = of('alertLimit')
  const [digest] = of('alertDigest')
  const [heartbeat] = of('alertHeartbeat')
  return {
    rules: of('alertRuleEntry').map(ruleOf),
    mailServer: server && {
      ...hostOf(text(server.server)),
      security: securities.find((one) => one === server.security) ?? 'starttls',
      user: optional(server.user),
      passwordFile: optional(server.passwordFile),
    },
    mailFrom: from && text(from.address),
    quiet: quiet && { hours: parseHours(text(quiet.hours)) ?? always, but: severityNamed(text(quiet.severity)) },
    limit: { messages: number(limit?.messages, 20), spanMs: number(limit?.minutes, 10) * 60_000 },
    digest: digest && { minute: (parseHours(`${text(digest.time)}-24:00`) ?? always).from, to: list(digest.to) },
    webhooks: of('alertWebhookEntry').map(({ name, url, secretFile }) => ({
      name: text(name),
      url: text(url),
      secretFile: text(secretFile),
    })),
    heartbeat: heartbeat && { url: text(heartbeat.url), everySeconds: number(heartbeat.seconds, 300) },
  }
}

function ruleOf(values: CnfValues): Rule {
  const severity = text(values.severity)
  return {
    name: text(values.name),
    notification: text(values.notification),
    about: optional(values.about) ?? '',
    severity: severity === 'ignore' || severity === 'asIs' ? severity : severityNamed(severity),
    hours: parseHours(text(values.hours)) ?? always,
    to: list(values.to),
    remindMinutes: number(values.remindMinutes, 0),
    escalateMinutes: number(values.escalateMinutes, 0),
    escalateTo: list(values.escalateTo),
  }
}

/** What each line means beside the others. */
function mistakesIn(entries: readonly LoadedEntry[]): Complaint[] {
  const config = configOf(entries)
  return entries.flatMap(({ file, keyword, values, places }) => {
    const complaints: Complaint[] = []
    for (const field of ['to', 'escalateTo'])
      for (const recipient of list(values[field])) {
        const mistake = recipientMistake(recipient, config)
        if (mistake)
          complaints.push({ file, ...(places.fields[field] ?? places.keyword), message: `${keyword}: ${mistake}` })
      }
    return complaints
  })
}

function recipientMistake(recipient: string, { mailServer, mailFrom, webhooks }: AlertConfig): string | undefined {
  const [, channel, name = ''] = /^(mail|webhook):(.+)$/.exec(recipient) ?? []
  if (channel === undefined) return `expected mail:ADDRESS or webhook:NAME, got ${recipient}`
  if (channel === 'webhook')
    return webhooks.some((one) => one.name === name)
      ? undefined
      : `there is no alertWebhookEntry ${name}; the file names ${webhooks.map((one) => one.name).join(', ') || 'none'}`
  if (!isAddress(name)) return `expected a mail address such as ops@example.com, got ${name}`
  if (!mailServer) return `mail needs a server; add a line alertMailServer HOST:PORT starttls`
  return mailFrom === undefined ? 'mail needs a sender; add a line alertMailFrom ADDRESS' : undefined
}

const isAddress = (text: string): boolean => /^[^\s@,;<>"\u0000-\u001f]{1,64}@[A-Za-z0-9.-]{1,255}$/.test(text)
const securities = ['none', 'starttls', 'tls'] as const
const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const optional = (value: unknown): string | undefined => (text(value) === '' ? undefined : text(value))
const number = (value: unknown, usual: number): number => (typeof value === 'number' ? value : usual)
const list = (value: unknown): string[] =>
  text(value)
    .split(',')
    .filter((one) => one !== '')
const severityNamed = (name: string): Severity => severities.find((one) => one === name) ?? 'minor'

function hostOf(server: string): { host: string; port: number } {
  const [, host = '', port] = /^(.*):(\d+)$/.exec(server) ?? []
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

function field(name: string, isGood: (text: string) => boolean, expected: string, omitted?: string): CnfField {
  return {
    name,
    parse: ({ text, quoted }): CnfParsed => {
      if ((text === '-' || text === '') && !quoted && omitted !== undefined) return { value: '' }
      return isGood(text) ? { value: text } : { expected }
    },
    format: (value) => (value === '' ? '-' : String(value)),
    ...(omitted === undefined ? {} : { omitted }),
  }
}

const any = (name: string, omitted?: string): CnfField =>
  field(name, (text) => text !== '', 'at least one character', omitted)
const oneOf = (name: string, words: readonly string[]): CnfField =>
  field(name, (text) => words.includes(text), words.join(', '))
const whole = (name: string, most: number): CnfField => ({
  name,
  parse: ({ text }): CnfParsed =>
    /^\d{1,6}$/.test(text) && Number(text) <= most
      ? { value: Number(text) }
      : { expected: `a whole number from 0 to ${most}` },
  format: String,
})
const hours = (): CnfField =>
  field('hours', (text) => parseHours(text) !== undefined, 'always, 08:00-18:00 or mon-fri/08:00-18:00')
const fileName = (name: string, omitted?: string): CnfField =>
  field(name, (text) => /^[\w.-]+$/.test(text) && !text.startsWith('.'), 'the name of a file in conf/console', omitted)
const url = (): CnfField =>
  field('url', (text) => URL.canParse(text) && /^https?:/.test(text), 'a URL that begins with http:// or https://')

const types: readonly CnfEntryType[] = [
  {
    keyword: 'alertRuleEntry',
    fields: [
      any('name'),
      any('notification'),
      any('about', ''),
      oneOf('severity', ['asIs', ...severities, 'ignore']),
      hours(),
      any('to', ''),
      whole('remindMinutes', 100_000),
      whole('escalateMinutes', 100_000),
      any('escalateTo', ''),
    ],
    keyFields: ['name'],
    optionalFields: 3,
  },
  {
    keyword: 'alertMailServer',
    fields: [
      field('server', (text) => /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\]):\d{1,5}$/.test(text), 'HOST:PORT'),
      oneOf('security', securities),
      any('user', ''),
      fileName('passwordFile', ''),
    ],
    keyFields: [],
    optionalFields: 2,
  },
  {
    keyword: 'alertMailFrom',
    fields: [field('address', isAddress, 'an address such as castellan@example.com')],
    keyFields: [],
  },
  { keyword: 'alertQuietHours', fields: [hours(), oneOf('severity', severities)], keyFields: [] },
  { keyword: 'alertLimit', fields: [whole('messages', 10_000), whole('minutes', 1440)], keyFields: [] },
  {
    keyword: 'alertDigest',
    fields: [field('time', (text) => /^([01]\d|2[0-3]):[0-5]\d$/.test(text), 'a time such as 07:00'), any('to')],
    keyFields: [],
  },
  { keyword: 'alertWebhookEntry', fields: [any('name'), url(), fileName('secretFile')], keyFields: ['name'] },
  { keyword: 'alertHeartbeat', fields: [url(), whole('seconds', 86_400)], keyFields: [] },
]
