/** What a server that consists of several processes costs: processor time and memory of all of them together. */
import { readdirSync, readFileSync } from 'node:fs'
import { readProcess } from '../../lib/proc/process.ts'

export interface Usage {
  readonly cpuSeconds: number
  /** Proportional set size: memory that processes share is counted once. */
  readonly pssBytes: number
}

/** Of a process and all that came from it. */
export function usageOf(root: number): Usage {
  let ticks = 0
  let pssKib = 0
  for (const member of processFamily(root)) {
    // proc(5): utime and stime in ticks of 1/100 s.
    const fields = readFileSync(`/proc/${member}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
    pssKib += Number(/^Pss: +(\d+)/m.exec(readFileSync(`/proc/${member}/smaps_rollup`, 'utf8'))?.[1] ?? 0)
  }
  return { cpuSeconds: ticks / 100, pssBytes: pssKib * 1024 }
}

/** The process itself, its children, their children and so on. */
export function processFamily(root: number): number[] {
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? [])
  const family = [root]
  for (const member of family)
    family.push(...processes.filter(({ parentPid }) => parentPid === member).map(({ pid }) => pid))
  return family
}
