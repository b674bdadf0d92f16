/** What check finds in backup.cnf beyond types and ranges. */
import { rm } from 'node:fs/promises'
import { after, before, describe } from 'node:test'
import { mostDevices, mostSchedules } from '../../lib/backup/settings.ts'
import type { Home } from '../../lib/home/home.ts'
import { cases } from '../support/check-cases.ts'
import { newHome } from '../support/check-home.ts'

let home: Home
before(async () => {
  home = await newHome()
})
after(() => rm(home.root, { recursive: true, force: true }))

const device = (index: number, name: string, path = '/mnt'): string =>
  `drsDeviceEntry ${index} ${name} local - 22 ${path} - - - - 7 nonVolatile - 0`
const schedule = (index: number, name: string, more = '0 2026-12-01T02:00 weekly 3e disabled'): string =>
  `drsScheduleEntry ${index} ${name} ${more} nonVolatile backup runLate`
const source = (index: number): string => `drsSourceEntry ${index} X ser files /etc - 3600`
const upTo = <T>(most: number, entry: (index: number) => T): T[] => Array.from({ length: most }, (_, i) => entry(i + 2))

describe('backup.cnf', () => {
  cases(() => home, 'subagents/backup.cnf', {
    'devices that cannot have their name, or are not complete': {
      add: [device(1, 'a/b'), device(2, 'disk'), device(3, 'disk'), device(4, 'far', '-')].join('\n'),
      expect: [
        ['a/b', 'a device cannot be called a/b; use letters, digits, spaces, dashes and underscores'],
        ['disk', 'another device is called disk; choose another name'],
        ['-', 'warning: device far is not used: a local device needs a directory that exists'],
      ],
    },
    'more devices and schedules than there can be': {
      add: [
        ...upTo(mostDevices + 1, (index) => device(index, `d${index}`)),
        ...upTo(mostSchedules, (index) => schedule(index, `s${index}`)),
      ].join('\n'),
      expect: [
        [String(mostDevices + 2), `there can be ${mostDevices} devices at most; remove this line`],
        [String(mostSchedules + 1), `there can be ${mostSchedules} schedules at most; remove this line`],
      ],
    },
    'schedules that cannot have their name, or name no device': {
      add: [schedule(2, 'a/b'), schedule(3, 'default', '9 2026-12-01T02:00 weekly 3e enabled')].join('\n'),
      expect: [
        ['a/b', 'a schedule cannot be called a/b; use letters, digits, spaces, dashes and underscores'],
        ['default', 'another schedule is called default; choose another name'],
        ['9', 'warning: schedule default fails: there is no device 9; name one that exists'],
      ],
    },
    'a component twice': {
      add: `${source(1)}\n${source(2)}`,
      expect: [['ser', 'X has another component ser; choose another name']],
    },
  })
})
