/** AgentX PDUs as records (RFC 2741 §6): types, flags, errors. */
import type { Oid } from '../lib/smi/oid.ts'
import type { Varbind } from '../lib/smi/value.ts'

export const agentxType = {
  open: 1,
  close: 2,
  register: 3,
  unregister: 4,
  get: 5,
  getNext: 6,
  getBulk: 7,
  testSet: 8,
  commitSet: 9,
  undoSet: 10,
  cleanupSet: 11,
  notify: 12,
  ping: 13,
  indexAllocate: 14,
  indexDeallocate: 15,
  addAgentCaps: 16,
  removeAgentCaps: 17,
  response: 18,
} as const
export type AgentxType = keyof typeof agentxType

/** h.flags, §6.1. */
export const agentxFlag = {
  instanceRegistration: 0x01,
  newIndex: 0x02,
  anyIndex: 0x04,
  nonDefaultContext: 0x08,
  networkByteOrder: 0x10,
} as const

/** res.error, §6.2.16, beyond the error-status values of SNMP. */
export const agentxError = {
  noAgentXError: 0,
  openFailed: 256,
  notOpen: 257,
  indexWrongType: 258,
  indexAlreadyAllocated: 259,
  indexNoneAvailable: 260,
  indexNotAllocated: 261,
  unsupportedContext: 262,
  duplicateRegistration: 263,
  unknownRegistration: 264,
  unknownAgentCaps: 265,
  parseError: 266,
  requestDenied: 267,
  processingError: 268,
} as const

/** c.reason, §6.2.2. */
export const closeReason = {
  other: 1,
  parseError: 2,
  protocolError: 3,
  timeouts: 4,
  shutdown: 5,
  byManager: 6,
} as const

/** Names from `start` (itself only when included) up to and without `end`; no `end`: to the end of the tree. */
export interface SearchRange {
  readonly start: Oid
  readonly include: boolean
  readonly end: Oid
}

export interface AgentxHeader {
  readonly flags: number
  readonly sessionId: number
  readonly transactionId: number
  readonly packetId: number
}

export interface Registration {
  readonly timeoutSeconds: number
  readonly priority: number
  /** Which sub-identifier of the subtree counts up to `upperBound`, from 1; 0: none. */
  readonly rangeSubid: number
  readonly subtree: Oid
  readonly upperBound: number
}

export type AgentxBody =
  | { readonly type: 'open'; readonly timeoutSeconds: number; readonly id: Oid; readonly description: string }
  | { readonly type: 'close'; readonly reason: number }
  | ({ readonly type: 'register' | 'unregister' } & Registration)
  | { readonly type: 'get' | 'getNext'; readonly ranges: readonly SearchRange[] }
  | {
      readonly type: 'getBulk'
      readonly nonRepeaters: number
      readonly maxRepetitions: number
      readonly ranges: readonly SearchRange[]
    }
  | {
      readonly type: 'testSet' | 'notify' | 'indexAllocate' | 'indexDeallocate'
      readonly varbinds: readonly Varbind[]
    }
  | { readonly type: 'commitSet' | 'undoSet' | 'cleanupSet' | 'ping' }
  | { readonly type: 'addAgentCaps'; readonly id: Oid; readonly description: string }
  | { readonly type: 'removeAgentCaps'; readonly id: Oid }
  | {
      readonly type: 'response'
      readonly upTimeTicks: number
      readonly error: number
      readonly index: number
      readonly varbinds: readonly Varbind[]
    }

export type AgentxPdu = AgentxHeader & { readonly context: string } & AgentxBody
