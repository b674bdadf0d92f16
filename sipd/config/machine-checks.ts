/** What sipd.conf asks of this machine: certificates that can be used, and addresses that it has. */
import { accessSync, constants, statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { messageOf } from '../../lib/errors.ts'
import { isNothingAt } from '../../lib/files/files.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { canonicalAddress, isLoopbackAddress, isWildcardAddress, withoutZone } from '../../lib/net/address.ts'
import { programMistake } from '../../lib/program/program-file.ts'
import { isKnownGroup, knownAccount } from '../../lib/users/accounts.ts'
import { logCommand, logProgramPath } from '../log/log-program.ts'
import type { DirectiveName, SipdConfig } from './directives.ts'
import type { ConfigNotes } from './parse.ts'
import type { ReadFile } from './tls-files.ts'

type Origins = ConfigNotes['origins']

const tlsFiles = ['SipTlsCertificateFile', 'SipTlsCertificateKeyFile', 'SipTlsCACertificateFile'] as const

/** Complaints about files that TLS could not be served with, in the line of their directive. */
export function checkTlsFiles(
  config: SipdConfig,
  origins: Origins,
  home: Home,
  file: string,
  read: ReadFile,
): Complaint[] {
  if (!config.SipTlsEnable) return []
  const complaints: Complaint[] = []
  const complain = (name: DirectiveName, message: string): void =>
    void complaints.push({ file, line: origins.get(name)?.line ?? 1, column: 1, message: `${name}: ${message}` })
  const [cert, key, ca] = tlsFiles.map((name) => {
    const path = config[name]
    if (path === undefined) return undefined
    try {
      return read(resolve(home.root, path))
    } catch (error) {
      complain(name, `${path} cannot be read: ${messageOf(error)}`)
      return undefined
    }
  })
  if (complaints.length > 0) return complaints
  // Each by itself first, for OpenSSL says what is wrong, and not with which.
  const [certificateFile, keyFile, authoritiesFile] = tlsFiles
  const attempts = [
    [certificateFile, { cert }],
    [keyFile, { key }],
    [authoritiesFile, { ca }],
    [keyFile, { cert, key }],
  ] as const
  for (const [name, context] of attempts) {
    try {
      createSecureContext(context)
    } catch (error) {
      complain(name, `${config[name]} cannot be used: ${messageOf(error)}`)
      return complaints
    }
  }
  return complaints
}

/** Pipes to what is no command. */
export function checkLogs(config: SipdConfig, origins: Origins, home: Home, file: string): Complaint[] {
  return destinationsOf(config).flatMap(([name, destination]): Complaint[] => {
    const parsed = destination.kind === 'pipe' ? logCommand(destination.command, home) : undefined
    if (!parsed || !('error' in parsed)) return []
    return [{ file, line: origins.get(name)?.line ?? 1, column: 1, message: `${name}: ${parsed.error}` }]
  })
}

/** Logs that a start could not open as this user; a program that others may change is only warned of. */
export function unusableLogs(config: SipdConfig, origins: Origins, home: Home, file: string): Complaint[] {
  return destinationsOf(config).flatMap(([name, destination]): Complaint[] => {
    const at = { file, line: origins.get(name)?.line ?? 1, column: 1 }
    if (destination.kind === 'file') {
      const mistake = logFileMistake(resolve(home.root, destination.path), foldersOf(home, 'sipd').logs)
      return mistake === undefined ? [] : [{ ...at, message: `${name}: ${mistake}` }]
    }
    const parsed = logCommand(destination.command, home)
    const mistake = 'error' in parsed ? undefined : programMistake(parsed.argv[0], logProgramPath())
    if (!mistake) return []
    const complaint = { ...at, message: `${name}: ${mistake.sentence}` }
    return [mistake.reason === 'untrusted' ? { ...complaint, severity: 'warning' } : complaint]
  })
}

function destinationsOf({ ErrorLog, CustomLog }: SipdConfig) {
  return [
    ['ErrorLog', ErrorLog],
    ['CustomLog', CustomLog.destination],
  ] as const
}

/** `own` is the folder that a start makes. */
function logFileMistake(path: string, own: string): string | undefined {
  const folder = dirname(path)
  if (isNothingAt(path)) {
    if (isNothingAt(folder)) return folder === own ? undefined : `there is no folder ${folder}; sipd cannot start`
    return mayUse(folder, constants.W_OK | constants.X_OK) ? undefined : `no file can be made in ${folder} by this user`
  }
  const stats = statSync(path)
  if (!stats.isFile() && !stats.isCharacterDevice()) return `${path} is no file that can be written`
  return mayUse(path, constants.W_OK) ? undefined : `${path} cannot be written by this user`
}

function mayUse(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** Users and groups that the files of this machine do not know, and a user that this process cannot become. */
export function checkAccounts({ User, Group }: SipdConfig, origins: Origins, file: string): Complaint[] {
  const warn = (name: DirectiveName, message: string): Complaint[] => [
    { file, line: origins.get(name)?.line ?? 1, column: 1, severity: 'warning', message: `${name}: ${message}` },
  ]
  const user = User === undefined ? undefined : knownAccount(User)
  const unknown = (kind: string, name: string): string =>
    `there is no ${kind} ${name} in /etc/${kind === 'user' ? 'passwd' : 'group'}; sipd asks other name services when it starts`
  const own = process.geteuid?.()
  return [
    ...(User !== undefined && !user ? warn('User', unknown('user', User)) : []),
    ...(Group !== undefined && !isKnownGroup(Group) ? warn('Group', unknown('group', Group)) : []),
    ...(user && own !== 0 && own !== user.uid
      ? warn('User', `only root can become ${User}; sipd runs as uid ${own}, which starts it`)
      : []),
  ]
}

/** Legal, for an address may come later; until it does, sipd cannot serve. */
export function missingAddresses(config: SipdConfig, origins: Origins, file: string): Complaint[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).map(({ address }) => address))
  return config.Listen.flatMap(({ address }, i): Complaint[] => {
    const isForMany = isWildcardAddress(address) || isLoopbackAddress(address)
    if (isForMany || own.includes(canonicalAddress(withoutZone(address)))) return []
    const line = origins.get('Listen')?.lines[i] ?? 1
    return [{ file, line, column: 1, message: `${address} is an address of no interface now; sipd cannot serve it` }]
  })
}
