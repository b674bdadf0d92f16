/** What the parent and its workers tell each other, over the channel that Node gives them. */
import type { StorageFigures } from '../../lib/files/storage.ts'
import type { AccountFigures } from '../account/account.ts'
import type { KeptFiles } from '../config/tls-files.ts'
import type { Openness } from '../pipeline/admit.ts'
import type { Counters } from '../statistics/counters.ts'
import type { ListSubject, Page } from './listing.ts'

/** What a worker needs to know of the others to begin. */
export interface WorkerStart {
  readonly kind: 'start'
  /** In its branches and the names of its connections; never used twice. */
  readonly worker: number
  readonly generation: number
  /** Its place among the workers of its generation, and their numbers in order. */
  readonly index: number
  readonly members: readonly number[]
  /** All workers that are alive, those of older generations included. */
  readonly others: readonly number[]
  /** Of these, who has all registrations: the first that gives them is enough. */
  readonly sources: readonly number[]
  /** Of the hashes of transaction keys, in hexadecimal. */
  readonly secret: string
  /** Of TLS, which the parent may have read as root. */
  readonly files: KeptFiles
  /** Of the marks in Record-Route and Via, in hexadecimal; another than that of the hashes, whose results everybody sees. */
  readonly signerSecret: string
}

export type ToWorker =
  | WorkerStart
  /** Open the sockets; what comes is kept until `begin`. */
  | { readonly kind: 'serve' }
  /** Those before have handed over: answer. */
  | { readonly kind: 'begin' }
  /** Read no more, hand what is new to these, which have the sockets open, and finish what is under way. */
  | { readonly kind: 'drain'; readonly successors: readonly number[]; readonly withinMs: number }
  /** The workers that serve as they are now: one was replaced, or a later generation relieved those that relieved this one. */
  | { readonly kind: 'members'; readonly members: readonly number[] }
  | { readonly kind: 'openness'; readonly openness: Openness }
  /** End, with what is under way given so long; whoever comes after it takes over its registrations. */
  | { readonly kind: 'stop'; readonly withinMs: number; readonly successors: readonly number[] }
  | { readonly kind: 'ping' }
  /** Give the first page of a list, of a user or of all. */
  | { readonly kind: 'list'; readonly request: number; readonly subject: ListSubject; readonly user: string }
  /** The next page, or that nobody wants it. */
  | { readonly kind: 'more' | 'enough'; readonly request: number }

export interface WorkerReport {
  readonly counters: Counters
  readonly lastInboundMs: number | undefined
  readonly lastOutboundMs: number | undefined
  readonly liveTransactions: number
  readonly heldTransactions: number
  readonly users: number
  readonly bindings: number
  /** Established calls; null where sipd does not stay in their path, and cannot know. */
  readonly calls: number | null
  readonly connections: number
  readonly rssOctets: number
  readonly heapUsedOctets: number
  readonly heapTotalOctets: number
  readonly externalOctets: number
  /** What it holds of what strangers sent. */
  readonly account: AccountFigures
  readonly storage: StorageFigures
}

export type FromWorker =
  /** It listens: what was sent before is lost. */
  | { readonly kind: 'here' }
  /** Loaded and linked with the others; waits for `serve`. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'serving' }
  /** All it had for its successors is with them. */
  | { readonly kind: 'handedOver' }
  /** It cannot start, and why. */
  | { readonly kind: 'failed'; readonly message: string; readonly code?: string | undefined }
  /** Whole lines for a log. */
  | { readonly kind: 'log'; readonly log: 'error' | 'access'; readonly lines: string }
  | { readonly kind: 'report'; readonly report: WorkerReport }
  | { readonly kind: 'pong' }
  | { readonly kind: 'page'; readonly request: number; readonly page: Page }
