/** Answers what is asked of a device apart from any job: goes through its steps, and lists the backups on it. */
import type { Answer, Inquiry, StoredSet } from '../lib/backup/inquiry.ts'
import { formatSetName, parseStoredName } from '../lib/backup/set-name.ts'
import { messageWithCausesOf } from '../lib/errors.ts'
import { openSetList, type SetList } from './archive/set-list.ts'
import { type Device, DeviceError, type DeviceReport, type StoredFile } from './device/device.ts'

/** Of the list of a set, which has a line or so for each archive. */
const longestList = 1 << 20

export type OpenDevice = (settings: Inquiry['device']) => Device

/** Never rejects: what failed is in the answer. */
export async function answer(inquiry: Inquiry, open: OpenDevice, signal: AbortSignal): Promise<Answer> {
  let report: DeviceReport = { steps: [] }
  let device: Device | undefined
  try {
    device = open(inquiry.device)
    if (inquiry.question === 'validate') report = await device.validate(signal)
    const sets = await storedSets(device, signal)
    const { steps, hostKey, freeBytes = await device.freeBytes(signal) } = report
    return {
      steps,
      sets,
      ...(hostKey === undefined ? {} : { hostKey }),
      ...(freeBytes === undefined ? {} : { freeBytes }),
    }
  } catch (error) {
    return { ...report, sets: [], failure: failureOf(error) }
  } finally {
    await device?.close()
  }
}

function failureOf(error: unknown): NonNullable<Answer['failure']> {
  const sentence = messageWithCausesOf(error)
  return error instanceof DeviceError
    ? { fault: error.fault, step: error.step, sentence }
    : { fault: 'unknown', step: undefined, sentence }
}

/** Every set of which there is an archive or a list, the oldest first. Rejects as the device does. */
export async function storedSets(device: Device, signal: AbortSignal): Promise<StoredSet[]> {
  const sets = new Map<string, { list: StoredFile | undefined; octets: number; nodes: string[] }>()
  for (const file of await device.list(signal)) {
    const stored = parseStoredName(file.name)
    if (!stored || stored.kind === 'draft') continue
    const name = formatSetName(stored.set)
    const set = sets.get(name) ?? { list: undefined, octets: 0, nodes: [] }
    sets.set(name, set)
    if (stored.kind === 'list') set.list = file
    else {
      set.octets += file.octets
      set.nodes.push(stored.node)
    }
  }
  const found: StoredSet[] = []
  for (const [name, { list, octets, nodes }] of sets) {
    const content = list && (await readList(device, list, signal))
    found.push({ name, ...nameParts(name), octets, ...ofList(content, nodes) })
  }
  return found.toSorted((a, b) => a.timeMs - b.timeMs)
}

function nameParts(name: string): Pick<StoredSet, 'timeMs' | 'version'> {
  const stored = parseStoredName(`${name}.set`)
  return stored?.kind === 'list' ? stored.set : { timeMs: 0, version: '' }
}

/** It is complete where every archive of its list is there. */
function ofList(
  list: SetList | undefined,
  nodes: readonly string[],
): Pick<StoredSet, 'isComplete' | 'features' | 'nodes'> {
  if (!list) return { isComplete: false, features: [], nodes }
  const isThere = ({ node, archive }: SetList['nodes'][number]): boolean =>
    archive !== undefined && nodes.includes(node)
  return {
    isComplete: list.nodes.every(isThere),
    features: [...new Set(list.nodes.flatMap(({ features }) => features))],
    nodes: list.nodes.filter(isThere).map(({ node }) => node),
  }
}

/** Undefined for one that is damaged: its set is not complete then. */
async function readList(
  device: Device,
  { name, octets }: StoredFile,
  signal: AbortSignal,
): Promise<SetList | undefined> {
  if (octets > longestList) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of device.read(name, 0, signal)) chunks.push(chunk)
  try {
    return openSetList(Buffer.concat(chunks)).list
  } catch {
    return undefined
  }
}
