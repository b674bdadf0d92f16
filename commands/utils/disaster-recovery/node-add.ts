/** utils disaster_recovery node add: makes this node the master of another one, and proves it. */
import { randomBytes } from 'node:crypto'
import { lookup } from 'node:dns/promises'
import { hostname } from 'node:os'
import type { NodeReport, NodeSettings } from '../../../lib/backup/node.ts'
import { CommandFailure, exitCodes, RefusedError, UsageError } from '../../../lib/cli/exit-codes.ts'
import { messageOf } from '../../../lib/errors.ts'
import type { Home } from '../../../lib/home/home.ts'
import { readRow } from '../../../lib/mib/row-requests.ts'
import { printable } from '../../../lib/text/escape.ts'
import { programVersion } from '../../../lib/version.ts'
import { Manager } from '../../../snmp/manager/manager.ts'
import { drsGlobals } from '../../../subagents/backup/mib.ts'
import type { Assignment } from '../../../subagents/backup/operator.ts'
import { RemoteAgent } from '../../../views/remote-agent.ts'
import { exitCodeOfTool } from '../../agent/exit-codes.ts'
import { passphrases } from '../../credentials/passphrases.ts'
import { authNamed, privNamed } from '../../credentials/protocols.ts'
import { globalsOf, rowsOf, setRows } from './ask.ts'
import { type FullUser, makeUser } from './node-user.ts'

export interface AdminOptions {
  readonly user: string | undefined
  readonly port: number
  readonly auth: string
  readonly priv: string
  readonly passphraseFile: string | undefined
}

/** Gives what was done, for people. */
export async function addNode(home: Home, host: string, options: AdminOptions): Promise<string> {
  const index = (await globalsOf(home)).get('drsNodeNextIndex')
  const admin = await adminOf(options)
  const user: FullUser = {
    name: masterUserName(),
    auth: { protocol: admin.auth.protocol, passphrase: freshPassphrase() },
    priv: { protocol: admin.priv.protocol, passphrase: freshPassphrase() },
  }
  const name = await asAdmin(host, options.port, admin, async (manager) => {
    const found = await nameOf(manager, host)
    await makeUser(manager, admin, user)
    return found
  })
  const settings = settingsOf(name, host, options.port, user)
  const report = await proven(settings)
  const before = (await rowsOf(home, 'drsNodeTable')).find((row) => row.get('drsNodeName') === name)
  if (!before && index === '0') throw new CommandFailure('there are as many nodes as there can be; remove one')
  const at = before ? String(before.index[0]) : index
  await setRows(home, assignmentsOf(settings, at, before === undefined))
  return [
    `${before ? 'changed' : 'added'} node ${name}: Castellan ${report.version}, features ${report.features.map((one) => one.name).join(', ')}`,
    `verified: user ${user.name} reads and sets CASTELLAN-BACKUP-MIB of ${name} with authentication and privacy`,
    'it is part of every backup from now on',
  ]
    .map((line) => `${printable(line)}\n`)
    .join('')
}

/** What `act` throws is said with the exit code of an agent's answer. */
export async function asAdmin<T>(
  host: string,
  port: number,
  admin: FullUser,
  act: (manager: Manager) => Promise<T>,
): Promise<T> {
  const credentials = { userName: admin.name, auth: admin.auth, priv: admin.priv }
  const { address } = await lookup(host)
  const manager = new Manager({ host: address, port, security: { version: 'v3', credentials }, timeoutMs: 2000 })
  try {
    return await act(manager)
  } catch (error) {
    const code = exitCodeOfTool(error)
    if (code === undefined) throw error
    throw new CommandFailure(printable(`user ${admin.name} at ${host}, port ${port}: ${messageOf(error)}`), code)
  } finally {
    manager.close()
  }
}

export async function adminOf({ user, auth, priv, passphraseFile }: AdminOptions): Promise<FullUser> {
  if (user === undefined) throw new UsageError('expected --user, a user of group admin on the node')
  const privProtocol = privNamed('--priv', priv)
  if (!privProtocol) throw new UsageError('--priv must be a protocol: the node is driven with privacy alone')
  const phrases = await passphrases(passphraseFile, true)
  return {
    name: user,
    auth: { protocol: authNamed('--auth', auth), passphrase: phrases.auth },
    priv: { protocol: privProtocol, passphrase: phrases.priv },
  }
}

/** What this machine is called as a user of others: it tells masters apart. */
export function masterUserName(): string {
  return `drs-${hostname().replace(/[^\w.-]/g, '-')}`.slice(0, 32)
}

/** 192 bits: nobody types it, and nobody guesses it. */
const freshPassphrase = (): string => randomBytes(24).toString('base64url')

/** What the node calls itself. Throws where it cannot be a node of this one. */
async function nameOf(manager: Manager, host: string): Promise<string> {
  const columns = ['drsMasterAgentNode', 'drsMasterAgentStatus', 'drsSoftwareVersion'] as const
  const found = await readRow(manager, drsGlobals, { index: {}, columns })
  const { drsMasterAgentNode: name, drsSoftwareVersion: version } = found
  if (name === undefined || found.drsMasterAgentStatus !== 'up')
    throw new CommandFailure(
      `${host} answers, and its backup module does not run; start its subagents: castellan start`,
    )
  if (name === hostname())
    throw new RefusedError(
      printable(`${host} calls itself ${name}, as this machine does; give each machine a host name of its own`),
    )
  if (version !== programVersion())
    throw new RefusedError(
      printable(`${name} runs Castellan ${version}, and this is ${programVersion()}; install the same`),
    )
  return name
}

function settingsOf(name: string, host: string, port: number, { auth, priv, ...user }: FullUser): NodeSettings {
  return {
    ...{ name, host, port },
    user: {
      name: user.name,
      authProtocol: auth.protocol.name,
      privProtocol: priv.protocol.name,
      authPassphrase: auth.passphrase,
      privPassphrase: priv.passphrase,
    },
  }
}

async function proven(settings: NodeSettings): Promise<NodeReport> {
  const agent = new RemoteAgent(settings)
  try {
    return await agent.verify()
  } catch (error) {
    const { name } = settings.user
    throw new CommandFailure(
      printable(`created user ${name} on ${settings.name}, which cannot do what it must: ${messageOf(error)}`),
      exitCodes.refused,
    )
  } finally {
    await agent.close()
  }
}

function assignmentsOf({ name, host, port, user }: NodeSettings, index: string, isNew: boolean): Assignment[] {
  const columns: Readonly<Record<string, string>> = {
    drsNodeName: name,
    drsNodeHost: host,
    drsNodePort: String(port),
    drsNodeUserName: user.name,
    drsNodeAuthProtocol: user.authProtocol,
    drsNodePrivProtocol: user.privProtocol,
    drsNodeAuthPassphrase: user.authPassphrase,
    drsNodePrivPassphrase: user.privPassphrase,
    ...(isNew ? { drsNodeRowStatus: 'createAndGo' } : {}),
  }
  return Object.entries(columns).map(([column, value]) => [`${column}.${index}`, value])
}
