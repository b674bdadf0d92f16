/** Rules about backup.cnf: devices that cannot be used, and schedules that name none. */
import { isDrsName, mostDevices, mostSchedules } from '../../lib/backup/settings.ts'
import type { Rule } from '../../lib/mib/rules.ts'
import { drsDeviceTable, drsScheduleTable } from './mib.ts'
import { deviceMistake } from './settings.ts'

const nameAdvice = 'use letters, digits, spaces, dashes and underscores'

export const deviceRule: Rule = (rows, report) => {
  const names = new Set<string>()
  for (const [at, { row, placeOf }] of rows.of(drsDeviceTable).entries()) {
    const { drsDeviceName: name } = row
    if (!isDrsName(name)) report.error(placeOf('drsDeviceName'), `a device cannot be called ${name}; ${nameAdvice}`)
    if (names.has(name)) report.error(placeOf('drsDeviceName'), `another device is called ${name}; choose another name`)
    names.add(name)
    if (at >= mostDevices)
      report.error(placeOf('drsDeviceIndex'), `there can be ${mostDevices} devices at most; remove this line`)
    const mistake = deviceMistake(row)
    if (mistake) report.warn(placeOf(mistake.column), `device ${name} is not used: ${mistake.sentence}`)
  }
}

export const scheduleRule: Rule = (rows, report) => {
  const devices = new Set(rows.of(drsDeviceTable).map(({ row }) => row.drsDeviceIndex))
  const names = new Set<string>()
  for (const [at, { row, placeOf }] of rows.of(drsScheduleTable).entries()) {
    const { drsScheduleName: name } = row
    if (!isDrsName(name)) report.error(placeOf('drsScheduleName'), `a schedule cannot be called ${name}; ${nameAdvice}`)
    if (names.has(name))
      report.error(placeOf('drsScheduleName'), `another schedule is called ${name}; choose another name`)
    names.add(name)
    if (at >= mostSchedules)
      report.error(placeOf('drsScheduleIndex'), `there can be ${mostSchedules} schedules at most; remove this line`)
    if (row.drsScheduleAdminStatus === 'enabled' && !devices.has(row.drsScheduleDevice))
      report.warn(
        placeOf('drsScheduleDevice'),
        `schedule ${name} fails: there is no device ${row.drsScheduleDevice}; name one that exists`,
      )
  }
}
