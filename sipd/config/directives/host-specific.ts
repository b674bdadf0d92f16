/** Host-specific directives: the names of this host, its user, and its logs. */
import { logLevelWords } from '../../log/error-log.ts'
import { many, one, optional } from '../declare/directive.ts'
import { type Destination, destination, domain, type Kind, oneOf, onOff, port, text } from '../declare/kinds.ts'
import type { Directive } from '../declare/row.ts'

export interface LogFormat {
  readonly nickname: string
  readonly format: string
}

export interface AccessLog {
  readonly destination: Destination
  /** A nickname of LogFormat, or a format itself when there is a percent sign in it. */
  readonly format: string
}

/** The four that the ancestor's file has. */
const shippedFormats = [
  String.raw`"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\"" combined`,
  String.raw`"%h %l %u %t \"%r\" %>s %b" common`,
  '"%{Referer}i -> %U" referer',
  '"%{User-agent}i" agent',
]

const logFormat: Kind<LogFormat> = {
  type: 'format nickname',
  parse: ([format = '', nickname = '', ...more]) =>
    format !== '' && /^[\w-]+$/.test(nickname) && more.length === 0
      ? { value: { nickname, format } }
      : { expected: 'a format in quotes and a nickname for it' },
  format: ({ nickname, format }) => [format, nickname],
}

const accessLog: Kind<AccessLog> = {
  type: 'log format',
  range: `${destination.range}; then a nickname of LogFormat, or a format in quotes`,
  parse: ([log = '', format = 'common', ...more]) => {
    const parsed = destination.parse([log])
    if ('expected' in parsed) return parsed
    if (format === '' || more.length > 0) return { expected: 'a log and the nickname of its format', at: 1 }
    return { value: { destination: parsed.value, format } }
  },
  format: (value) => [...destination.format(value.destination), value.format],
}

const formatRow = many(
  logFormat,
  {
    help: 'A format of the access log, and the nickname that CustomLog knows it by. A nickname that is there already gets the new format.',
    changes: 'reload',
    inForce: true,
  },
  { defaults: shippedFormats, keyOf: ({ nickname }) => nickname },
)
/** What is written adds to the four; it takes the place of one of the same nickname. */
const logFormats: Directive<readonly LogFormat[]> = {
  ...formatRow,
  gather: (entries, reader) => {
    const written = formatRow.gather(entries, reader)
    const kept = formatRow
      .gather([], reader)
      .filter(({ nickname }) => !written.some((own) => own.nickname === nickname))
    return entries.length === 0 ? written : [...kept, ...written]
  },
}

export const hostSpecific = {
  Port: one(port, '5060', {
    help: 'The port of 127.0.0.1, when there is no Listen.',
    changes: 'restart',
    inForce: true,
  }),
  User: optional(text('user'), {
    help: 'Whom sipd runs as, when root starts it: a name, or a number as "#990"; `root` lets it stay root. Without it, the owner of run/sipd, or the user sipd.',
    changes: 'restart',
    inForce: true,
  }),
  Group: optional(text('group'), {
    help: 'Which group sipd runs as, when root starts it: a name, or a number as "#980". Without it, that of the user.',
    changes: 'restart',
    inForce: true,
  }),
  ServerName: optional(domain, {
    help: 'The name that clients use for this server, or for its farm; it has to be in the DNS.',
    changes: 'reload',
    inForce: true,
  }),
  HostnameLookups: one(onOff, 'Off', {
    help: 'Log the names of clients, not their addresses.',
    changes: 'reload',
    inForce: 'the access log shows addresses; looking up names of clients is to come',
  }),
  ErrorLog: one(destination, 'logs/sipd/error_log', {
    help: 'Where what happens is told; "|rotatelogs logs/sipd/error_log 86400" turns it over daily. A program is looked for in bin/ of the appliance first, and works in the home.',
    changes: 'reload',
    inForce: true,
  }),
  LogLevel: one(oneOf(logLevelWords), 'notice', {
    help: "The least severe line that ErrorLog gets. The ancestor's is warn; here what is noticed is rare and worth its line.",
    changes: 'reload',
    inForce: true,
  }),
  LogFormat: logFormats,
  CustomLog: one(accessLog, 'logs/sipd/access_log common', {
    help: 'Where requests that were answered are told, and in which format. There is one such log.',
    changes: 'reload',
    inForce: true,
    also: ['CommonLog'],
  }),
} as const
