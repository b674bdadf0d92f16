/** Makes incidents of what was notified, and decides who is told of them: all in one transaction with how far it has read. */
import type { Sqlite } from '../../lib/sql/sqlite.ts'
import type { KeptEvent } from '../history/event.ts'
import type { EventHistory } from '../history/events.ts'
import type { LetterKind, Outbox } from '../outbox/outbox.ts'
import { Marks } from '../store/marks.ts'
import { endOf, type Hours, isWithin } from './hours.ts'
import type { Incident, Incidents } from './incident.ts'
import { type Severity, type Step, severities, stepsOf } from './kinds.ts'
import { type Rule, ruleFor } from './rules.ts'

export interface QuietHours {
  readonly hours: Hours
  /** What is as grave as this, or graver, is told all the same. */
  readonly but: Severity
}

export interface AlertLimits {
  /** Single messages to one recipient within `spanMs`; what is more comes in one summary at its end. */
  readonly messages: number
  readonly spanMs: number
}

export interface AlertOptions {
  readonly database: Sqlite
  readonly history: EventHistory
  readonly incidents: Incidents
  readonly outbox: Outbox
  readonly rules: readonly Rule[]
  readonly quiet: QuietHours | undefined
  readonly limits: AlertLimits
}

const eventsAtOnce = 500
const lastEvent = 'alerts.lastEvent'
/** Until then nobody is told of anything that ends before it. */
export const maintenanceUntil = 'alerts.maintenanceUntil'

/** An incident that began so often within this flaps: from then on it is over when it was quiet for as long as `calmMs`. */
const flapping = { times: 3, withinMs: 3_600_000, calmMs: 15 * 60_000 } as const

export class AlertEngine {
  readonly #options: AlertOptions
  readonly #marks: Marks

  constructor(options: AlertOptions) {
    this.#options = options
    this.#marks = new Marks(options.database)
  }

  /** Takes what is new in the history. Gives whether there was anything. */
  process(nowMs: number): boolean {
    const { database, history } = this.#options
    let any = false
    for (;;) {
      const events = history.after(this.#marks.get(lastEvent), eventsAtOnce)
      const last = events.at(-1)
      if (!last) return any
      any = true
      const take = database.transaction(() => {
        for (const event of events) this.#take(event, nowMs)
        this.#marks.set(lastEvent, last.id)
      })
      take.immediate()
    }
  }

  /** Something that no agent notified, such as that it does not answer. */
  take(event: Omit<KeptEvent, 'id'>, nowMs: number): void {
    this.#options.database.transaction(() => this.#take(event, nowMs)).immediate()
  }

  #take(event: Omit<KeptEvent, 'id'>, nowMs: number): void {
    const { begins, ends } = stepsOf(event)
    for (const step of ends) this.#end(step, event, nowMs)
    for (const step of begins) this.#begin(step, event, nowMs)
  }

  #begin(step: Step, event: Omit<KeptEvent, 'id'>, nowMs: number): void {
    const { incidents, outbox, rules } = this.#options
    const open = incidents.open(step.key)
    if (open) return incidents.repeat(open.id)
    const recent = incidents.recent(step.key, event.atMs - flapping.withinMs)
    const [last] = recent
    if (last && step.kind.ends.length > 0 && last.flaps + recent.length >= flapping.times) {
      incidents.reopen(last.id)
      const isTold = !outbox.drop(last.id, 'end') // it is not over
      // Whoever read that it was over reads once that it flaps.
      if (isTold) for (const recipient of this.#recipientsOf(last)) this.#tell(last, 'flapping', recipient, nowMs)
      return
    }
    const subject = { notification: event.name, kind: step.kind.name, sentence: event.sentence ?? '' }
    const rule = ruleFor(rules, subject, new Date(event.atMs))
    if (!rule || rule.severity === 'ignore') return
    const severity = rule.severity === 'asIs' ? step.kind.severity : rule.severity
    const incident = incidents.begin(step, event, { rule: rule.name, severity })
    const dueMs = this.#dueFor(severity, nowMs)
    for (const recipient of rule.to) this.#tell(incident, 'start', recipient, dueMs)
    if (incident.endedMs !== null) return
    for (const recipient of rule.escalateTo)
      outbox.add({ incident: incident.id, kind: 'escalation', recipient, dueMs: dueMs + rule.escalateMinutes * 60_000 })
    this.remind(incident, rule, dueMs)
  }

  /** The next reminder, where its rule has such. */
  remind({ id }: Incident, { remindMinutes, to }: Rule, nowMs: number): void {
    if (remindMinutes === 0) return
    for (const recipient of to)
      this.#options.outbox.add({ incident: id, kind: 'reminder', recipient, dueMs: nowMs + remindMinutes * 60_000 })
  }

  #end(step: Step, event: Omit<KeptEvent, 'id'>, nowMs: number): void {
    const { incidents, outbox } = this.#options
    const open = incidents.open(step.key)
    if (!open) return
    incidents.end(open.id, event)
    outbox.drop(open.id, 'escalation')
    outbox.drop(open.id, 'reminder')
    // Who was not told of its start, for it was to be told later, need not be told at all.
    if (outbox.drop(open.id, 'start')) return
    const calmMs = open.flaps > 0 ? flapping.calmMs : 0
    for (const recipient of this.#recipientsOf(open))
      if (outbox.startOf(open.id, recipient)) this.#tell(open, 'end', recipient, nowMs + calmMs)
      else this.#summarise(recipient, nowMs)
  }

  #recipientsOf({ rule }: Incident): readonly string[] {
    return this.#options.rules.find(({ name }) => name === rule)?.to ?? []
  }

  /** One message, or a part of a summary where there were too many. */
  #tell({ id }: Incident, kind: LetterKind, recipient: string, dueMs: number): void {
    const { outbox, limits } = this.#options
    if (outbox.countSince(recipient, dueMs - limits.spanMs) < limits.messages || kind === 'end')
      outbox.add({ incident: id, kind, recipient, dueMs })
    else this.#summarise(recipient, dueMs)
  }

  #summarise(recipient: string, nowMs: number): void {
    const { outbox, limits } = this.#options
    if (!outbox.waiting('summary', recipient))
      outbox.add({ incident: undefined, kind: 'summary', recipient, dueMs: nowMs + limits.spanMs })
  }

  /** Now, or when maintenance and quiet hours are over. */
  #dueFor(severity: Severity, nowMs: number): number {
    const { quiet } = this.#options
    const afterMaintenance = Math.max(nowMs, this.#marks.get(maintenanceUntil))
    const at = new Date(afterMaintenance)
    if (!quiet || severities.indexOf(severity) <= severities.indexOf(quiet.but) || !isWithin(quiet.hours, at))
      return afterMaintenance
    return endOf(quiet.hours, at).getTime()
  }
}
