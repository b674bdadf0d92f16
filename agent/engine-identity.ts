/** Who this engine is: its snmpEngineID, and how often it has started (RFC 3411 §5, RFC 3414 §2.2). Both are kept on disk. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Clock } from '../lib/clock.ts'
import { writeFileAtomic } from '../lib/files.ts'

const latchedBoots = 2_147_483_647

export interface EngineIdentity {
  readonly engineId: Uint8Array
  readonly boots: number
  /** Seconds since this start. */
  time(): number
}

/** Raises the boots on disk before it resolves, so that no answer ever carries boots that could come again. */
export async function startIdentity(path: string, clock: Clock): Promise<EngineIdentity> {
  const kept = await readKept(path)
  const engineId = kept?.engineId ?? newEngineId()
  // RFC 3414 §2.2.2: at the end of its range it stays there, and no message is in the time window any more.
  const boots = Math.min((kept?.boots ?? 0) + 1, latchedBoots)
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFileAtomic(path, `${JSON.stringify({ engineId: Buffer.from(engineId).toString('hex'), boots })}\n`)
  return identity(engineId, boots, clock)
}

/** The engineID of a home without starting anything; makes and keeps one when there is none. */
export async function readEngineId(path: string): Promise<Uint8Array> {
  const kept = await readKept(path)
  if (kept) return kept.engineId
  const engineId = newEngineId()
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  await writeFileAtomic(path, `${JSON.stringify({ engineId: Buffer.from(engineId).toString('hex'), boots: 0 })}\n`)
  return engineId
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

async function readKept(path: string): Promise<{ engineId: Uint8Array; boots: number } | undefined> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const { engineId, boots } = JSON.parse(text) as { engineId?: unknown; boots?: unknown }
  const isGood = typeof engineId === 'string' && /^([0-9a-f]{2}){5,32}$/.test(engineId) && Number.isInteger(boots)
  if (!isGood)
    throw new Error(
      `${path} does not hold an engineID and boots; keys of users depend on it, so restore it from a backup`,
    )
  return { engineId: new Uint8Array(Buffer.from(engineId, 'hex')), boots: boots as number }
}
