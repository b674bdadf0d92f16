/** What a person sees when the appliance has started: what runs where, what does not and why, and commands to try. */
import { relative } from 'node:path'
import { formatTable } from '../../lib/cli/table.ts'
import type { Home } from '../../lib/home/home.ts'
import { programRoot } from '../../lib/program-root.ts'
import { printable } from '../../lib/text/escape.ts'
import { addressToAsk, formatAddress, parseAddress } from '../../snmp/transport/udp.ts'
import type { AppState } from '../../subagents/critapp/index.ts'
import { whyDown } from './app-states.ts'
import { type Asker, applicationFacts, type SnmpFacts, sipAddresses, snmpFacts } from './facts.ts'

type Row = readonly [name: string, value: string]

/** `apps` is undefined when the subagents did not say. */
export async function board(home: Home, apps: readonly AppState[] | undefined): Promise<string> {
  const snmp = await snmpFacts(home)
  const down = apps?.filter(({ wanted, isUp }) => wanted === 'up' && !isUp) ?? []
  const rows: Row[] = [
    ['SNMP', snmp.addresses.map((address) => `udp ${address}   ${rightsText(snmp)}`).join('\n')],
    ['traps go to', snmp.targets.map((address) => `udp ${address}`).join(', ') || 'nobody'],
    ...(apps ?? []).map((app): Row => [app.name, appText(home, app)]),
    ['home', home.root],
  ]
  const width = Math.max(...rows.map(([name]) => name.length))
  const names = down.map(({ name }) => name).join(', ')
  return [
    down.length === 0 ? 'Castellan runs.' : `Castellan runs, but not all that it supervises: ${names}.`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}   ${value.replaceAll('\n', `\n${' '.repeat(width + 5)}`)}`),
    '',
    ...(await advice(home, snmp)),
    '',
  ].join('\n')
}

function rightsText({ communities, users }: SnmpFacts): string {
  const list = (title: string, askers: readonly Asker[]): string[] =>
    askers.length === 0 ? [] : [`${title}: ${askers.map(({ name }) => printable(name)).join(', ')}`]
  const parts = [
    ...list(
      'read',
      communities.filter(({ mayRead, mayOperate }) => mayRead && !mayOperate),
    ),
    ...list(
      'operate',
      communities.filter(({ mayOperate }) => mayOperate),
    ),
    ...list('users', users),
  ]
  return parts.join('   ') || 'nobody may ask yet; run: castellan user add'
}

function appText(home: Home, app: AppState): string {
  if (app.wanted === 'down') return 'down, as it should be'
  if (!app.isUp) return `not up: ${whyDown(app)}`
  return app.name === 'sipd' ? `up   ${sipAddresses(home).join(', ')}` : 'up'
}

/** Lines that work on this appliance: with its address, a community or user of its own, and an application that it supervises. */
async function advice(home: Home, { addresses, communities, users, targets }: SnmpFacts): Promise<string[]> {
  const [address] = addresses
  if (address === undefined) return []
  const bin = launchers()
  const agent = formatAddress(addressToAsk(address))
  const askers = [...communities, ...users]
  const reader =
    askers.find(({ mayRead, mayOperate }) => mayRead && !mayOperate) ?? askers.find(({ mayRead }) => mayRead)
  const operator = askers.find(({ mayOperate }) => mayOperate)
  const [app] = await applicationFacts(home)
  const trapPort = parseAddress(targets[0] ?? '')?.port
  const commands: Row[] = []
  if (reader) commands.push([`${bin}/getmany ${askingAs(reader, agent)} system`, ''])
  if (operator && app)
    commands.push([
      `${bin}/setany ${askingAs(operator, agent)} critAppAdminStatus.${app.index} down`,
      `stops ${app.name}; up starts it`,
    ])
  if (trapPort !== undefined) commands.push([`${bin}/traprcv ${trapPort}`, 'shows the traps that this sends'])
  if (commands.length === 0) return []
  const table = commands.map(([command, what]) => [{ text: `  ${command}` }, { text: what ? `# ${what}` : '' }])
  return ['Try:', formatTable(table, { isColoured: false }).trimEnd()]
}

/** As the tools take it. */
function askingAs({ name, level }: Asker, agent: string): string {
  if (level === undefined) return `-v2c ${agent} ${name}`
  return `-v3 -u ${name}${level === 'authPriv' ? '' : ` -l ${level}`} ${agent}`
}

/** As a person here would type it; the folder where they are may have been removed. */
function launchers(): string {
  const folder = `${programRoot}/bin`
  try {
    const short = relative(process.cwd(), folder) || '.'
    return short.startsWith('..') ? folder : short
  } catch {
    return folder
  }
}
