/** The schedule module: ties the declaration to the scheduler, and sets what rows say with the rights of who activated them. */

import { join } from 'node:path'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import type { LocalAgent } from '../../lib/mib/local-agent.ts'
import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import type { Principal } from '../../lib/smi/principal.ts'
import { machineZone } from '../../lib/time/zone.ts'
import { castellanSchedRunMissed, schedActionFailure, schedObjects, schedTable } from './mib.ts'
import { calendarOf, type SchedRow } from './row.ts'
import { type KnownObjects, scheduleRule } from './rules.ts'
import type { RunFailure, Schedule, ScheduleState } from './schedule.ts'
import { Scheduler } from './scheduler.ts'
import { fileStore } from './store.ts'

/** Needs a host that has a LocalAgent: it lives in the master's process. Files are checked against the objects that are known. */
export function scheduleModule(home: Home, known?: KnownObjects) {
  let scheduler: Scheduler | undefined
  let host: ModuleHost | undefined
  const stateOf = (row: SchedRow): ScheduleState | undefined => scheduler?.find(keyOf(row))

  const schedules = serve(schedTable, {
    live: {
      schedOperStatus: (row) => stateOf(row)?.status ?? 'disabled',
      schedFailures: (row) => (stateOf(row)?.failures ?? 0) >>> 0,
      schedLastFailure: (row) => stateOf(row)?.lastFailure ?? 'noError',
      schedLastFailed: (row) => dateOf(stateOf(row)?.lastFailedMs),
      schedTriggers: (row) => (stateOf(row)?.triggers ?? 0) >>> 0,
      castellanSchedNextRun: (row) => dateOf(stateOf(row)?.nextMs),
      castellanSchedLastRun: (row) => dateOf(stateOf(row)?.lastMs),
      castellanSchedMissed: (row) => (stateOf(row)?.missed ?? 0) >>> 0,
      castellanSchedLastMissed: (row) => dateOf(stateOf(row)?.lastMissedMs),
      castellanSchedLastError: (row) => (stateOf(row)?.lastError ?? '').slice(0, 255),
    },
    // Who says what is set, or activates the row, lends it his rights: nobody can make it act with another's.
    derive({ after, wishes, requester }) {
      const isActing = actingColumns.some((name) => name in wishes)
      return requester && isActing ? { ...after, ...principalColumnsOf(requester) } : after
    },
    test({ before, after }) {
      // schedRowStatus: neither destroy nor notInService while the operational state is enabled.
      const isTakenAway = before?.schedRowStatus === 'active' && after?.schedRowStatus !== 'active'
      if (isTakenAway && stateOf(before)?.status === 'enabled')
        return { status: 'inconsistentValue', column: 'schedRowStatus' }
      return undefined
    },
    commit({ before, after, wishes }) {
      return {
        finish: () => {
          if (!after) scheduler?.remove(keyOf(before!))
          else {
            const isActivated = before?.schedRowStatus !== 'active' && after.schedRowStatus === 'active'
            configure(after, isActivated || wishes.schedAdminStatus === 'enabled')
          }
        },
      }
    },
  })
  const local = serve(schedObjects, { live: { schedLocalTime: () => new Date(host?.clock.now() ?? Date.now()) } })
  local.table.put({})

  const configure = (row: SchedRow, isRenewed: boolean): void => {
    const isEnabled = row.schedRowStatus === 'active' && row.schedAdminStatus === 'enabled'
    scheduler?.configure(scheduleOf(row), isEnabled, isRenewed)
  }
  const rowOf = ({ schedule: { key } }: ScheduleState): SchedRow | undefined => schedules.table.get(indexOf(key))

  const module: MibModule = {
    name: 'schedule',
    description: 'DISMAN-SCHEDULE-MIB: setting objects periodically and by the calendar (RFC 3231)',
    oid: oid('1.3.6.1.2.1.63'),
    tables: [schedules, local].map(anyServing),
    notifications: [schedActionFailure, castellanSchedRunMissed],
    async start(moduleHost) {
      const { localAgent } = moduleHost
      if (!localAgent) throw new Error('the schedule module sets objects of the agent, and so runs in no other process')
      host = moduleHost
      scheduler = new Scheduler({
        clock: host.clock,
        zone: machineZone,
        log: host.log,
        store: fileStore(join(foldersOf(home, 'agent').data, 'schedule.json')),
        run: async (state) => {
          const row = rowOf(state)
          return row && act(localAgent, row)
        },
        events: {
          failed(state) {
            const row = rowOf(state)
            if (!row) return
            const values = { schedLastFailure: state.lastFailure, schedLastFailed: dateOf(state.lastFailedMs) }
            moduleHost.notify(schedActionFailure, row, values, `schedule ${nameOf(row)} failed: ${state.lastError}`)
          },
          missed(state) {
            const row = rowOf(state)
            if (!row) return
            const values = {
              castellanSchedMissed: state.missed >>> 0,
              castellanSchedLastMissed: dateOf(state.lastMissedMs),
            }
            moduleHost.notify(castellanSchedRunMissed, row, values, `schedule ${nameOf(row)}: ${state.lastError}`)
          },
        },
      })
      await scheduler.start()
      for (const row of schedules.table.rows()) configure(row, false)
    },
    async stop() {
      await scheduler?.stop()
      scheduler = undefined
    },
  }
  const checks = known ? [scheduleRule(known, () => host?.clock.now() ?? Date.now())] : []
  return { module, configured: [anyServing(schedules)], checks }
}

/** Columns that say what is done, and the one that makes the row active. */
const actingColumns = ['schedRowStatus', 'schedContextName', 'schedVariable', 'schedValue'] as const

function principalColumnsOf({ securityModel, securityName, securityLevel }: Principal) {
  return {
    castellanSchedSecurityModel: securityModel,
    castellanSchedSecurityName: securityName,
    castellanSchedSecurityLevel: securityLevel,
  }
}

async function act(agent: LocalAgent, row: SchedRow): Promise<RunFailure | undefined> {
  return agent.set([{ name: row.schedVariable, value: { type: 'Integer32', value: row.schedValue } }], {
    securityModel: row.castellanSchedSecurityModel,
    securityName: row.castellanSchedSecurityName,
    securityLevel: row.castellanSchedSecurityLevel,
    contextName: row.schedContextName,
  })
}

function scheduleOf(row: SchedRow): Schedule {
  const { schedType: type, schedInterval: intervalSeconds, schedStorageType: storage } = row
  const isKept = storage !== 'volatile' && storage !== 'other'
  return { key: keyOf(row), type, intervalSeconds, calendar: calendarOf(row), isKept }
}

/** Unlike that of any other row: owners and names may hold any character. */
function keyOf({ schedOwner, schedName }: Pick<SchedRow, 'schedOwner' | 'schedName'>): string {
  return JSON.stringify([schedOwner, schedName])
}

function indexOf(key: string): Pick<SchedRow, 'schedOwner' | 'schedName'> {
  const [schedOwner, schedName] = JSON.parse(key) as [string, string]
  return { schedOwner, schedName }
}

function nameOf({ schedOwner, schedName }: SchedRow): string {
  return schedOwner === '' ? schedName : `${schedOwner}/${schedName}`
}

function dateOf(timeMs: number | undefined): Date | 'never' {
  return timeMs === undefined ? 'never' : new Date(timeMs)
}
