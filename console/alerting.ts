/** Alerts: incidents of what was notified, and messages about them to those who want to know. */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { schedule as cron, type ScheduledTask } from 'node-cron'
import { messageOf } from '../lib/errors.ts'
import { foldersOf, type Home } from '../lib/home/home.ts'
import type { Log } from '../lib/log/log.ts'
import type { Sqlite } from '../lib/sql/sqlite.ts'
import type { Clock, Timer } from '../lib/time/clock.ts'
import type { AlertConfig } from './alerts/config.ts'
import { AlertEngine, maintenanceUntil } from './alerts/engine.ts'
import { type Incident, Incidents } from './alerts/incident.ts'
import type { Channel, Delivery } from './channels/channel.ts'
import { MailChannel } from './channels/mail.ts'
import { Sender } from './channels/sender.ts'
import { WebhookChannel } from './channels/webhook.ts'
import type { KeptEvent } from './history/event.ts'
import { EventHistory } from './history/events.ts'
import { pointsOf, seriesOf } from './history/query.ts'
import { incidentMail, type MailContent, summaryMail } from './mail/incident-mail.ts'
import { type Letter, Outbox } from './outbox/outbox.ts'
import { Marks } from './store/marks.ts'

export interface AlertingOptions {
  readonly home: Home
  readonly config: AlertConfig
  readonly database: Sqlite
  readonly clock: Clock
  readonly log: Log
}

/** An agent that restarts is silent for a moment, and nobody is told. */
const silentForMs = 60_000
/** Of the chart in a mail. */
const chart = { hours: 6, points: 96 } as const
const digestSpanMs = 86_400_000

export class Alerting {
  readonly #options: AlertingOptions
  readonly #host = hostname()
  readonly #incidents: Incidents
  readonly #outbox: Outbox
  readonly #engine: AlertEngine
  readonly #channels: ReadonlyMap<string, Channel>
  readonly #sender: Sender
  readonly #marks: Marks
  #digest: ScheduledTask | undefined
  #heartbeat: Timer | undefined
  #silence: Timer | undefined
  #answers = false
  #heartFails = false

  /** Throws where a file of a password or secret cannot be read. */
  constructor(options: AlertingOptions) {
    const { config, database, clock, log } = options
    this.#options = options
    this.#marks = new Marks(database)
    this.#incidents = new Incidents(database)
    this.#outbox = new Outbox(database, this.#host)
    this.#engine = new AlertEngine({
      database,
      history: new EventHistory(database),
      incidents: this.#incidents,
      outbox: this.#outbox,
      rules: config.rules,
      quiet: config.quiet,
      limits: config.limit,
    })
    this.#channels = this.#makeChannels()
    this.#sender = new Sender({
      outbox: this.#outbox,
      channels: this.#channels,
      write: (letter) => this.#write(letter),
      clock,
      log,
      onSent: (letter) => this.#sent(letter),
      onRefused: ({ recipient }, reason) => this.#take('alertRefused', reason, recipient),
    })
  }

  start(): void {
    const { config, clock } = this.#options
    this.onEvents()
    if (config.digest) {
      const { minute, to } = config.digest
      this.#digest = cron(`${minute % 60} ${Math.floor(minute / 60)} * * *`, () => this.#addDigest(to))
    }
    if (config.heartbeat) {
      const { url, everySeconds } = config.heartbeat
      this.#heartbeat = clock.every(everySeconds * 1000, () => void this.#beat(url))
    }
  }

  async stop(): Promise<void> {
    await this.#digest?.destroy()
    this.#heartbeat?.cancel()
    this.#silence?.cancel()
    await this.#sender.stop()
    for (const channel of this.#channels.values()) channel.close()
  }

  /** There is something new in the history. */
  onEvents(): void {
    this.#engine.process(this.#options.clock.now())
    this.#sender.hint()
  }

  /** Whether the agent answers. */
  onAgent(answers: boolean): void {
    const { clock } = this.#options
    this.#answers = answers
    this.#silence?.cancel()
    if (answers) this.#take('agentAnswers', 'the agent answers again')
    else
      this.#silence = clock.after(silentForMs, () =>
        this.#take('agentSilent', `the agent has not answered for ${silentForMs / 1000} s`),
      )
  }

  acknowledge(id: number, note: string | undefined): void {
    if (!this.#incidents.acknowledge(id, this.#options.clock.now(), note))
      throw new Error(`there is no incident ${id}; castellan incidents lists them`)
    this.#outbox.drop(id, 'escalation')
    this.#outbox.drop(id, 'reminder')
  }

  /** Nobody is told until then; what is still so at its end is told then. Zero ends it. */
  maintain(untilMs: number): void {
    this.#marks.set(maintenanceUntil, untilMs)
  }

  /** A real message to everybody that the rules name, now. Gives a sentence for each: what the other side said. */
  async test(): Promise<string[]> {
    const { config, clock } = this.#options
    const recipients = new Set([
      ...config.rules.flatMap(({ to, escalateTo }) => [...to, ...escalateTo]),
      ...(config.digest?.to ?? []),
    ])
    if (recipients.size === 0) throw new Error('alerts.cnf names no recipient; add an alertRuleEntry')
    const said: string[] = []
    for (const recipient of recipients) {
      const [name = '', to = ''] = splitRecipient(recipient)
      const content = contentFor(
        name,
        summaryMail(this.#host, 'A test of alerts, as castellan alerts test sends it', []),
      )
      const messageId = `<test.${clock.now()}.${said.length}.castellan@${this.#host}>`
      const delivery = await this.#channels
        .get(name)
        ?.deliver({ recipient: to, messageId, content })
        .catch((error: unknown): Delivery => ({ kind: 'refused', reason: messageOf(error) }))
      said.push(
        `${recipient}: ${delivery?.kind === 'sent' ? `sent; the server said: ${delivery.answer}` : `not sent: ${delivery?.reason}`}`,
      )
    }
    return said
  }

  #makeChannels(): Map<string, Channel> {
    const { home, config } = this.#options
    const folder = foldersOf(home, 'console').conf
    const secretIn = (file: string): string => readFileSync(join(folder, file), 'utf8').trim()
    const channels = new Map<string, Channel>()
    const { mailServer, mailFrom, webhooks } = config
    if (mailServer && mailFrom !== undefined) {
      const { passwordFile, ...server } = mailServer
      const password = passwordFile === undefined ? undefined : secretIn(passwordFile)
      channels.set('mail', new MailChannel({ ...server, password, from: mailFrom, ownName: this.#host }))
    }
    if (webhooks.length > 0)
      channels.set(
        'webhook',
        new WebhookChannel(webhooks.map((hook) => ({ ...hook, secret: secretIn(hook.secretFile) }))),
      )
    return channels
  }

  #write(letter: Letter): string | undefined {
    const [name] = splitRecipient(letter.recipient)
    const { clock } = this.#options
    const nowMs = clock.now()
    if (letter.incident === null) {
      const sinceMs = nowMs - (letter.kind === 'digest' ? digestSpanMs : this.#options.config.limit.spanMs)
      const incidents = this.#incidents.openOrSince(sinceMs)
      if (letter.kind === 'summary' && incidents.length === 0) return undefined
      const title =
        letter.kind === 'digest'
          ? `Incidents of the last day: ${incidents.length}`
          : `${incidents.length} incidents within ${this.#options.config.limit.spanMs / 60_000} minutes`
      return contentFor(name, summaryMail(this.#host, title, incidents))
    }
    const incident = this.#incidents.byId(letter.incident)
    if (!incident) return undefined
    const isOver = incident.endedMs !== null && incident.endedMs !== incident.startedMs
    if (isOver && (letter.kind === 'reminder' || letter.kind === 'escalation')) return undefined
    const inReplyTo =
      letter.kind === 'start' ? undefined : this.#outbox.startOf(incident.id, letter.recipient)?.messageId
    const mail = incidentMail({
      host: this.#host,
      incident,
      kind: letter.kind,
      nowMs,
      values: this.#valuesOf(incident, nowMs),
      inReplyTo,
    })
    return contentFor(name, mail, { incident, kind: letter.kind })
  }

  /** Of the object that crossed a threshold, over the last hours. */
  #valuesOf({ object }: Incident, nowMs: number): (number | undefined)[] {
    if (object === null) return []
    const { database } = this.#options
    const [series] = seriesOf(database, object)
    if (!series) return []
    const to = Math.ceil(nowMs / 1000)
    const from = to - chart.hours * 3600
    const values: (number | undefined)[] = Array(chart.points).fill(undefined)
    for (const { at, mean } of pointsOf(database, series.id, { from, to }, chart.points))
      values[Math.min(chart.points - 1, Math.floor(((at - from) / (to - from)) * chart.points))] = mean
    return values
  }

  #sent({ incident: id, kind, recipient }: Letter): void {
    if (kind !== 'test') this.#take('alertDelivered', 'a message was delivered', recipient)
    const incident = kind === 'reminder' && id !== null ? this.#incidents.byId(id) : undefined
    if (!incident || incident.endedMs !== null || incident.acknowledgedMs !== null) return
    const rule = this.#options.config.rules.find(({ name }) => name === incident.rule)
    if (rule) this.#engine.remind(incident, { ...rule, to: [recipient] }, this.#options.clock.now())
  }

  /** An event of the console itself. */
  #take(name: string, sentence: string, recipient?: string): void {
    const { clock } = this.#options
    const objects = recipient === undefined ? [] : [{ name: 'alertRecipient', oid: '', text: recipient }]
    const event: Omit<KeptEvent, 'id'> = { logIndex: 0, atMs: clock.now(), oid: '', name, sentence, objects }
    this.#engine.take(event, clock.now())
    this.#sender.hint()
  }

  #addDigest(to: readonly string[]): void {
    const nowMs = this.#options.clock.now()
    for (const recipient of to) this.#outbox.add({ incident: undefined, kind: 'digest', recipient, dueMs: nowMs })
    this.#outbox.forget(nowMs)
    this.#sender.hint()
  }

  /** Tells somebody outside that the console runs and the agent answers it. */
  async #beat(url: string): Promise<void> {
    if (!this.#answers) return
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(15_000), redirect: 'error' })
      await answer.body?.cancel()
      if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`)
      this.#heartFails = false
    } catch (error) {
      if (!this.#heartFails) this.#options.log.warn('the heartbeat did not arrive', { url, error: messageOf(error) })
      this.#heartFails = true
    }
  }
}

function splitRecipient(recipient: string): [string, string] {
  const at = recipient.indexOf(':')
  return [recipient.slice(0, at), recipient.slice(at + 1)]
}

/** Mail has text, HTML and a picture; a webhook has what a program wants of them. */
function contentFor(channel: string, mail: MailContent, about: Readonly<Record<string, unknown>> = {}): string {
  if (channel === 'mail') return JSON.stringify(mail)
  const { subject, text } = mail
  return JSON.stringify({ subject, text, ...about })
}
