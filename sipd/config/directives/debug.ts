/** DebugFlag: what is told in ErrorLog in detail, part by part. */
import type { DebugFlag } from '../../log/error-log.ts'
import { many } from '../declare/directive.ts'
import { type Kind, readOnOff } from '../declare/kinds.ts'
import { nearest } from '../declare/nearest.ts'
import type { Directive } from '../declare/row.ts'

/** What each flag tells of, and what is not implemented yet. */
export const debugFlags = {
  StateMachine: { tells: 'transactions and their states', inForce: true },
  Parser: { tells: 'what was read from a message, and why a message was refused', inForce: true },
  SipTcp: { tells: 'TCP connections', inForce: true },
  SipTls: { tells: 'TLS connections', inForce: true },
  Registry: { tells: 'registrations', inForce: true },
  Routing: { tells: 'next hops', inForce: true },
  Numexpand: { tells: 'expanded numbers', inForce: true },
  Enum: { tells: 'ENUM queries and their answers', inForce: true },
  Authentication: {
    tells: 'challenges and the credentials that answer them',
    inForce: 'authentication is not implemented yet',
  },
  Privacy: { tells: 'headers that were added and removed for privacy', inForce: 'privacy is not implemented yet' },
  Radius: { tells: 'messages to and from RADIUS', inForce: 'RADIUS is not implemented yet' },
  RPMS: { tells: 'preauthorization', inForce: 'preauthorization is not implemented yet' },
  DBMySQL: { tells: 'queries of the subscriber table', inForce: 'the MySQL subscriber table is not implemented yet' },
  GKTMP: { tells: 'messages to and from a network-application manager', inForce: 'GKTMP is not implemented yet' },
  GktmpAPI: { tells: 'requests to the GKTMP interface', inForce: 'GKTMP is not implemented yet' },
  RAS: { tells: 'requests to gatekeepers', inForce: 'H.323 RAS is not implemented yet' },
  RasAPI: { tells: 'encoded RAS messages', inForce: 'H.323 RAS is not implemented yet' },
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
    if (isOn === undefined || more.length > 0) return { expected: 'a flag followed by On or Off', at: 1 }
    const { inForce } = debugFlags[flag]
    return {
      value: { flag, isOn },
      remark: isOn && inForce !== true ? `DebugFlag ${flag} has no effect: ${inForce}` : undefined,
    }
  },
  format: ({ flag, isOn }) => [flag, isOn ? 'On' : 'Off'],
}

const switches = many(
  flagSwitch,
  {
    help: 'Log the details of one part to ErrorLog, whatever LogLevel is; all flags are Off by default. `DebugFlag_StateMachine On` and a flag without On are read too.',
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
