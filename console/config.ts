/** conf/console/console.cnf: where the agent answers, and where the console receives what it notifies. */
import { join } from 'node:path'
import { type Complaint, ConfigurationError } from '../lib/cnf/complaint.ts'
import type { CnfEntryType, CnfField, CnfParsed } from '../lib/cnf/document.ts'
import { CnfStore, type LoadedEntry } from '../lib/cnf/store.ts'
import { foldersOf, type Home } from '../lib/home/home.ts'
import { type Address, formatAddress, parseAddress } from '../snmp/transport/udp.ts'

export interface ConsoleConfig {
  readonly agentAddress: Address
  readonly listenAddress: Address
}

/** Of a file that leaves a line out. */
const defaults = { consoleAgentAddress: '127.0.0.1:161', consoleListenAddress: '127.0.0.1:1163' } as const

export function consoleConfigPath(home: Home): string {
  return join(foldersOf(home, 'console').conf, 'console.cnf')
}

/** What is wrong with the file, each with its place. */
export async function checkConsoleConfig(home: Home): Promise<readonly Complaint[]> {
  return (await load(home)).complaints
}

/** Throws ConfigurationError with all that is wrong. */
export async function readConsoleConfig(home: Home): Promise<ConsoleConfig> {
  const { entries, complaints } = await load(home)
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  const of = (keyword: keyof typeof defaults): Address => {
    const given = entries.find((entry) => entry.keyword === keyword)?.values.address
    return parseAddress(typeof given === 'string' ? given : defaults[keyword])!
  }
  return { agentAddress: of('consoleAgentAddress'), listenAddress: of('consoleListenAddress') }
}

function load(home: Home): Promise<{ entries: LoadedEntry[]; complaints: Complaint[] }> {
  return new CnfStore({ path: consoleConfigPath(home), isDraft: true, types }).load()
}

const addressField: CnfField = {
  name: 'address',
  parse: ({ text }): CnfParsed => {
    const address = parseAddress(text)
    return address ? { value: formatAddress(address) } : { expected: 'ADDRESS:PORT, such as 127.0.0.1:161' }
  },
  format: String,
}

const types: readonly CnfEntryType[] = Object.keys(defaults).map((keyword) => ({
  keyword,
  fields: [addressField],
  keyFields: [],
}))
