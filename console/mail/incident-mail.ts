/** The mail about an incident: what happened, since when, how the value was, what to try. One template gives text and HTML. */
import type { Incident } from '../alerts/incident.ts'
import type { LetterKind } from '../outbox/outbox.ts'
import { chartPng } from './chart-png.ts'
import { bodyText, htmlText, subjectText } from './clean.ts'
import { sparkline } from './sparkline.ts'

export interface MailContent {
  readonly subject: string
  readonly text: string
  readonly html: string
  /** The chart, in base64; the HTML names it by `cid:chart`. */
  readonly chart?: string
  /** Message-ID of the mail that this one answers to. */
  readonly inReplyTo?: string
}

export interface MailSubject {
  readonly host: string
  readonly incident: Incident
  readonly kind: LetterKind
  readonly nowMs: number
  /** Of the last hours, for the object that crossed a threshold. */
  readonly values: readonly (number | undefined)[]
  readonly inReplyTo?: string | undefined
}

const titles: Partial<Record<LetterKind, string>> = {
  start: 'Alarm',
  end: 'Over',
  flapping: 'Comes and goes',
  reminder: 'Still',
  escalation: 'Not acknowledged',
}

export function incidentMail({ host, incident, kind, nowMs, values, inReplyTo }: MailSubject): MailContent {
  const { id, sentence, endedSentence, severity, startedMs, endedMs, advice, flaps, repeats } = incident
  const happened = kind === 'end' ? (endedSentence ?? 'it is over') : sentence
  const known = values.filter((value) => value !== undefined)
  const rows: [string, string][] = [
    ['Host', host],
    ['What', happened],
    ...(kind === 'end' ? [['Began with', sentence] as [string, string]] : []),
    ['Severity', severity],
    ['Since', timeText(startedMs)],
    ...(endedMs === null || endedMs === startedMs
      ? []
      : ([
          ['Until', timeText(endedMs)],
          ['For', spanText(endedMs - startedMs)],
        ] as [string, string][])),
    ...(flaps > 0 ? [['Came and went', `${flaps + 2} times within an hour`] as [string, string]] : []),
    ...(repeats > 0 ? [['Repeats', String(repeats)] as [string, string]] : []),
    ...(kind === 'end' ? [] : [['Try next', advice] as [string, string]]),
    ['Incident', `${id}; to acknowledge it: castellan incidents ack ${id}`],
  ]
  const title = `${titles[kind] ?? 'Incident'}: ${happened}`
  const subject = subjectText(`[${host}] ${title}`)
  const width = Math.max(...rows.map(([name]) => name.length))
  const line = known.length > 1 ? [`The last hours: ${sparkline(known)}`, ''] : []
  return {
    subject,
    text: [
      bodyText(title),
      '',
      ...rows.map(([name, value]) => `${`${name}:`.padEnd(width + 2)}${bodyText(value)}`),
      '',
      ...line,
      `Castellan on ${bodyText(host)}, ${timeText(nowMs)}`,
      '',
    ].join('\n'),
    html: htmlOf(title, rows, known.length > 1, kind === 'end' ? '#2e7d32' : '#c62828'),
    ...(known.length > 1 ? { chart: chartPng(values).toString('base64') } : {}),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
  }
}

/** One mail for what would have been many. */
export function summaryMail(host: string, title: string, incidents: readonly Incident[]): MailContent {
  const shown = incidents.slice(0, 50)
  const lines = shown.map(({ id, sentence, startedMs, endedMs, severity }): [string, string] => [
    `${id}`,
    `${timeText(startedMs)}  ${severity}  ${endedMs === null ? 'open' : 'over'}  ${sentence}`,
  ])
  const more: [string, string][] =
    incidents.length > shown.length ? [['', `and ${incidents.length - shown.length} more: castellan incidents`]] : []
  const all = [...lines, ...more]
  return {
    subject: subjectText(`[${host}] ${title}`),
    text: [bodyText(title), '', ...all.map(([name, value]) => `${name.padStart(6)}  ${bodyText(value)}`), ''].join(
      '\n',
    ),
    html: htmlOf(title, all, false, '#546e7a'),
  }
}

function htmlOf(
  title: string,
  rows: readonly (readonly [string, string])[],
  hasChart: boolean,
  colour: string,
): string {
  const cells = rows.map(([name, value]) => `<tr><th>${htmlText(name)}</th><td>${htmlText(value)}</td></tr>`).join('\n')
  const chart = hasChart ? '<p><img src="cid:chart" alt="The last hours" width="480" height="80"></p>' : ''
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<style>
body { font: 15px/1.5 sans-serif; margin: 1.5em; max-width: 42em }
h1 { font-size: 1.2em; border-left: .3em solid ${colour}; padding-left: .6em }
th { text-align: left; vertical-align: top; padding-right: 1em; white-space: nowrap; font-weight: 600; opacity: .75 }
td { overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { background: #1c1e21; color: #e4e6eb } }
</style></head><body>
<h1>${htmlText(title)}</h1>
<table>
${cells}
</table>
${chart}
</body></html>
`
}

/** Local time with its offset, as people who read mail elsewhere need it. */
function timeText(ms: number): string {
  const date = new Date(ms)
  const two = (value: number): string => String(value).padStart(2, '0')
  const offset = -date.getTimezoneOffset()
  const zone = `${offset < 0 ? '-' : '+'}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ${zone}`
}

function spanText(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 1) return `${Math.round(ms / 1000)} s`
  return minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 6) / 10} h`
}
