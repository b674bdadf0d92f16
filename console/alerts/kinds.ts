/** Which notifications begin an incident, which end it, and by what the two find each other. */
import type { KeptEvent } from '../history/event.ts'

/** From the gravest. */
export const severities = ['critical', 'major', 'minor', 'info'] as const
export type Severity = (typeof severities)[number]

export interface Kind {
  readonly name: string
  readonly begins: readonly string[]
  /** None: it is over as soon as it was said. */
  readonly ends: readonly string[]
  /** Objects whose values, or instances, tell one incident of this kind from another. */
  readonly by: readonly string[]
  readonly severity: Severity
  /** What to try next. */
  readonly advice: string
}

export const kinds: readonly Kind[] = [
  {
    name: 'threshold',
    begins: ['mteTriggerRising'],
    ends: ['mteTriggerFalling'],
    by: ['mteHotTrigger', 'mteHotTargetName', 'mteHotContextName', 'mteHotOID'],
    severity: 'major',
    advice: 'castellan events shows the value now and how far it is from its threshold.',
  },
  {
    name: 'application',
    begins: ['critAppNotAllRunning'],
    ends: ['critAppProcStarted'],
    by: ['critAppProcName'],
    severity: 'critical',
    advice: 'castellan apps shows its state and its last error.',
  },
  {
    name: 'restart',
    begins: ['critAppRestartFailed'],
    ends: ['critAppProcStarted'],
    by: ['critAppProcName'],
    severity: 'critical',
    advice:
      'It was started too often without success. castellan apps shows why; castellan apps start NAME tries again.',
  },
  {
    name: 'interface',
    begins: ['linkDown'],
    ends: ['linkUp'],
    by: ['ifIndex'],
    severity: 'major',
    advice: 'Look at the cable, the switch port and `ip link`.',
  },
  {
    name: 'subagent',
    begins: ['castellanSubagentLost'],
    ends: ['castellanSubagentReturned'],
    by: ['castellanSubagentDescription', 'castellanSubagentSocket'],
    severity: 'major',
    advice: 'castellan status shows which process does not run; its log says why.',
  },
  {
    name: 'log size',
    begins: ['siLogMaxSizeExceeded'],
    ends: ['siLogMaxSizeCleared'],
    by: ['siLogFileName'],
    severity: 'minor',
    advice: 'castellan rotate NAME makes room.',
  },
  {
    name: 'disk floor',
    begins: ['siLogDiskFloorReached'],
    ends: ['siLogDiskFloorCleared'],
    by: ['siLogDiskFreeFolder'],
    severity: 'critical',
    advice: 'Free some disk: rotated logs were removed already.',
  },
  {
    name: 'agent',
    begins: ['agentSilent'],
    ends: ['agentAnswers'],
    by: [],
    severity: 'critical',
    advice: 'castellan status shows whether the agent runs; logs/agent/agent.log says why not.',
  },
  {
    name: 'recipient',
    begins: ['alertRefused'],
    ends: ['alertDelivered'],
    by: ['alertRecipient'],
    severity: 'major',
    advice: 'Correct the recipient in conf/console/alerts.cnf, and run: castellan alerts test',
  },
]

/** Of what no kind names: it has no end, and is told once. */
const single = (name: string): Kind => ({
  name,
  begins: [name],
  ends: [],
  by: [],
  severity: name.startsWith('drs') ? 'major' : 'minor',
  advice: 'castellan notifications shows what was notified around that time.',
})

/** Starts, jobs that went well and the like are in the history, and no incident. */
const uneventful: ReadonlySet<string> = new Set([
  ...['coldStart', 'warmStart', 'authenticationFailure', 'critAppProcExited', 'critAppAllNowRunning'],
  ...['drsJobStarted', 'drsJobCompleted', 'smScriptResult'],
])

export interface Step {
  readonly kind: Kind
  readonly key: string
}

/** What an event begins, and what it ends. */
export function stepsOf(event: Pick<KeptEvent, 'name' | 'objects'>): {
  begins: readonly Step[]
  ends: readonly Step[]
} {
  const of = (which: 'begins' | 'ends'): Step[] =>
    kinds.filter((kind) => kind[which].includes(event.name)).map((kind) => ({ kind, key: keyOf(kind, event) }))
  const [begins, ends] = [of('begins'), of('ends')]
  if (begins.length + ends.length > 0 || uneventful.has(event.name)) return { begins, ends }
  const kind = single(event.name)
  return { begins: [{ kind, key: keyOf(kind, event) }], ends: [] }
}

function keyOf({ name, by }: Kind, { objects }: Pick<KeptEvent, 'objects'>): string {
  const values = by.map(
    (wanted) => objects.find((one) => one.name === wanted || one.name.startsWith(`${wanted}.`))?.text,
  )
  return JSON.stringify([name, ...values.map((value) => value ?? '')])
}
