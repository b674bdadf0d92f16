/** What sipd.conf asks of this machine: certificates that can be used, and addresses that it has. */
import { statSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { dirname, resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { messageOf } from '../../lib/errors.ts'
import { isNothingAt } from '../../lib/files/files.ts'
import type { Home } from '../../lib/home/home.ts'
import { canonicalAddress, isLoopbackAddress, isWildcardAddress, withoutZone } from '../../lib/net/address.ts'
import { commandMistake } from '../../lib/program/program-file.ts'
import { isKnownGroup, knownAccount } from '../../lib/users/accounts.ts'
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

/** Logs that a start could not open: folders and programs that are not there now (warnings), and pipes to no command. */
export function checkLogs(config: SipdConfig, origins: Origins, home: Home, file: string): Complaint[] {
  const destinations = [
    ['ErrorLog', config.ErrorLog],
    ['CustomLog', config.CustomLog.destination],
  ] as const
  return destinations.flatMap(([name, destination]): Complaint[] => {
    const origin = origins.get(name)
    if (!origin) return [] // the default is in the home's own folder
    const at = { file, line: origin.line, column: 1 }
    if (destination.kind === 'pipe') {
      const mistake = commandMistake(destination.command.replace(/^\|/, '')) // Apache's || is a pipe too
      if (!mistake) return []
      const complaint = { ...at, message: `${name}: ${mistake.message}` }
      return [mistake.severity === 'error' ? complaint : { ...complaint, severity: 'warning' }]
    }
    const mistake = logFileMistake(resolve(home.root, destination.path))
    return mistake === undefined ? [] : [{ ...at, severity: 'warning', message: `${name}: ${mistake}` }]
  })
}

function logFileMistake(path: string): string | undefined {
  if (isNothingAt(dirname(path))) return `there is no folder ${dirname(path)}; sipd cannot start`
  try {
    const stats = statSync(path)
    return stats.isFile() || stats.isCharacterDevice() ? undefined : `${path} is no file that can be written`
  } catch {
    return undefined // it is not there yet, or not for this user to look at
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
    return [
      {
        file,
        line,
        column: 1,
        severity: 'warning',
        message: `${address} is an address of no interface now; sipd cannot serve it`,
      },
    ]
  })
}
