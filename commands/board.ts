/** What a person sees when the appliance has started: where everything is, and three commands to try. */
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { type Home, programRoot } from '../lib/home.ts'

export function board(home: Home): string {
  const snmpd = read(join(home.conf, 'agent', 'snmpd.cnf'))
  const sipd = read(join(home.conf, 'sipd', 'sipd.conf'))
  const snmp = all(snmpd, /^snmpListenEntry\s+(\S+)/gm)
  const traps = all(snmpd, /^snmpTargetAddrEntry\s+\S+\s+\S+\s+(\S+)/gm)
  const sip = all(sipd, /^Listen\s+(\S+)/gim)
  const bin = relative(process.cwd(), join(programRoot, 'bin')) || '.'
  const agent = snmp[0] ?? '127.0.0.1:1161'
  const rows: readonly (readonly [string, string])[] = [
    ['SNMP', snmp.map((address) => `udp ${address}   read: public   operate: cspsAdmin`).join('\n')],
    ['traps go to', traps.map((address) => `udp ${address}`).join(', ')],
    ['SIP', [...sip.map((address) => `udp and tcp ${address}`), ...tlsOf(sipd)].join(', ')],
    ['home', home.root],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    'Castellan runs.',
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}   ${value}`),
    '',
    'Try:',
    `  ${bin}/getmany -v2c ${agent} public system`,
    `  ${bin}/setany -v2c ${agent} cspsAdmin critAppAdminStatus.1 down     # stops sipd; up starts it`,
    `  ${bin}/traprcv ${traps[0]?.split(':')[1] ?? 1162}                       # shows the traps that this sends`,
    '',
  ].join('\n')
}

/** TLS has a port of its own, on the addresses that sipd listens on. */
function tlsOf(sipd: string): string[] {
  if (!/^\s*SipTlsEnable\s+On\s*$/im.test(sipd)) return []
  return [`tls port ${all(sipd, /^\s*SipTlsPort\s+(\d+)/gim).at(-1) ?? 5061}`]
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1]!)
}
