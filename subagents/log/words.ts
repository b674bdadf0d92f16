/** What the log subagent says of a file, each in one sentence. */
import type { MonitorSpec, Tiding } from './monitor.ts'

export function sentenceOf(tiding: Tiding, { fileName, maxSizeOctets }: MonitorSpec): string {
  switch (tiding.kind) {
    case 'match':
      return `${fileName}: ${tiding.line}`
    case 'exceeded':
      return `${fileName} has ${tiding.sizeOctets} octets, more than ${maxSizeOctets}`
    case 'cleared':
      return `${fileName} has ${tiding.sizeOctets} octets, no more than ${maxSizeOctets} any longer`
    case 'summary':
      return `${fileName}: ${tiding.count} more lines matched within a minute, the last one: ${tiding.line}`
  }
}
