/** The key that a server shows, against the one that is pinned: as ssh has known_hosts, but for one device. */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Failure } from '../failure.ts'

/** `SHA256:…`, as ssh-keygen -l prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`
}

/** What a key of SSH begins with: the name of its kind, such as `ssh-ed25519` (RFC 4253 §6.6). */
export function kindOfKey(key: Buffer): string {
  const length = key.length >= 4 ? key.readUInt32BE(0) : 0
  const name = key.toString('latin1', 4, 4 + Math.min(length, 64))
  return /^[\w@.+-]+$/.test(name) ? name : 'unknown'
}

/** Undefined when the key is the pinned one, or none is pinned and none need be. */
export function whyNotTrusted(
  key: Buffer,
  { pinned, mustBePinned }: { readonly pinned: string | undefined; readonly mustBePinned: boolean },
): Failure | undefined {
  const shown = fingerprintOf(key)
  if (pinned === undefined || pinned === '') {
    if (!mustBePinned) return undefined
    return {
      fault: 'authFailed',
      reason: `no host key is pinned for it, and the server shows ${shown} (${kindOfKey(key)})`,
      advice: 'compare that with the key of the server, and validate the device to pin it',
    }
  }
  if (isSame(pinned, shown)) return undefined
  return {
    fault: 'authFailed',
    reason: `its host key has changed: the server shows ${shown} (${kindOfKey(key)}), and ${pinned} is pinned`,
    advice:
      'if the server was installed again, run ssh-keygen -l -f on its public host key there, and pin that; otherwise somebody may be answering in its place',
  }
}

function isSame(a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a.replace(/=+$/, '')), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
