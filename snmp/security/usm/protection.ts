/** How a message is protected at each level, with the keys that takes: digest and encryption, both ways (RFC 3414 §3). */
import type { BerWriter } from '../../../lib/ber/writer.ts'
import type { SecurityLevel } from '../../../lib/smi/principal.ts'
import { type IncomingV3, type OutgoingV3, writeV3 } from '../../message/v3-message.ts'
import { isGenuine, sign } from './digest.ts'
import { decrypt, encrypt } from './privacy.ts'
import type { AuthProtocol, PrivProtocol } from './protocols.ts'

export interface AuthKey {
  readonly protocol: AuthProtocol
  readonly key: Uint8Array
}

export interface PrivKey {
  readonly protocol: PrivProtocol
  readonly key: Uint8Array
}

/** The keys that a user has; of a level above them there is no protection. */
export interface UserKeys {
  readonly auth: AuthKey | undefined
  readonly priv: PrivKey | undefined
}

export type Protection =
  | { readonly level: 'noAuthNoPriv' }
  | { readonly level: 'authNoPriv'; readonly auth: AuthKey }
  | { readonly level: 'authPriv'; readonly auth: AuthKey; readonly priv: PrivKey }

export const unprotected: Protection = { level: 'noAuthNoPriv' }

/** Undefined when the user has not the keys for this level. */
export function protectionOf(keys: UserKeys | undefined, level: SecurityLevel): Protection | undefined {
  if (level === 'noAuthNoPriv') return unprotected
  if (!keys?.auth) return undefined
  if (level === 'authNoPriv') return { level, auth: keys.auth }
  return keys.priv && { level, auth: keys.auth, priv: keys.priv }
}

export function digestLengthOf(protection: Protection): number {
  return protection.level === 'noAuthNoPriv' ? 0 : protection.auth.protocol.digestLength
}

/** Whether the digest of a message is the one that its octets have; always, where none is due. */
export function isAuthentic(protection: Protection, { bytes, parameters }: IncomingV3): boolean {
  if (protection.level === 'noAuthNoPriv') return true
  const { protocol, key } = protection.auth
  return isGenuine(protocol, key, bytes, parameters.digestAt, parameters.digestLength)
}

/** The scoped PDU of a message that is authentic; undefined when it cannot be decrypted. */
export function scopedPduOf(protection: Protection, { parameters, data }: IncomingV3): Uint8Array | undefined {
  if (protection.level !== 'authPriv') return data
  const { protocol, key } = protection.priv
  return decrypt(protocol, key, parameters, { parameters: parameters.privParameters, data })
}

const nothing = new Uint8Array(0)

/** Writes a whole message around a scoped PDU. */
export function seal(
  out: BerWriter,
  envelope: Omit<OutgoingV3, 'level' | 'digestLength' | 'privParameters'>,
  protection: Protection,
  scopedPdu: Uint8Array,
): BerWriter {
  const encrypted =
    protection.level === 'authPriv'
      ? encrypt(protection.priv.protocol, protection.priv.key, envelope, scopedPdu)
      : undefined
  // Field by field, for a spread costs a twentieth of a whole message.
  const message: OutgoingV3 = {
    msgId: envelope.msgId,
    msgMaxSize: envelope.msgMaxSize,
    level: protection.level,
    isReportable: envelope.isReportable ?? false,
    engineId: envelope.engineId,
    boots: envelope.boots,
    time: envelope.time,
    userName: envelope.userName,
    digestLength: digestLengthOf(protection),
    privParameters: encrypted?.parameters ?? nothing,
  }
  const digestAt = writeV3(out, message, encrypted?.data ?? scopedPdu)
  if (protection.level !== 'noAuthNoPriv') sign(protection.auth.protocol, protection.auth.key, out.written(), digestAt)
  return out
}
