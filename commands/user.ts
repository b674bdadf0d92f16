/** castellan user: makes, lists and removes users of SNMPv3. Passphrases never are arguments, and are kept nowhere. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { readEngineId } from '../agent/engine-identity.ts'
import { vacmSecurityToGroupTable } from '../agent/internal/access-tables.ts'
import { internalModules } from '../agent/internal/index.ts'
import { usmUserTable } from '../agent/internal/usm-users.ts'
import { authKey, privKey, shortestPassphrase } from '../agent/security/usm/keys.ts'
import { authProtocols, privProtocols } from '../agent/security/usm/protocols.ts'
import { Statistics } from '../agent/statistics.ts'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import type { Home } from '../lib/home.ts'
import { ConfigFile } from '../lib/mib/config.ts'
import { anyDefinition, type RowOf } from '../lib/mib/declare.ts'
import type { AnyRow } from '../lib/mib/served.ts'
import { mib2Module } from '../subagents/mib2/index.ts'
import { declaredNames } from './declared-names.ts'

export interface UserOptions {
  readonly auth: string
  readonly priv: string
  readonly group: string
  readonly passphraseFile?: string
}

type UserRow = RowOf<typeof usmUserTable>
type GroupRow = RowOf<typeof vacmSecurityToGroupTable>

export async function addUser(home: Home, name: string, options: UserOptions): Promise<string> {
  const auth = authProtocols.find((one) => one.name.toLowerCase() === options.auth.toLowerCase())
  if (!auth) throw new Error(`--auth is to be ${authProtocols.map((one) => one.name).join(', ')}, not ${options.auth}`)
  const priv = privProtocols.find((one) => one.name.toLowerCase() === options.priv.toLowerCase())
  if (!priv && options.priv !== 'none') {
    throw new Error(`--priv is to be ${privProtocols.map((one) => one.name).join(', ')} or none, not ${options.priv}`)
  }
  if (!['read', 'operate', 'admin'].includes(options.group) || (options.group === 'admin' && !priv)) {
    throw new Error('--group is to be read, operate or admin; admin needs privacy')
  }
  if (!/^[\w.@-]{1,32}$/.test(name))
    throw new Error(`${name} is no user name: 1 to 32 letters, digits, or any of _ . @ -`)
  const [authPassphrase, privPassphrase] = await passphrases(options, priv !== undefined)
  const engineId = await readEngineId(join(home.data, 'agent', 'engine.json'))
  const file = await openFile(home)
  const user: UserRow = {
    usmUserEngineID: new Uint8Array(0),
    usmUserName: name,
    usmUserAuthProtocol: auth.oid,
    usmUserPrivProtocol: priv?.oid ?? [1, 3, 6, 1, 6, 3, 10, 1, 2, 1],
    usmUserStorageType: 'nonVolatile',
    usmUserAuthKey: authKey(auth, authPassphrase, engineId),
    usmUserPrivKey: priv ? privKey(auth, priv, privPassphrase, engineId) : new Uint8Array(0),
  }
  const member: GroupRow = {
    vacmSecurityModel: 'usm',
    vacmSecurityName: name,
    vacmGroupName: `${options.group}${priv ? 'Priv' : 'Auth'}`,
    vacmSecurityToGroupStorageType: 'nonVolatile',
    vacmSecurityToGroupStatus: 'active',
  }
  await file.config.persist([
    { definition: anyDefinition(usmUserTable), before: undefined, after: user },
    { definition: anyDefinition(vacmSecurityToGroupTable), before: undefined, after: member },
  ])
  const level = priv ? 'authPriv' : 'authNoPriv'
  const privacy = priv ? ` -x ${priv.name} -X 'PRIV-PASSPHRASE'` : ''
  return [
    `user ${name} is made; a running agent takes it with: castellan reload`,
    `snmpget -v3 -l ${level} -u ${name} -a ${auth.name} -A 'AUTH-PASSPHRASE'${privacy} ${file.address} 1.3.6.1.2.1.1.3.0`,
    '',
  ].join('\n')
}

export async function listUsers(home: Home): Promise<string> {
  const { users, groups } = await openFile(home)
  const lines = users.map((row) => {
    const { format: auth } = usmUserTable.columns.usmUserAuthProtocol.syntax
    const { format: priv } = usmUserTable.columns.usmUserPrivProtocol.syntax
    const group = groups.find((one) => one.vacmSecurityModel === 'usm' && one.vacmSecurityName === row.usmUserName)
    return `${row.usmUserName.padEnd(20)} ${auth(row.usmUserAuthProtocol).padEnd(8)} ${priv(row.usmUserPrivProtocol).padEnd(10)} ${group?.vacmGroupName ?? '-'}\n`
  })
  return lines.length > 0 ? lines.join('') : 'there are no users\n'
}

export async function removeUser(home: Home, name: string): Promise<string> {
  const { config, users, groups } = await openFile(home)
  const user = users.find((row) => row.usmUserName === name)
  if (!user) throw new Error(`there is no user ${name}`)
  const member = groups.find((one) => one.vacmSecurityModel === 'usm' && one.vacmSecurityName === name)
  await config.persist([
    { definition: anyDefinition(usmUserTable), before: user, after: undefined },
    ...(member ? [{ definition: anyDefinition(vacmSecurityToGroupTable), before: member, after: undefined }] : []),
  ])
  return `user ${name} is removed; a running agent forgets it with: castellan reload\n`
}

/** snmpd.cnf as the agent reads it. */
async function openFile(home: Home) {
  const internal = internalModules(new Statistics())
  const config = new ConfigFile([...internal.configured, ...mib2Module(() => []).configured], {
    path: join(home.conf, 'agent', 'snmpd.cnf'),
    overlayPath: join(home.data, 'agent', 'snmpd.cnf'),
    secret: true,
    resolveName: (name) => declaredNames.resolve(name),
  })
  const complaints = await config.load()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  const rowsOf = (entryName: string): AnyRow[] =>
    internal.configured
      .filter(({ table }) => table.definition.entryName === entryName)
      .flatMap(({ table }) => [...table.rows()] as AnyRow[])
  return {
    config,
    users: rowsOf('usmUserEntry') as unknown as UserRow[],
    groups: rowsOf('vacmSecurityToGroupEntry') as unknown as GroupRow[],
    address: internal.listenAddresses()[0] ?? '127.0.0.1:161',
  }
}

/** From a file of one or two lines, from the environment, or asked for without being shown. */
async function passphrases({ passphraseFile }: UserOptions, needsPrivacy: boolean): Promise<[string, string]> {
  let auth = process.env.CASTELLAN_AUTH_PASSPHRASE
  let priv = process.env.CASTELLAN_PRIV_PASSPHRASE
  if (passphraseFile !== undefined) [auth, priv] = readFileSync(passphraseFile, 'utf8').split(/\r?\n/)
  if (auth === undefined && process.stdin.isTTY) {
    auth = await askSecretly('authentication passphrase: ')
    if (needsPrivacy) priv = await askSecretly('privacy passphrase: ')
  }
  const found = [auth ?? '', needsPrivacy ? (priv ?? '') : ''] as [string, string]
  for (const [i, what] of ['authentication', 'privacy'].entries()) {
    if (i === 1 && !needsPrivacy) continue
    if (Buffer.byteLength(found[i]!) < shortestPassphrase) {
      throw new Error(
        `the ${what} passphrase is to have at least ${shortestPassphrase} octets; it comes from --passphrase-file, CASTELLAN_${i === 0 ? 'AUTH' : 'PRIV'}_PASSPHRASE or a terminal`,
      )
    }
  }
  return found
}

async function askSecretly(question: string): Promise<string> {
  process.stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  const answer = await terminal.question('')
  terminal.close()
  process.stderr.write('\n')
  return answer
}
