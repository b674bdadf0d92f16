/** The configuration of sipd as it lies in a home: sipd.conf, and persistent_tcp.conf where there is one. */
import type { Stats } from 'node:fs'
import { join } from 'node:path'
import { type Complaint, ConfigurationError } from '../../lib/cnf/complaint.ts'
import { isMissing, messageOf } from '../../lib/errors.ts'
import { readRegularFileSync } from '../../lib/files/regular-file.ts'
import type { Home } from '../../lib/home/home.ts'
import { readerOf } from '../../lib/home/layout.ts'
import { textOfOctets } from '../../lib/text/lossless-text.ts'
import type { Rows } from './declare/row.ts'
import { directives, type SipdConfig } from './directives.ts'
import { exposure } from './exposure.ts'
import { checkFileMode } from './file-mode.ts'
import { checkAccounts, checkLogs, checkTlsFiles } from './machine-checks.ts'
import { checkMemory } from './memory.ts'
import { type ConfigNotes, parseConfig } from './parse.ts'
import { type PersistentPeer, parsePersistentTcp } from './persistent-tcp.ts'
import { type ReadFile, readFile as readTlsFile } from './tls-files.ts'

export const configFile = 'sipd.conf'
const peersFile = 'persistent_tcp.conf'

export interface ReadConfig extends ConfigNotes {
  readonly config: SipdConfig
  readonly persistentTcp: readonly PersistentPeer[]
}

/** Everything there is to say about the files; `config` is undefined when there are complaints. */
export interface Inspection extends ConfigNotes {
  readonly config: SipdConfig | undefined
  readonly complaints: readonly Complaint[]
  readonly persistentTcp: readonly PersistentPeer[]
}

/** Throws a ConfigurationError with all complaints about both files; `readTls` reads those that TLS needs. */
export function readConfig(home: Home, readTls?: ReadFile): ReadConfig {
  const { config, complaints, ...rest } = inspectConfig(home, readTls)
  if (!config) throw new ConfigurationError(complaints)
  return { config, ...rest }
}

/** Reads both files and throws for nothing that is in them. */
export function inspectConfig(home: Home, readTls: ReadFile = readTlsFile): Inspection {
  const complaints: Complaint[] = []
  const folder = join(home.conf, 'sipd')
  const main = readFile(join(folder, configFile), configFile, complaints)
  const peers = readFile(join(folder, peersFile), peersFile, complaints, true)
  const parsed = parseConfig(main?.text ?? '', configFile)
  if ('complaints' in parsed) complaints.push(...parsed.complaints)
  const secretAt = main && firstSecret(parsed.origins)
  const refusal = secretAt && checkFileMode(join(folder, configFile), main.stats, readerOf(home, 'sipd'))
  if (refusal) complaints.push({ file: configFile, line: secretAt.line, column: 1, message: refusal })
  const { peers: persistentTcp, complaints: aboutPeers } = parsePersistentTcp(peers?.text ?? '', peersFile)
  complaints.push(...aboutPeers)
  const { origins } = parsed
  const warnings = [...parsed.warnings]
  if ('config' in parsed) {
    complaints.push(...checkTlsFiles(parsed.config, origins, home, configFile, readTls))
    complaints.push(...checkLogs(parsed.config, origins, home, configFile))
    warnings.push(
      ...checkAccounts(parsed.config, origins, configFile),
      ...checkMemory(parsed.config, origins, configFile),
      ...exposure(parsed.config, origins, configFile),
    )
  }
  const config = 'config' in parsed && complaints.length === 0 ? parsed.config : undefined
  return { config, complaints, warnings, origins, persistentTcp }
}

function firstSecret(origins: ConfigNotes['origins']): { line: number } | undefined {
  const rows: Rows = directives
  return [...origins].find(([name]) => rows[name]?.isSecret)?.[1]
}

/** The text and what stat says of the same file, even while it is replaced. */
function readFile(
  path: string,
  file: string,
  complaints: Complaint[],
  isOptional = false,
): { text: string; stats: Stats } | undefined {
  try {
    const { octets, stats } = readRegularFileSync(path)
    return { text: textOfOctets(octets), stats }
  } catch (error) {
    if (!(isOptional && isMissing(error)))
      complaints.push({ file, line: 1, column: 1, message: `${path} cannot be read: ${messageOf(error)}` })
    return undefined
  }
}
