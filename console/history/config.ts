/** conf/console/history.cnf: which objects are sampled, and how large the history may become. */
import { join } from 'node:path'
import { declaredNames } from '../../catalogue.ts'
import { type Complaint, ConfigurationError } from '../../lib/cnf/complaint.ts'
import type { CnfEntryType, CnfField, CnfParsed } from '../../lib/cnf/document.ts'
import { CnfStore } from '../../lib/cnf/store.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { formatOid, type Oid, parseOid } from '../../lib/smi/oid.ts'

export interface SampledObject {
  readonly oid: Oid
  readonly everySeconds: number
}

export interface HistoryConfig {
  readonly objects: readonly SampledObject[]
  readonly capOctets: number
}

const usualMegabytes = 256

/** What is wrong with the file, each with its place. */
export async function checkHistoryConfig(home: Home): Promise<readonly Complaint[]> {
  return (await storeOf(home).load()).complaints
}

/** Throws ConfigurationError with all that is wrong. */
export async function readHistoryConfig(home: Home): Promise<HistoryConfig> {
  const { entries, complaints } = await storeOf(home).load()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  const objects = entries.flatMap(({ values: { object, seconds } }) =>
    isOid(object) && typeof seconds === 'number' ? [{ oid: object, everySeconds: seconds }] : [],
  )
  const megabytes = entries.find(({ keyword }) => keyword === 'historyMegabytes')?.values.megabytes
  return { objects, capOctets: (typeof megabytes === 'number' ? megabytes : usualMegabytes) * 1024 * 1024 }
}

function storeOf(home: Home): CnfStore {
  return new CnfStore({ path: join(foldersOf(home, 'console').conf, 'history.cnf'), isDraft: true, types })
}

function isOid(value: unknown): value is Oid {
  return Array.isArray(value) && value.every((id) => typeof id === 'number')
}

const objectField: CnfField = {
  name: 'object',
  parse: ({ text }): CnfParsed => {
    const found = declaredNames.resolve(text) ?? parseOid(text)
    return found ? { value: found } : { expected: 'the name of a MIB object, such as hrProcessorLoad, or an OID' }
  },
  format: (value) => (isOid(value) ? formatOid(value) : ''),
}

function wholeNumberField(name: string, from: number, to: number): CnfField {
  return {
    name,
    parse: ({ text }): CnfParsed => {
      const value = Number(text)
      const isGood = /^\d+$/.test(text) && value >= from && value <= to
      return isGood ? { value } : { expected: `a whole number from ${from} to ${to}` }
    },
    format: String,
  }
}

const types: readonly CnfEntryType[] = [
  {
    keyword: 'historySampleEntry',
    fields: [objectField, wholeNumberField('seconds', 1, 86_400)],
    keyFields: ['object'],
  },
  { keyword: 'historyMegabytes', fields: [wholeNumberField('megabytes', 16, 1_048_576)], keyFields: [] },
]
