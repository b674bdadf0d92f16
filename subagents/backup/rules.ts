/** Rules about backup.cnf: devices that cannot be used, schedules that name none, and nodes that cannot be reached. */
import { mostNodes } from '../../lib/backup/node.ts'
import { isDrsName, mostDevices, mostSchedules } from '../../lib/backup/settings.ts'
import type { Rule } from '../../lib/mib/rules.ts'
import { drsDeviceTable, drsScheduleTable } from './mib.ts'
import { drsNodeTable } from './mib-nodes.ts'
import { nodeMistake } from './node-table.ts'
import { deviceMistake } from './settings.ts'

const nameAdvice = 'use letters, digits, spaces, dashes and underscores'

export const deviceRule: Rule = (rows, report) => {
  const names = new Set<string>()
  for (const [at, { row, placeOf }] of rows.of(drsDeviceTable).entries()) {
    const { drsDeviceName: name } = row
    if (!isDrsName(name)) report.error(placeOf('drsDeviceName'), `a device cannot be called ${name}; ${nameAdvice}`)
    if (names.has(name)) report.error(placeOf('drsDeviceName'), `another device is called ${name} already`)
    names.add(name)
    if (at >= mostDevices) report.error(placeOf('drsDeviceIndex'), `there can be ${mostDevices} devices at most`)
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
    if (names.has(name)) report.error(placeOf('drsScheduleName'), `another schedule is called ${name} already`)
    names.add(name)
    if (at >= mostSchedules)
      report.error(placeOf('drsScheduleIndex'), `there can be ${mostSchedules} schedules at most`)
    if (row.drsScheduleAdminStatus === 'enabled' && !devices.has(row.drsScheduleDevice))
      report.warn(placeOf('drsScheduleDevice'), `schedule ${name} fails: there is no device ${row.drsScheduleDevice}`)
  }
}

export const nodeRule: Rule = (rows, report) => {
  const names = new Set<string>()
  for (const [at, { row, placeOf }] of rows.of(drsNodeTable).entries()) {
    const mistake = nodeMistake(row)
    if (mistake) report.error(placeOf(mistake.column), mistake.sentence)
    if (names.has(row.drsNodeName)) report.error(placeOf('drsNodeName'), `there are two nodes ${row.drsNodeName}`)
    names.add(row.drsNodeName)
    if (at >= mostNodes) report.error(placeOf('drsNodeIndex'), `there can be at most ${mostNodes} nodes`)
  }
}
