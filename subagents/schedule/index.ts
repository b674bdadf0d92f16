/** The schedule module: ties schedTable to a scheduler that sets what rows say, and its failures to notifications. */
import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost } from '../../lib/mib/module.ts'
import { SingleRow } from '../../lib/mib/single-row.ts'
import { Scheduler, type SchedulerOptions } from '../../lib/schedule/scheduler.ts'
import { fileStore } from '../../lib/schedule/store.ts'
import { oid } from '../../lib/smi/oid.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { machineZone } from '../../lib/time/zone.ts'
import { castellanSchedRunMissed, schedActionFailure, schedObjects } from './mib.ts'
import { nameOf, setVariable } from './row.ts'
import { type KnownObjects, scheduleRule } from './rules.ts'
import { dateOf, ScheduleTable } from './schedule-table.ts'

/** Needs a host that has a LocalAgent: it lives in the master's process. Files are checked against the objects that are known. */
export function scheduleModule(home: Home, known?: KnownObjects) {
  let clock = systemClock
  let scheduler: Scheduler | undefined
  const schedules = new ScheduleTable()
  const local = new SingleRow(schedObjects, {}, { live: { schedLocalTime: () => new Date(clock.now()) } })

  const module: MibModule = {
    name: 'schedule',
    description: 'DISMAN-SCHEDULE-MIB: setting objects periodically and by the calendar (RFC 3231)',
    oid: oid('1.3.6.1.2.1.63'),
    tables: [schedules.served, local].map(anyServing),
    notifications: [schedActionFailure, castellanSchedRunMissed],
    async start(host) {
      const { localAgent } = host
      if (!localAgent) throw new Error('the schedule module sets objects of the agent, and so runs in no other process')
      clock = host.clock
      scheduler = new Scheduler({
        clock,
        zone: machineZone,
        log: host.log,
        store: fileStore(join(foldersOf(home, 'agent').data, 'schedule.json')),
        run: async (state) => {
          const row = schedules.rowOf(state)
          return row && setVariable(localAgent, row)
        },
        events: notifications(host, schedules),
      })
      await scheduler.start()
      schedules.use(scheduler)
    },
    async stop() {
      await scheduler?.stop()
      scheduler = undefined
      schedules.use(undefined)
    },
  }
  const checks = known ? [scheduleRule(known, () => clock.now())] : []
  return { module, configured: [anyServing(schedules.served)], checks }
}

function notifications(host: ModuleHost, schedules: ScheduleTable): SchedulerOptions['events'] {
  return {
    failed(state) {
      const row = schedules.rowOf(state)
      if (!row) return
      const values = { schedLastFailure: state.lastFailure, schedLastFailed: dateOf(state.lastFailedMs) }
      host.notify(schedActionFailure, row, values, `schedule ${nameOf(row)} failed: ${state.lastError}`)
    },
    missed(state) {
      const row = schedules.rowOf(state)
      if (!row) return
      const values = {
        castellanSchedMissed: state.missed >>> 0,
        castellanSchedLastMissed: dateOf(state.lastMissedMs),
      }
      host.notify(castellanSchedRunMissed, row, values, `schedule ${nameOf(row)}: ${state.lastError}`)
    },
  }
}
