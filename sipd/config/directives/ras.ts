/** The directives of H.323 RAS: asking gatekeepers where a number is. */
import { container, many, one } from '../declare/directive.ts'
import { host, type Kind, oneOf, onOff, port, transport, whole } from '../declare/kinds.ts'

const inForce = 'H.323 RAS is to come'

export interface Gatekeeper {
  readonly host: string
  readonly port: number
}

export interface TechnologyPrefix {
  /** Digits, and a dot for any digit. */
  readonly pattern: string
  readonly prefix: string
  readonly action: 'Strip' | 'Include'
}

const gatekeeper: Kind<Gatekeeper> = {
  type: 'host port',
  parse: ([hostText = '', portText = '', ...more]) => {
    const [name, number] = [host.parse([hostText]), port.parse([portText])]
    if ('expected' in name || more.length > 0) return { expected: 'a host and a port' }
    return 'expected' in number ? { ...number, at: 1 } : { value: { host: name.value, port: number.value } }
  },
  format: (value) => [value.host, String(value.port)],
}

const prefixAction = oneOf(['Strip', 'Include'])

const technologyPrefix: Kind<TechnologyPrefix> = {
  type: 'pattern prefix Strip|Include',
  parse: ([pattern = '', prefix = '', actionText = '', ...more]) => {
    const action = prefixAction.parse([actionText])
    if (!/^\+?[\d.]+$/.test(pattern) || more.length > 0)
      return { expected: 'a pattern of digits and dots, a prefix, and Strip or Include' }
    if (!/^[\d*#]+$/.test(prefix)) return { expected: 'a prefix of digits, * and # after the pattern', at: 1 }
    return 'expected' in action
      ? { expected: 'Strip or Include after the prefix', at: 2 }
      : { value: { pattern, prefix, action: action.value } }
  },
  format: ({ pattern, prefix, action }) => [pattern, prefix, action],
}

export const ras = {
  RASModule: one(onOff, 'Off', { help: 'Ask gatekeepers.', changes: 'reload', inForce }),
  RASAcceptLCF: one(oneOf(['First', 'Best']), 'First', { help: 'Which answer is taken.', changes: 'reload', inForce }),
  RASTimeoutInterval: one(whole(1, 60_000, 'ms'), '300', {
    help: 'How long one gatekeeper may take.',
    changes: 'reload',
    inForce,
  }),
  RASLRQMethod: one(oneOf(['Sequential', 'Blast']), 'Sequential', {
    help: 'Ask one after the other, or all at once.',
    changes: 'reload',
    inForce,
  }),
  RASLRQWindow: one(whole(1, 600_000, 'ms'), '3000', {
    help: 'How long all together may take.',
    changes: 'reload',
    inForce,
  }),
  RASTimeToLive: one(whole(1, 255, 'hops'), '6', { help: 'How far a question may go.', changes: 'reload', inForce }),
  RASAllowTranslation: one(onOff, 'Off', {
    help: 'Let a gatekeeper give another number than was asked for (canMapAlias).',
    changes: 'reload',
    inForce,
  }),
  RASGatekeeperCluster: container(
    {
      key: 'priority',
      argument: whole(1, 65_535),
      inside: {
        RASGatekeeper: many(
          gatekeeper,
          { help: 'a gatekeeper and its port', changes: 'reload', inForce: true },
          { most: 5, keyOf: (value) => `${value.host} ${value.port}` },
        ),
      },
    },
    { help: 'Gatekeepers that are asked together; clusters are asked by priority.', changes: 'reload', inForce },
  ),
  RASDefaultTechPrefixAction: one(prefixAction, 'Include', {
    help: 'What becomes of a technology prefix that no RASTechPrefix names.',
    changes: 'reload',
    inForce,
  }),
  RASTechPrefix: many(
    technologyPrefix,
    { help: 'What becomes of that of a number.', changes: 'reload', inForce },
    { keyOf: ({ pattern }) => pattern },
  ),
  RASTransportType: one(transport, 'UDP', {
    help: 'The transport of routes from a gatekeeper.',
    changes: 'reload',
    inForce,
  }),
} as const
