/** /proc/meminfo (proc(5)), and memory as rows of hrStorageTable. */
import type { RowOf } from '../../lib/mib/declare.ts'
import type { hrStorageTable } from './mib.ts'
import { scaled } from './scale.ts'
import { storageTypes } from './types.ts'

type StorageRow = RowOf<typeof hrStorageTable>

/** All in kilobytes; a kernel that does not say leaves it undefined. */
export interface Memory {
  readonly totalKb: number
  readonly freeKb: number
  /** What new programs could have without swapping; kernels before 3.14 do not say. */
  readonly availableKb: number | undefined
  readonly buffersKb: number
  /** The page cache and the reclaimable slab, which `free` counts as cache as well. */
  readonly cachedKb: number
  readonly sharedKb: number
  readonly swapTotalKb: number
  readonly swapFreeKb: number
}

/** Undefined when the text names no MemTotal. */
export function parseMeminfo(text: string): Memory | undefined {
  const kilobytes = new Map<string, number>()
  for (const [, name = '', value] of text.matchAll(/^(\w+(?:\(\w+\))?):\s+(\d+)/gm)) kilobytes.set(name, Number(value))
  const totalKb = kilobytes.get('MemTotal')
  if (totalKb === undefined) return undefined
  const of = (name: string): number => kilobytes.get(name) ?? 0
  return {
    totalKb,
    freeKb: of('MemFree'),
    availableKb: kilobytes.get('MemAvailable'),
    buffersKb: of('Buffers'),
    cachedKb: of('Cached') + of('SReclaimable'),
    sharedKb: of('Shmem'),
    swapTotalKb: of('SwapTotal'),
    swapFreeKb: of('SwapFree'),
  }
}

/** The rows of memory; their indexes are those that Net-SNMP's agent has, which managers know. */
export function memoryRows(memory: Memory): StorageRow[] {
  const { totalKb, freeKb, availableKb, buffersKb, cachedKb, sharedKb, swapTotalKb, swapFreeKb } = memory
  const usedKb = totalKb - freeKb
  const swapUsedKb = swapTotalKb - swapFreeKb
  const { ram, virtualMemory, other } = storageTypes
  return [
    row(1, ram, 'Physical memory', totalKb, usedKb),
    row(3, virtualMemory, 'Virtual memory', totalKb + swapTotalKb, usedKb + swapUsedKb),
    row(6, other, 'Memory buffers', totalKb, buffersKb),
    row(7, other, 'Cached memory', totalKb, cachedKb),
    row(8, other, 'Shared memory', totalKb, sharedKb),
    row(10, virtualMemory, 'Swap space', swapTotalKb, swapUsedKb),
    ...(availableKb === undefined ? [] : [row(11, other, 'Memory in use', totalKb, totalKb - availableKb)]),
  ]
}

/** How much of all memory programs cannot have any more, and of swap, in percent; none where there is no such thing. */
export function memoryPercents({ totalKb, freeKb, buffersKb, cachedKb, availableKb, ...swap }: Memory): {
  readonly memory: number | undefined
  readonly swap: number | undefined
} {
  const available = availableKb ?? freeKb + buffersKb + cachedKb
  return {
    memory: percent(totalKb - available, totalKb),
    swap: percent(swap.swapTotalKb - swap.swapFreeKb, swap.swapTotalKb),
  }
}

function percent(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.min(100, Math.max(0, Math.round((part * 100) / whole))) : undefined
}

function row(
  hrStorageIndex: number,
  hrStorageType: StorageRow['hrStorageType'],
  hrStorageDescr: string,
  sizeKb: number,
  usedKb: number,
): StorageRow {
  const { units, size, used } = scaled(1024, sizeKb, Math.max(0, usedKb))
  return {
    hrStorageIndex,
    hrStorageType,
    hrStorageDescr,
    hrStorageAllocationUnits: units,
    hrStorageSize: size,
    hrStorageUsed: used,
    hrStorageAllocationFailures: 0,
  }
}
