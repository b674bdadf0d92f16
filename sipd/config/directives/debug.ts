/** DebugFlag: what is told in ErrorLog in detail, part by part. */
import type { DebugFlag } from '../../log/error-log.ts'
import { many } from '../declare/directive.ts'
import { type Kind, readOnOff } from '../declare/kinds.ts'
import { nearest } from '../declare/nearest.ts'
import type { Directive } from '../declare/row.ts'

/** What each flag tells of, and what is to come before it can. */
export const debugFlags = {
  StateMachine: { tells: 'transactions and their states', inForce: true },
  Parser: { tells: 'what was read of a message, and why one was refused', inForce: true },
  SipTcp: { tells: 'TCP connections', inForce: true },
  SipTls: { tells: 'TLS connections', inForce: true },
  Registry: { tells: 'registrations', inForce: true },
  Routing: { tells: 'next hops', inForce: true },
  Numexpand: { tells: 'numbers that were expanded', inForce: true },
  Enum: { tells: 'numbers that were looked up in the DNS', inForce: true },
  Authentication: { tells: 'challenges and their answers', inForce: 'authentication is to come' },
  Privacy: { tells: 'headers that were added and removed for privacy', inForce: 'privacy is to come' },
  Radius: { tells: 'messages to and from RADIUS', inForce: 'RADIUS is to come' },
  RPMS: { tells: 'preauthorization', inForce: 'preauthorization is to come' },
  DBMySQL: { tells: 'what the subscriber table was asked', inForce: 'the MySQL subscriber table is to come' },
  GKTMP: { tells: 'messages to and from a network-application manager', inForce: 'GKTMP is to come' },
  GktmpAPI: { tells: 'what the GKTMP interface was asked', inForce: 'GKTMP is to come' },
  RAS: { tells: 'requests to gatekeepers', inForce: 'H.323 RAS is to come' },
  RasAPI: { tells: 'RAS messages as they are encoded', inForce: 'H.323 RAS is to come' },
} as const satisfies Readonly<Record<DebugFlag, { tells: string; inForce: true | string }>>

const flagNames = Object.keys(debugFlags) as DebugFlag[]

interface Switch {
  readonly flag: DebugFlag
  readonly isOn: boolean
}

const flagSwitch: Kind<Switch> = {
  type: 'flag On|Off',
  range: flagNames.join(', '),
  parse: ([name = '', state = 'On', ...more]) => {
    const flag = flagNames.find((candidate) => candidate.toLowerCase() === name.toLowerCase())
    if (!flag) {
      const near = nearest(name, flagNames)
      return { expected: `a flag, ${near ? `perhaps ${near}` : `one of ${flagNames.join(', ')}`}` }
    }
    const isOn = readOnOff(state)
    if (isOn === undefined || more.length > 0) return { expected: 'a flag and then On or Off', at: 1 }
    const { inForce } = debugFlags[flag]
    return {
      value: { flag, isOn },
      remark: isOn && inForce !== true ? `DebugFlag ${flag} tells nothing yet: ${inForce}` : undefined,
    }
  },
  format: ({ flag, isOn }) => [flag, isOn ? 'On' : 'Off'],
}

const switches = many(
  flagSwitch,
  {
    help: 'Tell of a part in detail, in ErrorLog, whatever LogLevel is; all are Off. `DebugFlag_StateMachine On` and a flag without On are read too.',
    changes: 'reload',
    inForce: true,
    also: [/^DebugFlag_(\w+)$/i],
  },
  { keyOf: ({ flag }) => flag },
)

const debugFlag: Directive<ReadonlySet<DebugFlag>> = {
  ...switches,
  gather: (entries, reader) =>
    new Set(switches.gather(entries, reader).flatMap(({ flag, isOn }) => (isOn ? [flag] : []))),
  print: (name, flags) =>
    switches.print(
      name,
      [...flags].map((flag) => ({ flag, isOn: true })),
    ),
}

export const debug = { DebugFlag: debugFlag } as const
