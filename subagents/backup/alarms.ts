/** The alarms of DRS: raised once each, in drsAlarmTable, in the log and as notifications, and cleared when all is well again. */
import type { Log } from '../../lib/log/log.ts'
import type { NotificationValues, RowOf } from '../../lib/mib/declare.ts'
import { serve } from '../../lib/mib/module.ts'
import { truncateUtf8 } from '../../lib/text/text.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { drsAlarmTable } from './mib-alarms.ts'
import type { AlarmName, alarmNotifications } from './notifications.ts'

type AlarmRow = RowOf<typeof drsAlarmTable>
type Severity = AlarmRow['drsAlarmSeverity']

const severities: Readonly<Record<AlarmName, Severity>> = {
  backupDeviceError: 'major',
  backupFailure: 'critical',
  backupInProgress: 'warning',
  internalProcessFailure: 'critical',
  la2maFailure: 'major',
  localAgentStartFailure: 'critical',
  ma2laFailure: 'major',
  maBackupComponentFailure: 'major',
  maBackupNodeDisconnect: 'major',
  maRestoreComponentFailure: 'critical',
  maRestoreNodeDisconnect: 'critical',
  masterAgentStartFailure: 'critical',
  noRegisteredComponent: 'major',
  noRegisteredFeature: 'major',
  restoreDeviceError: 'major',
  restoreFailure: 'critical',
  sftpFailure: 'major',
  backupTooOld: 'major',
  drillTooOld: 'minor',
}

/** Which alarms a job that went well puts an end to. */
export const clearedBy = {
  backup: [
    'backupDeviceError',
    'backupFailure',
    'backupInProgress',
    'internalProcessFailure',
    'localAgentStartFailure',
    'maBackupComponentFailure',
    'maBackupNodeDisconnect',
    'la2maFailure',
    'ma2laFailure',
    'noRegisteredComponent',
    'noRegisteredFeature',
    'sftpFailure',
    'backupTooOld',
  ],
  restore: [
    'maRestoreComponentFailure',
    'maRestoreNodeDisconnect',
    'ma2laFailure',
    'localAgentStartFailure',
    'restoreDeviceError',
    'restoreFailure',
    'sftpFailure',
  ],
  drill: ['drillTooOld'],
} as const satisfies Record<string, readonly AlarmName[]>

export interface AlarmsOptions {
  readonly clock: Clock
  readonly log: Log
  /** Whether notifications are wanted. */
  isNotified(): boolean
  notify(name: AlarmName, row: AlarmRow, values: NotificationValues<(typeof alarmNotifications)[AlarmName]>): void
}

const mostAlarms = 100

export class Alarms {
  readonly served = serve(drsAlarmTable, {})
  #options: AlarmsOptions | undefined
  #next = 1

  /** Alarms are raised and cleared while there are options, which is while the module runs. */
  use(options: AlarmsOptions | undefined): void {
    this.#options = options
  }

  /** `text` says what was tried, what happened, and what to do. One that is raised already for that object is raised again only for another job. */
  raise(
    id: AlarmName,
    { text, object = '', job = 0 }: { readonly text: string; readonly object?: string; readonly job?: number },
  ): void {
    if (!this.#options) return
    const isRaised = this.#open(id).some((row) => row.drsAlarmObject === object && row.drsAlarmJob === job)
    if (isRaised) return
    const row = {
      drsAlarmIndex: this.#next++,
      drsAlarmId: id,
      drsAlarmSeverity: severities[id],
      drsAlarmTime: new Date(this.#options.clock.now()),
      drsAlarmCleared: false,
      drsAlarmText: truncateUtf8(text, 255),
      drsAlarmJob: job,
      drsAlarmObject: truncateUtf8(object, 255),
    }
    this.served.table.put(row)
    this.#options.log.error(`${drfName(id)}: ${text}`, { job: job || undefined, object: object || undefined })
    this.#send(id, row)
    this.#prune()
  }

  /** `job` went well; what it raised itself, of a node or a component that it lacks, is not over. */
  clear(ids: readonly AlarmName[], job?: number): void {
    if (!this.#options) return
    for (const id of ids)
      for (const row of this.#open(id)) {
        if (job !== undefined && row.drsAlarmJob === job) continue
        this.served.table.patch(row, { drsAlarmCleared: true })
        this.#options.log.notice(`${drfName(id)}: it is over`)
        this.#send(id, {
          ...row,
          drsAlarmSeverity: 'cleared',
          drsAlarmText: truncateUtf8(`over: ${row.drsAlarmText}`, 255),
        })
      }
  }

  #open(id: AlarmName): AlarmRow[] {
    return [...this.served.table.rows()].filter((row) => row.drsAlarmId === id && !row.drsAlarmCleared)
  }

  #send(id: AlarmName, row: AlarmRow): void {
    if (this.#options?.isNotified()) this.#options.notify(id, row, row)
  }

  #prune(): void {
    const rows = [...this.served.table.rows()]
    for (const row of rows.slice(0, Math.max(0, rows.length - mostAlarms))) this.served.table.delete(row)
  }
}

/** As the manual of DRS lists them (table 4), so that it can be looked up. */
export function drfName(id: AlarmName): string {
  const name = id
    .replace(/^la2ma/, 'LA2MA')
    .replace(/^ma2la/, 'MA2LA')
    .replace(/^ma(?=[A-Z])/, 'MA')
  return `CiscoDRF${name.charAt(0).toUpperCase()}${name.slice(1)}`
}
