/** What happens to log files and disks, as notifications of CASTELLAN-LOG-MIB. */
import type { ModuleHost } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import {
  siLogDiskFloorCleared,
  siLogDiskFloorReached,
  siLogMatchesSummary,
  siLogMatchFound,
  siLogMaxSizeCleared,
  siLogMaxSizeExceeded,
  siLogMonitorProblem,
} from './mib.ts'
import type { Monitor, MonitorEvents } from './monitor.ts'
import type { MonitorEvent } from './monitor-state.ts'
import type { DiskFloorEvent } from './rotation/disk-keeper.ts'
import { sentenceOf } from './words.ts'

export const logNotifications = [
  siLogMatchFound,
  siLogMaxSizeExceeded,
  siLogMaxSizeCleared,
  siLogMonitorProblem,
  siLogMatchesSummary,
  siLogDiskFloorReached,
  siLogDiskFloorCleared,
]

const maxLineOctets = 1024
const mostGauge = 0xffff_ffff

export function monitorNotifications(host: ModuleHost): MonitorEvents {
  return {
    happened: (monitor, event) => notifyEvent(host, monitor, event),
    problem({ spec, operState: siLogOperState = 'noFile' }, sentence) {
      const { index: siLogIndex, descr: siLogDescr, fileName: siLogFileName } = spec
      host.notify(siLogMonitorProblem, { siLogIndex }, { siLogDescr, siLogFileName, siLogOperState }, sentence)
    },
  }
}

function notifyEvent(host: ModuleHost, { spec, lastMatch }: Monitor, event: MonitorEvent): void {
  const { index: siLogIndex, descr: siLogDescr, fileName: siLogFileName, regExp: siLogRegExp } = spec
  const sentence = truncateUtf8(sentenceOf(event, spec), maxLineOctets)
  const file = { siLogDescr, siLogFileName }
  const at = { siLogIndex }
  switch (event.kind) {
    case 'match': {
      if (!event.isToBeSent) return
      const line = truncateUtf8(event.line, maxLineOctets)
      const values = { ...file, siLogRegExp, siLogMatches: event.matches, siLogLastMatch: line }
      return host.notify(siLogMatchFound, at, values, sentence)
    }
    case 'summary': {
      const { matches: siLogMatches, count: siLogMatchesSummarized } = event
      const values = { ...file, siLogRegExp, siLogMatches, siLogMatchesSummarized, siLogLastMatch: lastMatch }
      return host.notify(siLogMatchesSummary, at, values, sentence)
    }
    case 'exceeded':
    case 'cleared': {
      if (!spec.maxSizeTrap) return
      const values = { ...file, siLogSize: Math.min(event.sizeOctets, mostGauge), siLogMaxSize: spec.maxSizeOctets }
      return host.notify(event.kind === 'exceeded' ? siLogMaxSizeExceeded : siLogMaxSizeCleared, at, values, sentence)
    }
  }
}

export function notifyFloor(host: ModuleHost, change: 'reached' | 'cleared', event: DiskFloorEvent): void {
  const { folder, freeOctets, floorOctets: siLogDiskFloorOctets } = event
  const values = {
    siLogDiskFloorOctets,
    siLogDiskFreeFolder: truncateUtf8(folder, maxLineOctets),
    siLogDiskFreeOctets: Math.min(freeOctets, mostGauge),
  }
  if (change === 'reached')
    host.notify(
      siLogDiskFloorReached,
      {},
      values,
      `${folder}: ${freeOctets} octets are free, below the floor of ${siLogDiskFloorOctets}`,
    )
  else host.notify(siLogDiskFloorCleared, {}, values, `${folder}: ${freeOctets} octets are free again`)
}
