/**
 * What a job and its child that talks to another node say to each other. What the child says is checked field by field: it has
 * read what came from the network. The job's word is taken for what it is.
 */
import type { JobResult } from '../../lib/backup/job.ts'
import {
  NodeError,
  type NodeFault,
  type NodeFeature,
  type NodeReport,
  type NodeSettings,
  type NodeTask,
  type TaskState,
  type WrittenPart,
} from '../../lib/backup/node.ts'
import { messageOf } from '../../lib/errors.ts'

export type NodeRequest =
  | { readonly type: 'begin'; readonly task: NodeTask }
  | { readonly type: 'look' | 'keep' | 'cancel'; readonly job: number }
  | { readonly type: 'report' }

export type Request =
  | { readonly type: 'open'; readonly settings: NodeSettings }
  /** Of a node that was opened before. */
  | (NodeRequest & { readonly node: string })

export type Answer =
  | { readonly type: 'answer'; readonly value?: unknown }
  | { readonly type: 'failure'; readonly message: string; readonly fault: NodeFault }

const requestTypes: ReadonlySet<unknown> = new Set<Request['type']>([
  'open',
  'begin',
  'look',
  'keep',
  'cancel',
  'report',
])

export function isRequest(value: unknown): value is Request {
  return isRecord(value) && requestTypes.has(value.type)
}

export function failureOf(error: unknown): Answer {
  return { type: 'failure', message: messageOf(error), fault: error instanceof NodeError ? error.fault : 'unreachable' }
}

const faults: readonly NodeFault[] = ['unreachable', 'unauthorized', 'notServing', 'refused']
const results: readonly JobResult[] = [
  'none',
  'succeeded',
  'succeededWithWarnings',
  'failed',
  'canceled',
  'interrupted',
]

/** Undefined for what is none. */
export function parseAnswer(value: unknown): Answer | undefined {
  if (!isRecord(value)) return undefined
  const { type, message } = value
  if (type === 'answer') return { type, value: value.value }
  const fault = faults.find((one) => one === value.fault)
  return type === 'failure' && typeof message === 'string' && fault ? { type, message, fault } : undefined
}

export function parseJob(value: unknown): number | undefined {
  return isCount(value) && Number.isSafeInteger(value) ? value : undefined
}

export function parseState(value: unknown): TaskState | undefined {
  if (!isRecord(value)) return undefined
  const { isCompleted, percent, component, error } = value
  const result = results.find((one) => one === value.result)
  const isWhole = typeof isCompleted === 'boolean' && isCount(percent) && isText(component) && isText(error)
  if (!isWhole || !result) return undefined
  const state = { isCompleted, result, percent: Math.min(100, percent), component, error }
  if (value.part === undefined) return state
  const part = parsePart(value.part)
  return part && { ...state, part }
}

/** Its values go into the list of a set, which this node signs. */
function parsePart(value: unknown): WrittenPart | undefined {
  if (!isRecord(value)) return undefined
  const { octets, sha256, tarOctets, isPartial, features, signingKey } = value
  const areFigures = isCount(octets) && isCount(tarOctets) && isText(sha256) && /^[0-9a-f]{64}$/.test(sha256)
  if (!areFigures || typeof isPartial !== 'boolean' || !isTexts(features)) return undefined
  if (!isText(signingKey) || !/^[A-Za-z0-9+/=]{1,255}$/.test(signingKey)) return undefined
  return { octets, sha256, tarOctets, isPartial, features, signingKey }
}

export function parseReport(value: unknown): NodeReport | undefined {
  if (!isRecord(value) || !isText(value.name) || !isText(value.version) || !Array.isArray(value.features))
    return undefined
  const features = value.features.map(parseFeature)
  const { name, version } = value
  return features.every((one) => one !== undefined) ? { name, version, features } : undefined
}

function parseFeature(value: unknown): NodeFeature | undefined {
  if (!isRecord(value)) return undefined
  const { name, isRequired, order, components } = value
  if (!isText(name) || typeof isRequired !== 'boolean' || !isCount(order) || !isTexts(components)) return undefined
  return { name, isRequired, order, components }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

const isText = (value: unknown): value is string => typeof value === 'string'
const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText)
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0
