/** What a person sees when the appliance has started: what runs where, what does not and why, and commands to try. */
import { relative } from 'node:path'
import { formatTable } from '../lib/cli/table.ts'
import type { Home } from '../lib/home/home.ts'
import { View } from '../lib/mib/view.ts'
import { hostAndPort } from '../lib/net/address.ts'
import { programRoot } from '../lib/program-root.ts'
import { inspectConfig } from '../sipd/config/read.ts'
import { addressToAsk, formatAddress, parseAddress } from '../snmp/transport/udp.ts'
import type { AppState } from '../subagents/critapp/index.ts'
import { critAppProcTable } from '../subagents/critapp/mib.ts'
import { whyDown } from './app-states.ts'
import { openConfiguration } from './configuration.ts'

type Row = readonly [name: string, value: string]

interface SnmpFacts {
  readonly addresses: readonly string[]
  readonly readers: readonly string[]
  readonly operators: readonly string[]
  readonly targets: readonly string[]
}

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
    ...advice(snmp),
    '',
  ].join('\n')
}

function rightsText({ readers, operators }: SnmpFacts): string {
  const parts = [
    readers.length > 0 ? `read: ${readers.join(', ')}` : '',
    operators.length > 0 ? `operate: ${operators.join(', ')}` : '',
  ].filter(Boolean)
  return parts.join('   ') || 'SNMPv3 users only: castellan user list'
}

function appText(home: Home, app: AppState): string {
  if (app.wanted === 'down') return 'down, as it should be'
  if (!app.isUp) return `not up: ${whyDown(app)}`
  return app.name === 'sipd' ? `up   ${sipAddresses(home).join(', ')}` : 'up'
}

/** TLS has a port of its own, on the addresses that sipd listens on. */
function sipAddresses(home: Home): string[] {
  const { config } = inspectConfig(home)
  if (!config) return []
  const plain = config.Listen.map(({ address, port }) => `udp and tcp ${hostAndPort(address, port)}`)
  return config.SipTlsEnable ? [...plain, `tls port ${config.SipTlsPort}`] : plain
}

function advice({ addresses, readers, operators, targets }: SnmpFacts): string[] {
  const bin = launchers()
  const agent = formatAddress(addressToAsk(addresses[0] ?? ''))
  const trapPort = parseAddress(targets[0] ?? '')?.port ?? 162
  const reader = readers[0] === undefined ? `-v3 -u USER ${agent}` : `-v2c ${agent} ${readers[0]}`
  const operator = operators[0] === undefined ? undefined : `-v2c ${agent} ${operators[0]}`
  const commands: Row[] = [
    [`${bin}/getmany ${reader} system`, ''],
    ...(operator ? [[`${bin}/setany ${operator} critAppAdminStatus.1 down`, 'stops sipd; up starts it'] as const] : []),
    [`${bin}/traprcv ${trapPort}`, 'shows the traps that this sends'],
  ]
  const table = commands.map(([command, what]) => [{ text: `  ${command}` }, { text: what ? `# ${what}` : '' }])
  return ['Try:', formatTable(table, { isColoured: false }).trimEnd()]
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

/** What the configuration that the agent reads says. A broken file says nothing, and no agent serves on it. */
async function snmpFacts(home: Home): Promise<SnmpFacts> {
  const configuration = await openConfiguration(home).catch(() => undefined)
  if (!configuration) return { addresses: [], readers: [], operators: [], targets: [] }
  const { internal } = configuration
  const vacm = internal.vacm()
  const communities = internal.communities()
  const may = (access: 'read' | 'write') =>
    communities
      .filter(({ securityName, contextName }) => {
        const principal = {
          securityModel: 'snmpv2c',
          securityName,
          securityLevel: 'noAuthNoPriv',
          contextName,
        } as const
        const view = vacm.viewFor(principal, access)
        return view instanceof View && view.includes(critAppProcTable.columns.critAppAdminStatus.oid)
      })
      .map(({ name }) => Buffer.from(name).toString())
  const operators = may('write')
  return {
    addresses: internal.listenAddresses(),
    readers: may('read').filter((name) => !operators.includes(name)),
    operators,
    targets: [...new Set(internal.targets().map(formatAddress))],
  }
}
