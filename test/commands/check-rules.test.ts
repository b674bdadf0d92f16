/** What check finds in each file but snmpd.cnf beyond types and ranges. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Home } from '../../lib/home/home.ts'
import { cases } from '../support/check-cases.ts'
import { complaintsOf, newHome } from '../support/check-home.ts'

let home: Home
before(async () => {
  home = await newHome()
})
after(() => rm(home.root, { recursive: true, force: true }))

test('the shipped files have nothing to complain of', async () => {
  assert.deepEqual(await complaintsOf(home), [])
  assert.equal(existsSync(join(home.data, 'agent', 'engine.json')), false, 'check makes no engineID')
})

describe('eventagt.cnf', () => {
  const trigger = (value: string, more = 'false', name = 't'): string =>
    `mteTriggerEntry me ${name} - 20 absoluteValue ${value} ${more} - - false 5 - - false active`
  cases(() => home, 'agent/eventagt.cnf', {
    'events and objects that are not there': {
      replace: [
        [
          'castellan rising castellan falling - - - - castellan processor',
          'castellan risen castellan falling - - - - castellan processor',
        ],
        ['false 30 castellan mount true active', 'false 30 castellan mounts true active'],
        [
          'mteEventNotificationEntry 0.0 - - castellan rising',
          'mteEventNotificationEntry 0.0 castellan none castellan rising',
        ],
      ],
      expect: [
        ['risen', 'warning: there is no mteEventEntry castellan/risen'],
        ['mounts', 'warning: there is no mteObjectsEntry castellan/mounts'],
        ['none', 'warning: there is no mteObjectsEntry castellan/none'],
      ],
    },
    'values that are no objects, have no instance, or are no numbers': {
      add: [
        trigger('ifTable', 'false', 'a'),
        trigger('ifInOctets', 'false', 'b'),
        trigger('sysUpTime', 'false', 'c'),
        trigger('ifDescr.1', 'false', 'd'),
        trigger('1.3.6.1.4.1.8072.1.2', 'false', 'foreign'),
        trigger('0.0', 'true', 'e'),
        trigger('ifInOctets.1.2', 'false', 'f'),
      ].join('\n'),
      expect: [
        ['ifTable', 'warning: mteTriggerValueID: ifTable has no value'],
        ['ifInOctets', 'warning: mteTriggerValueID: ifInOctets is a column; name an instance such as ifInOctets.1'],
        ['sysUpTime', 'warning: mteTriggerValueID: sysUpTime has the one instance sysUpTime.0'],
        ['ifDescr.1', 'warning: mteTriggerValueID: ifDescr.1 is no number, as boolean and threshold tests need'],
        ['0.0', 'warning: mteTriggerValueID: 0.0 names no object'],
        ['ifInOctets.1.2', 'warning: mteTriggerValueID: ifInOctets can have no instance 1.2'],
      ],
    },
    'thresholds that are crossed both ways at once, a trigger without a test, and one too often': {
      replace: [
        ['mteTriggerThresholdEntry rising 75 20', 'mteTriggerThresholdEntry rising 20 75'],
        ['mteResourceSampleMinimum 1', 'mteResourceSampleMinimum 10'],
      ],
      add: 'mteTriggerEntry me t - 00 absoluteValue sysUpTime.0 false - - false 60 - - false active',
      expect: [
        ['5', 'warning: mteTriggerFrequency 5 is below mteResourceSampleMinimum 10'],
        ['20', 'warning: mteTriggerThresholdRising 20 is below mteTriggerThresholdFalling 75; one value can be both'],
        ['00', 'warning: a trigger without a test never fires'],
      ],
    },
    'events without an action, of no notification, and that set what cannot be set': {
      add: [
        'mteEventEntry idle - 00 true active me',
        'mteEventEntry odd - 80 true active me',
        'mteEventNotificationEntry sysUpTime.0 - - me odd',
        'mteEventEntry set - 40 true active me',
        'mteEventSetEntry sysUpTime.0 false 5 - - false me set',
        'mteEventEntry set2 - 40 true active me',
        'mteEventSetEntry siLogPollNow.1 false 5 - - false me set2',
      ].join('\n'),
      expect: [
        ['00', 'warning: an event without an action does nothing'],
        ['sysUpTime.0', 'warning: mteEventNotification: sysUpTime.0 is no notification'],
        ['sysUpTime.0', 'warning: mteEventSetObject: sysUpTime cannot be set'],
        ['siLogPollNow.1', 'warning: mteEventSetObject: siLogPollNow does not take the integer 5 (wrongValue)'],
      ],
    },
    'objects that the local user of the triggers may not read': {
      add: 'mteTriggerEntry me t - 40 absoluteValue ifInOctets true - - false 5 - - true active',
      expect: [
        [
          'ifInOctets',
          'warning: eventAgent may not read ifInOctets by snmpd.cnf; add: vacmViewTreeFamilyEntry watch ifInOctets - included nonVolatile',
        ],
      ],
    },
  })
})

describe('schedule.cnf', () => {
  const schedule = (timing: string, what: string, name = 's'): string =>
    `schedEntry me ${name} - ${timing} ${what} enabled nonVolatile`
  const daily = '- siLogPollNow.1 1 calendar'
  cases(() => home, 'agent/schedule.cnf', {
    'calendars and intervals that never come': {
      add: [
        schedule('0 - - - - -', '- siLogPollNow.1 1 periodic', 'a'),
        schedule('0 - fff0 ffffffff00000000 800000 8000000000000000', daily, 'b'),
      ].join('\n'),
      expect: [
        ['0', 'warning: a periodic schedule of 0 seconds never runs'],
        ['-', 'warning: schedWeekDay names nothing, so the schedule never runs'],
      ],
    },
    'the 30th of February': {
      add: schedule('0 fe 4000 0000000400000000 800000 8000000000000000', daily),
      expect: [
        [
          '0000000400000000',
          'warning: no date is all of schedWeekDay, schedMonth and schedDay, so the schedule never runs',
        ],
      ],
    },
    'variables that cannot be set': {
      add: [
        schedule('60 - - - - -', '- sysUpTime.0 1 periodic', 'a'),
        schedule('60 - - - - -', '- siLogPollNow 1 periodic', 'b'),
        schedule('60 - - - - -', '- siLogPollNow.1 7 periodic', 'c'),
        schedule('60 - - - - -', 'ctx siLogPollNow.1 1 periodic', 'd'),
        schedule('60 - - - - -', '- critAppStartCommand.1 1 periodic', 'e'),
        schedule('60 - - - - -', '- snmpEnableAuthenTraps.0 1 periodic', 'f'),
      ].join('\n'),
      expect: [
        ['sysUpTime.0', 'warning: schedVariable: sysUpTime cannot be set'],
        ['siLogPollNow', 'warning: schedVariable: siLogPollNow is a column; name an instance such as siLogPollNow.1'],
        ['siLogPollNow.1', 'warning: schedVariable: siLogPollNow does not take the integer 7 (wrongValue)'],
        ['ctx', 'warning: there is no context ctx; the only one has the empty name, which is written -'],
        [
          'critAppStartCommand.1',
          'warning: schedVariable: critAppStartCommand holds a command, which only its file sets',
        ],
        [
          'snmpEnableAuthenTraps.0',
          'warning: scheduleAgent may not write snmpEnableAuthenTraps.0 by snmpd.cnf; add: vacmViewTreeFamilyEntry operate snmpEnableAuthenTraps - included nonVolatile',
        ],
      ],
    },
  })
})

describe('critagt.cnf', () => {
  const row = (index: number, name: string, start: string, stop: string, more = ''): string =>
    `critAppProcEntry ${index} ${name} ${start} ${stop} down true 300 true true true 30 nonVolatile ${more}`
  cases(() => home, 'subagents/critagt.cnf', {
    'commands that are none, or whose program is not there': {
      add: [row(2, 'a', '"/bin/sh \'x"', '-'), row(3, 'b', '/no/such/program', '/etc/passwd', 'no-such-program')].join(
        '\n',
      ),
      expect: [
        ['"/bin/sh \'x"', 'critAppStartCommand: the quote at column 9 is not closed'],
        ['/no/such/program', 'warning: critAppStartCommand: there is no program /no/such/program'],
        ['/etc/passwd', 'warning: critAppTerminateCommand: /etc/passwd may not be executed; run: chmod +x /etc/passwd'],
        ['no-such-program', 'warning: critAppGracefulCommand: there is no program no-such-program'],
      ],
    },
    'two rows of one name': {
      add: [row(2, 'a', '/bin/true', '-'), row(3, 'a', '/bin/false', '-')].join('\n'),
      expect: [['a', 'row 2 is named a too; both would take the same process for theirs']],
    },
    'a unit that is none, one beside commands, and one that systemd has not': {
      add: [
        row(2, 'a', '-', '-', '- 0 600 10 a/b'),
        row(3, 'b', '/bin/true', '-', '- 0 600 10 no-such-unit'),
        row(4, 'c', '-', '-', '- 0 600 10 no-such-unit@1'),
      ].join('\n'),
      expect: [
        ['a/b', 'a/b is not the name of a unit'],
        [
          'no-such-unit',
          'a row has either critAppUnit or commands to start and stop; beside a unit these would never run',
        ],
        ['no-such-unit', 'warning: systemd has no unit no-such-unit.service'],
        ['no-such-unit@1', 'warning: systemd has no unit no-such-unit@1.service'],
      ],
    },
    'targets of health checks': {
      add: [
        row(2, 'a', '/bin/true', '-', '- 0 600 10 - tcp localhost 30 5 3'),
        row(3, 'b', '/bin/true', '-', '- 0 600 10 - sip http://x 30 5 3'),
        row(4, 'c', '/bin/true', '-', '- 0 600 10 - command - 30 5 3'),
        row(5, 'd', '/bin/true', '-', '- 0 600 10 - command /no/such/program 30 5 3'),
      ].join('\n'),
      expect: [
        ['localhost', 'critAppHealthTarget of kind tcp: expected HOST:PORT'],
        ['http://x', 'critAppHealthTarget of kind sip: expected a SIP URI such as sip:192.0.2.7, or nothing'],
        ['-', 'critAppHealthTarget of kind command: the command is empty'],
        ['/no/such/program', 'warning: critAppHealthTarget: there is no program /no/such/program'],
      ],
    },
    'a process that is wanted up without a way, and a window in which nothing happens': {
      add: row(2, 'a', '-', '-', '- 5 0').replace(' down ', ' up '),
      expect: [
        ['-', 'warning: the process is wanted up, and there is no command to start it'],
        ['0', 'warning: within 0 seconds critAppMaxRestarts is never reached'],
      ],
    },
  })
})

describe('logagt.cnf', () => {
  const log = (
    index: number,
    file: string,
    { pattern = '-', from = 0, to = 0, command = '-', trap = 'no', rotation = '0 0 0 0 0' } = {},
  ): string =>
    `siLogEntry ${index} x ${file} ${pattern} no ${from} ${to} 0 ${command} ${trap} 0 5000000 - yes 10 no me active 0 - nonVolatile ${rotation}`
  cases(() => home, 'subagents/logagt.cnf', {
    'a pattern that does not compile, and commands that are none': {
      add: [
        log(5, '/var/log/a', { pattern: '"a(b"' }),
        log(6, '/var/log/b', { pattern: 'x', command: '"a \\"b"' }),
      ].join('\n'),
      expect: [
        ['"a(b"', 'siLogRegExp: Invalid regular expression: /a(b/: Unterminated group'],
        ['"a', 'siLogMatchCommand: the quote at column 3 is not closed'],
      ],
    },
    'files that nobody can follow': {
      add: [
        log(5, 'relative.log'),
        log(6, '/no/such/folder/x'),
        log(7, '/var/log'),
        log(8, '/etc/passwd/x'),
        log(9, '/dev/null'),
      ].join('\n'),
      expect: [
        ['relative.log', 'warning: siLogFileName must begin with / to be found from anywhere, got relative.log'],
        ['/no/such/folder/x', 'warning: there is no folder /no/such/folder'],
        ['/var/log', 'warning: /var/log is not a regular file, and will not be read'],
        ['/etc/passwd/x', 'warning: a part of /etc/passwd/x is a file, not a folder'],
        ['/dev/null', 'warning: /dev/null is not a regular file, and will not be read'],
      ],
    },
    'a program that is not there, no text to look at, and a trap without a pattern': {
      add: [
        log(5, '/var/log/a', { pattern: 'x', command: '/no/such/program' }),
        log(6, '/var/log/b', { pattern: 'x', from: 9, to: 5 }),
        log(7, '/var/log/c', { trap: 'yes' }),
      ].join('\n'),
      expect: [
        ['/no/such/program', 'warning: siLogMatchCommand: there is no program /no/such/program'],
        ['9', 'warning: siLogMatchStart 9 is beyond siLogMatchStop 5, so no text is looked at'],
        ['-', 'warning: without a pattern nothing matches, and neither command nor trap comes'],
      ],
    },
    'rotations that contradict themselves or each other': {
      add: [log(5, '/var/log/a', { rotation: '5000 0 0 100 0' }), log(6, '/var/log/a', { rotation: '0 0 3 0 0' })].join(
        '\n',
      ),
      expect: [
        [
          '100',
          'warning: siLogRotateKeepOctets 100 is below siLogRotateSize 5000; what is rotated by size may be deleted at once',
        ],
        ['/var/log/a', 'warning: row 5 has a rotation policy for the same file; this one is not in force'],
        [
          '0',
          'warning: neither siLogRotateSize nor siLogRotateSeconds says when, so the file is rotated by hand alone',
        ],
      ],
    },
  })
})

describe('scripts.cnf', () => {
  const script = (name: string, language: number, command: string, status = 'enabled'): string =>
    `smScriptEntry o ${name} x ${language} ${status} nonVolatile ${command}`
  const launch = (name: string, of: string, argument = '-'): string =>
    `smLaunchEntry o ${name} o ${of} ${argument} 1 1 6000 6000 enabled nonVolatile`
  cases(() => home, 'subagents/scripts.cnf', {
    'scripts that cannot be run': {
      add: [
        script('a', 9, '/bin/true'),
        script('b', 1, '-'),
        script('c', 1, '/no/such/program'),
        script('d', 1, '"/bin/sh \'x"'),
        script('e', 2, '/bin/true', 'editing'),
      ].join('\n'),
      expect: [
        ['9', 'warning: smScriptLanguage 9 is in no row of smLangTable'],
        ['-', 'warning: scripts.cnf names no command for this script; code that comes over SNMP is never run'],
        ['/no/such/program', 'warning: there is no program /no/such/program'],
        ['"/bin/sh \'x"', 'warning: scriptCommand: the quote at column 9 is not closed'],
        ['editing', 'smScriptAdminStatus must be enabled or disabled; code is not edited here'],
      ],
    },
    'launches of what is not there or off, and an argument that is none': {
      add: [
        script('off', 1, '/bin/true', 'disabled'),
        launch('a', 'gone'),
        launch('b', 'off'),
        script('on', 1, '/bin/true'),
        launch('c', 'on', '"\'x"'),
      ].join('\n'),
      expect: [
        ['gone', 'warning: there is no smScriptEntry o/gone; the launch cannot start'],
        ['off', 'warning: script o/off is disabled; the launch cannot start'],
        ['"\'x"', 'warning: smLaunchArgument: the quote at column 1 is not closed'],
      ],
    },
  })
})

describe('sysappl.cnf', () => {
  cases(() => home, 'agent/sysappl.cnf', {
    'elements without a package or a file, and a name that is taken': {
      add: 'castellanApplPackageEntry castellan x 1 -\ncastellanApplPackageEntry own x 1 -\ncastellanApplElementEntry own 1 /no/such/file\ncastellanApplElementEntry gone 1 /bin/sh',
      expect: [
        ['castellan', "warning: castellan is a package of Castellan's own; this line has no rows"],
        ['/no/such/file', 'warning: there is no file /no/such/file'],
        ['gone', 'warning: there is no castellanApplPackageEntry gone'],
      ],
    },
  })
})
