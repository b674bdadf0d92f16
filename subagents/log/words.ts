/** What the log subagent says of a file, each in one sentence. */
import type { MonitorEvent, MonitorSpec } from './monitor-state.ts'

export function sentenceOf(event: MonitorEvent, { fileName, maxSizeOctets }: MonitorSpec): string {
  switch (event.kind) {
    case 'match':
      return `${fileName}: ${event.line}`
    case 'exceeded':
      return `${fileName} has ${event.sizeOctets} octets, more than ${maxSizeOctets}`
    case 'cleared':
      return `${fileName} has ${event.sizeOctets} octets, no more than ${maxSizeOctets} any longer`
    case 'summary':
      return `${fileName}: ${event.count} more lines matched within a minute, the last one: ${event.line}`
  }
}
