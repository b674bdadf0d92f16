/** Who this engine is: its snmpEngineID, and how often it has started (RFC 3411 §5, RFC 3414 §2.2). Both are kept on disk. */
import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDiskFull, overwriteFile, writeFileAtomic } from '../../lib/files/files.ts'
import { readJsonFile } from '../../lib/files/json-file.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { Clock } from '../../lib/time/clock.ts'

const latchedBoots = 2_147_483_647

/** RFC 3414 §2.2.2: from then on no authenticated message is in the time window, until the engine gets another ID. */
export function isLatched({ boots }: Pick<EngineIdentity, 'boots'>): boolean {
  return boots === latchedBoots
}

/** What to do then, for the log. */
export const latchedAdvice =
  'SNMPv3 answers no user: snmpEngineBoots is at its end; stop the agent, remove the file for a new engineID, start it, and give each user new keys with castellan user rotate'

export interface EngineIdentity {
  readonly engineId: Uint8Array
  readonly boots: number
  /** Seconds since this start. */
  time(): number
}

/** A start that the disk had no room to keep: nobody may use its boots, which could come again. */
export interface UnkeptStart {
  readonly reason: Error
  /** Keeps it after all; throws as long as there is no room. */
  retry(): Promise<EngineIdentity>
}

/** The file always has the same length, so that it can be written over where a full disk has no room for another one. */
const fileOctets = 128

/** Where a home keeps it. */
export function enginePath(home: Home): string {
  return join(foldersOf(home, 'agent').data, 'engine.json')
}

/** The engineID that is kept, or a new one for startIdentity to keep; writes nothing. */
export async function engineIdToStart(path: string): Promise<Uint8Array> {
  return (await readEngineId(path)) ?? newEngineId()
}

/**
 * Raises the boots on disk before it resolves, so that no message ever carries boots that could come again. Throws when
 * another engineID is kept by now.
 */
export async function startIdentity(
  path: string,
  clock: Clock,
  engineId: Uint8Array,
): Promise<EngineIdentity | UnkeptStart> {
  const kept = await readKept(path)
  if (kept && Buffer.compare(kept.engineId, engineId) !== 0)
    throw new Error(`${path} was given another engineID while the engine started; start it again`)
  // RFC 3414 §2.2.2: at the end of its range it stays there, and no message is in the time window any more.
  const boots = Math.min((kept?.boots ?? 0) + 1, latchedBoots)
  const retry = async (): Promise<EngineIdentity> => {
    await keep(path, engineId, boots)
    return identity(engineId, boots, clock)
  }
  try {
    return await retry()
  } catch (error) {
    if (!(error instanceof Error) || !isDiskFull(error)) throw error
    return { reason: error, retry }
  }
}

/** Whether the boots of a home are at their end, as they stand in its file. */
export async function isEngineLatched(path: string): Promise<boolean> {
  const kept = await readKept(path)
  return kept !== undefined && isLatched(kept)
}

/** The engineID of a home, without writing anything; undefined when it has none yet. */
export async function readEngineId(path: string): Promise<Uint8Array | undefined> {
  return (await readKept(path))?.engineId
}

/** The same for what is to be made for this engine: makes and keeps an engineID when there is none. */
export async function keepEngineId(path: string): Promise<Uint8Array> {
  const kept = await readEngineId(path)
  if (kept) return kept
  const engineId = newEngineId()
  await keep(path, engineId, 0)
  return engineId
}

/** For a file that comes back from a backup: from its next start on, its boots are higher than these. */
export async function raiseBoots(path: string, atLeast: (kept: EngineStarts) => number): Promise<void> {
  const kept = await readKept(path)
  if (kept) await keep(path, kept.engineId, Math.min(Math.max(kept.boots, atLeast(kept)), latchedBoots))
}

/** As a file has them; undefined where there is none. */
export const readEngineStarts = (path: string): Promise<EngineStarts | undefined> => readKept(path)

async function keep(path: string, engineId: Uint8Array, boots: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const json = JSON.stringify({ engineId: Buffer.from(engineId).toString('hex'), boots })
  const content = `${json.padEnd(fileOctets - 1)}\n`
  try {
    await writeFileAtomic(path, content)
  } catch (error) {
    if (!isDiskFull(error)) throw error
    await overwriteFile(path, content).catch(() => {
      throw error
    })
  }
}

export function identity(engineId: Uint8Array, boots: number, clock: Clock): EngineIdentity {
  const startedMs = clock.monotonicMs()
  return { engineId, boots, time: () => Math.floor((clock.monotonicMs() - startedMs) / 1000) % 0x8000_0000 }
}

/** RFC 3411 §5, SnmpEngineID: our enterprise with the first bit set, format 5 (octets), and octets of chance. */
function newEngineId(): Uint8Array {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(0x8000_0000 + 32_473, 0)
  prefix[4] = 5
  return new Uint8Array(Buffer.concat([prefix, randomBytes(12)]))
}

export interface EngineStarts {
  readonly engineId: Uint8Array
  readonly boots: number
}

function readKept(path: string): Promise<EngineStarts | undefined> {
  return readJsonFile(path, {
    parse: parseKept,
    holds: 'an engineID and boots',
    remedy:
      'restore it from a backup, for keys of SNMPv3 users depend on it; without a backup delete it, and add the users again',
  })
}

function parseKept(content: unknown): EngineStarts | undefined {
  if (typeof content !== 'object' || content === null) return undefined
  const { engineId, boots } = content as { engineId?: unknown; boots?: unknown }
  if (typeof engineId !== 'string' || !/^([0-9a-f]{2}){5,32}$/.test(engineId)) return undefined
  if (typeof boots !== 'number' || !Number.isInteger(boots) || boots < 0 || boots > latchedBoots) return undefined
  return { engineId: new Uint8Array(Buffer.from(engineId, 'hex')), boots }
}
