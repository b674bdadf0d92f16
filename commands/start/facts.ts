/** What the files of a home say of its appliance: where it listens, who may ask, whom traps go to, what it supervises. */
import type { ViewType } from '../../agent/access/vacm.ts'
import { isLocalUser, type UsmUserRow, usmUserTable } from '../../agent/internal/usm-users.ts'
import { readConsoleConfig } from '../../console/config.ts'
import { consoleUsers } from '../../console/credentials.ts'
import type { Home } from '../../lib/home/home.ts'
import { View } from '../../lib/mib/view.ts'
import { hostAndPort } from '../../lib/net/address.ts'
import { compareOid } from '../../lib/smi/oid.ts'
import type { Principal, SecurityLevel } from '../../lib/smi/principal.ts'
import { inspectConfig } from '../../sipd/config/read.ts'
import { authProtocols, privProtocols } from '../../snmp/security/usm/protocols.ts'
import { formatAddress } from '../../snmp/transport/udp.ts'
import { critappModule } from '../../subagents/critapp/index.ts'
import { critAppProcTable } from '../../subagents/critapp/mib.ts'
import { configFileOf } from '../agent/config-file.ts'
import { type Configuration, openConfiguration } from '../agent/configuration.ts'
import { rowsAmong } from '../agent/rows.ts'

/** A community, or a user with the highest level that it has keys for. */
export interface Asker {
  readonly name: string
  /** Undefined of a community. */
  readonly level: SecurityLevel | undefined
  readonly mayRead: boolean
  readonly mayOperate: boolean
}

export interface SnmpFacts {
  readonly addresses: readonly string[]
  readonly communities: readonly Asker[]
  /** Without those of the console. */
  readonly users: readonly Asker[]
  /** Addresses that traps go to, without that of the console. */
  readonly targets: readonly string[]
}

const object = critAppProcTable.columns.critAppAdminStatus.oid

/** A broken file says nothing, and no agent serves on it. */
export async function snmpFacts(home: Home): Promise<SnmpFacts> {
  const configuration = await openConfiguration(home).catch(() => undefined)
  if (!configuration) return { addresses: [], communities: [], users: [], targets: [] }
  const { internal } = configuration
  const ofConsole = await readConsoleConfig(home).then(
    ({ listenAddress }) => formatAddress(listenAddress),
    () => undefined,
  )
  return {
    addresses: internal.listenAddresses(),
    communities: internal.communities().map(({ name, securityName, contextName }) => {
      const principal = { securityModel: 'snmpv2c', securityName, securityLevel: 'noAuthNoPriv', contextName } as const
      return { name: Buffer.from(name).toString(), level: undefined, ...rightsOf(configuration, principal) }
    }),
    users: configuration
      .rows(usmUserTable)
      .filter(isLocalUser)
      .filter(({ usmUserName }) => !Object.values<string>(consoleUsers).includes(usmUserName))
      .map((row) => userFacts(configuration, row)),
    targets: [...new Set(internal.targets().map(formatAddress))].filter((address) => address !== ofConsole),
  }
}

/** The rows of critagt.cnf, by their index; none of a file that is broken. */
export async function applicationFacts(home: Home): Promise<{ readonly index: number; readonly name: string }[]> {
  const { configured } = critappModule(home, async () => 200)
  const complaints = await configFileOf(home, 'subagents/critagt.cnf', configured).load()
  if (complaints.length > 0) return []
  return rowsAmong(configured, critAppProcTable).map((row) => ({
    index: row.critAppProcIndex,
    name: row.critAppProcName,
  }))
}

/** TLS has a port of its own, on the addresses that sipd listens on. */
export function sipAddresses(home: Home): string[] {
  const { config } = inspectConfig(home)
  if (!config) return []
  const plain = config.Listen.map(({ address, port }) => `udp and tcp ${hostAndPort(address, port)}`)
  return config.SipTlsEnable ? [...plain, `tls port ${config.SipTlsPort}`] : plain
}

function userFacts(configuration: Configuration, row: UsmUserRow): Asker {
  const level = levelOf(row)
  const principal = {
    securityModel: 'usm',
    securityName: row.usmUserName,
    securityLevel: level,
    contextName: '',
  } as const
  return { name: row.usmUserName, level, ...rightsOf(configuration, principal) }
}

function levelOf({ usmUserAuthProtocol: auth, usmUserPrivProtocol: priv }: UsmUserRow): SecurityLevel {
  if (!authProtocols.some(({ oid }) => compareOid(oid, auth) === 0)) return 'noAuthNoPriv'
  return privProtocols.some(({ oid }) => compareOid(oid, priv) === 0) ? 'authPriv' : 'authNoPriv'
}

/** With applications, which operators start and stop. */
function rightsOf({ internal }: Configuration, principal: Principal): Pick<Asker, 'mayRead' | 'mayOperate'> {
  const may = (viewType: ViewType): boolean => {
    const view = internal.vacm().viewFor(principal, viewType)
    return view instanceof View && view.includes(object)
  }
  return { mayRead: may('read'), mayOperate: may('write') }
}
