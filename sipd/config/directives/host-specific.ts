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

/** The four that the file of Cisco SIP Proxy Server 2.2 has. */
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
      : { expected: 'a format in quotes, followed by its nickname' },
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
    help: 'A format of the access log and its nickname, which CustomLog refers to. A second line with the same nickname replaces the format.',
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
    help: 'The port on 127.0.0.1 when there is no Listen.',
    changes: 'restart',
    inForce: true,
  }),
  User: optional(text('user'), {
    help: 'The user that sipd runs as when root starts it: a name, or a number written "#990"; `root` lets it stay root. Without this directive: the owner of run/sipd, or the user sipd.',
    changes: 'restart',
    inForce: true,
  }),
  Group: optional(text('group'), {
    help: 'The group that sipd runs as when root starts it: a name, or a number written "#980". Without this directive: the group of the user.',
    changes: 'restart',
    inForce: true,
  }),
  ServerName: optional(domain, {
    help: 'The name that clients use for this server or its farm; it must exist in the DNS.',
    changes: 'reload',
    inForce: true,
  }),
  HostnameLookups: one(onOff, 'Off', {
    help: 'Log the names of clients instead of their addresses.',
    changes: 'reload',
    inForce: 'looking up the names of clients is not implemented yet; the access log shows addresses',
  }),
  ErrorLog: one(destination, 'logs/sipd/error_log', {
    help: 'Where errors and events are logged; "|rotatelogs logs/sipd/error_log 86400" starts a new file every day. A program is looked up in bin/ of the appliance first, and runs in the home.',
    changes: 'reload',
    inForce: true,
  }),
  LogLevel: one(oneOf(logLevelWords), 'notice', {
    help: 'The least severe level that is written to ErrorLog. The default of Cisco SIP Proxy Server 2.2 is warn; sipd logs few lines at notice, and they are worth reading.',
    changes: 'reload',
    inForce: true,
  }),
  LogFormat: logFormats,
  CustomLog: one(accessLog, 'logs/sipd/access_log common', {
    help: 'Where answered requests are logged, and in which format. There is one access log.',
    changes: 'reload',
    inForce: true,
    also: ['CommonLog'],
  }),
} as const
