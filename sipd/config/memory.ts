/** What sipd.conf lets strangers make one worker hold, and whether that is within what Node gives a process. */
import { getHeapStatistics } from 'node:v8'
import type { Complaint } from '../../lib/cnf/complaint.ts'
import type { DirectiveName, SipdConfig } from './directives.ts'
import type { ConfigNotes } from './parse.ts'

/** What a user may take where nothing is said of all. */
const octetsOfUser = 3200
/** The rest is for the program, for garbage that is not collected yet, and for what the account does not know. */
const partOfHeap = 0.6

type Bounds = Pick<SipdConfig, 'MaxOctets' | 'StartServers' | 'RegistrarMaxOctets' | 'RegistrarMaxUsers'>

/** RegistrarMaxOctets, or what follows from RegistrarMaxUsers. */
export function registrarMaxOctets({ RegistrarMaxOctets, RegistrarMaxUsers }: Bounds): number {
  return RegistrarMaxOctets > 0 ? RegistrarMaxOctets : RegistrarMaxUsers * octetsOfUser
}

/** The part of MaxOctets that each worker has. */
export function trafficOctets({ MaxOctets, StartServers }: Bounds): number {
  return Math.ceil(MaxOctets / StartServers)
}

const bounds: readonly DirectiveName[] = ['MaxOctets', 'RegistrarMaxOctets', 'RegistrarMaxUsers']

/** A warning where the bounds allow more than a worker can have. A heap set by NODE_OPTIONS counts as it is here. */
export function checkMemory(
  config: SipdConfig,
  origins: ConfigNotes['origins'],
  file: string,
  heapOctets = getHeapStatistics().heap_size_limit,
): Complaint[] {
  const mayHold = trafficOctets(config) + registrarMaxOctets(config)
  const line = bounds.flatMap((name) => origins.get(name)?.line ?? [])[0] ?? 1
  if (mayHold <= heapOctets * partOfHeap) return []
  const mega = (octets: number): string => `${Math.round(octets / 1e6)} MB`
  const message = `a worker may hold ${mega(mayHold)} of what others send (MaxOctets, RegistrarMaxOctets), more than ${partOfHeap * 100} % of its heap of ${mega(heapOctets)}; lower them, or raise --max-old-space-size in NODE_OPTIONS`
  return [{ file, line, column: 1, severity: 'warning', message }]
}
