/** DISMAN-SCRIPT-MIB (RFC 3165), and what CASTELLAN-SCRIPT-MIB adds to a script: its command and its limits. */
import { column, defineNotification, defineScalars, defineTable, foreignIndex } from '../../lib/mib/declare.ts'
import {
  dateAndTimeOrNever,
  displayString,
  enumeration,
  integer32,
  objectIdentifier,
  rowStatus,
  storageType,
  text,
  textOctets,
  timeInterval,
  truthValue,
  unsigned32,
} from '../../lib/mib/syntax.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'

const script = '1.3.6.1.2.1.64'
const castellanScript = `${castellanArc}.12.41`
/** CASTELLAN-SCRIPT-MIB's scriptProgramEntry, which augments smScriptEntry. */
const programEntry = `${castellanScript}.1.1.1`
/** Below it: the languages and the extension that smLangTable and smExtsnTable name. */
export const scriptIdentities = `${castellanScript}.2`

const adminString = (min = 0, max = 255) => text(min, max)
const action = { readsAs: 'nop', defaultValue: 'nop' } as const
const control = () => enumeration({ abort: 1, suspend: 2, resume: 3, nop: 4 })
/** TimeInterval, in hundredths of a second: at this value the timers of RFC 3165 that may stand still do. */
export const endless = 0x7fff_ffff
/** RFC 3165 asks for 255 octets at least; these fit into a datagram with everything around them. */
export const maxArgumentOctets = 1024
export const maxResultOctets = 1024

const happened = (number: number) =>
  column<Date | 'never'>(number, dateAndTimeOrNever(), 'read-only', { defaultValue: 'never' })

export const smLangTable = defineTable({
  name: 'smLangTable',
  oid: `${script}.1.1`,
  index: { smLangIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible') },
  columns: {
    smLangLanguage: column(2, objectIdentifier()),
    smLangVersion: column(3, adminString(0, 32)),
    smLangVendor: column(4, objectIdentifier()),
    smLangRevision: column(5, adminString(0, 32)),
    smLangDescr: column(6, adminString()),
  },
})

export const smExtsnTable = defineTable({
  name: 'smExtsnTable',
  oid: `${script}.1.2`,
  index: {
    smLangIndex: foreignIndex(smLangTable.columns.smLangIndex),
    smExtsnIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible'),
  },
  columns: {
    smExtsnExtension: column(2, objectIdentifier()),
    smExtsnVersion: column(3, adminString(0, 32)),
    smExtsnVendor: column(4, objectIdentifier()),
    smExtsnRevision: column(5, adminString(0, 32)),
    smExtsnDescr: column(6, adminString()),
  },
})

export const smScriptTable = defineTable({
  name: 'smScriptTable',
  oid: `${script}.1.3.1`,
  index: {
    smScriptOwner: column(1, adminString(0, 32), 'not-accessible'),
    smScriptName: column(2, adminString(1, 32), 'not-accessible'),
  },
  columns: {
    smScriptDescr: column(3, adminString(), 'read-create'),
    smScriptLanguage: column(4, integer32(0, 0x7fff_ffff), 'read-create'),
    // MIN-ACCESS read-only: code is never fetched from a URL here.
    smScriptSource: column(5, displayString(), 'read-create', { command: true, defaultValue: '' }),
    smScriptAdminStatus: column(6, enumeration({ enabled: 1, disabled: 2, editing: 3 }), 'read-create', {
      defaultValue: 'disabled',
    }),
    smScriptOperStatus: column(
      7,
      enumeration({
        enabled: 1,
        disabled: 2,
        editing: 3,
        retrieving: 4,
        compiling: 5,
        noSuchScript: 6,
        accessDenied: 7,
        wrongLanguage: 8,
        wrongVersion: 9,
        compilationFailed: 10,
        noResourcesLeft: 11,
        unknownProtocol: 12,
        protocolFailure: 13,
        genericError: 14,
      }),
      'read-only',
      { defaultValue: 'disabled' },
    ),
    smScriptStorageType: column(8, storageType(), 'read-create', { defaultValue: 'volatile' }),
    smScriptRowStatus: column(9, rowStatus(), 'read-create'),
    // It names the program of scriptCommand, and what is wrong with its path.
    smScriptError: column(10, adminString(), 'read-only', { contents: true, defaultValue: '' }),
    smScriptLastChange: happened(11),
    scriptCommand: column(1, text(0, 1024, 'CastellanText'), 'read-create', {
      entry: programEntry,
      command: true,
      defaultValue: '',
    }),
    scriptNiceness: column(2, integer32(0, 19), 'read-only', { entry: programEntry, defaultValue: 0 }),
    scriptMaxOutput: column(3, unsigned32(1, 0x7fff_ffff), 'read-only', {
      entry: programEntry,
      defaultValue: 1_048_576,
    }),
    scriptMaxProcesses: column(4, unsigned32(1, 65_535), 'read-only', { entry: programEntry, defaultValue: 64 }),
  },
  cnf: [
    'smScriptOwner',
    'smScriptName',
    'smScriptDescr',
    'smScriptLanguage',
    'smScriptAdminStatus',
    'smScriptStorageType',
    // What is ours; a line may end before these, but without a command the script cannot be enabled.
    'scriptCommand',
    'scriptNiceness',
    'scriptMaxOutput',
    'scriptMaxProcesses',
  ],
})

export const scriptGlobals = defineScalars({
  name: 'scriptGlobals',
  oid: `${castellanScript}.1.2`,
  objects: {
    scriptArgumentsWritable: column(1, truthValue(), 'read-only', { defaultValue: false }),
  },
  cnf: ['scriptArgumentsWritable'],
})

export const smLaunchTable = defineTable({
  name: 'smLaunchTable',
  oid: `${script}.1.4.1`,
  index: {
    smLaunchOwner: column(1, adminString(0, 32), 'not-accessible'),
    smLaunchName: column(2, adminString(1, 32), 'not-accessible'),
  },
  columns: {
    smLaunchScriptOwner: column(3, adminString(0, 32), 'read-create'),
    smLaunchScriptName: column(4, adminString(0, 32), 'read-create', { defaultValue: '' }),
    smLaunchArgument: column(5, textOctets(0, maxArgumentOctets), 'read-create', {
      command: 'argument',
      defaultValue: new Uint8Array(0),
    }),
    smLaunchMaxRunning: column(6, unsigned32(1), 'read-create', { defaultValue: 1 }),
    smLaunchMaxCompleted: column(7, unsigned32(1), 'read-create', { defaultValue: 1 }),
    smLaunchLifeTime: column(8, timeInterval(), 'read-create', { defaultValue: 360_000 }),
    smLaunchExpireTime: column(9, timeInterval(), 'read-create', { defaultValue: 360_000 }),
    smLaunchStart: column(10, integer32(0, 0x7fff_ffff), 'read-create', { defaultValue: 0 }),
    smLaunchControl: column(11, control(), 'read-create', action),
    smLaunchAdminStatus: column(12, enumeration({ enabled: 1, disabled: 2, autostart: 3 }), 'read-create', {
      defaultValue: 'disabled',
    }),
    smLaunchOperStatus: column(13, enumeration({ enabled: 1, disabled: 2, expired: 3 }), 'read-only', {
      defaultValue: 'disabled',
    }),
    smLaunchRunIndexNext: column(14, integer32(0, 0x7fff_ffff), 'read-only', { presence: 'live' }),
    smLaunchStorageType: column(15, storageType(), 'read-create', { defaultValue: 'volatile' }),
    smLaunchRowStatus: column(16, rowStatus(), 'read-create'),
    smLaunchError: column(17, adminString(), 'read-only', { contents: false, defaultValue: '' }),
    smLaunchLastChange: happened(18),
    smLaunchRowExpireTime: column(19, timeInterval(), 'read-create', { presence: 'live' }),
  },
  // smLaunchRowExpireTime ticks, and so is no field.
  cnf: [
    'smLaunchOwner',
    'smLaunchName',
    'smLaunchScriptOwner',
    'smLaunchScriptName',
    'smLaunchArgument',
    'smLaunchMaxRunning',
    'smLaunchMaxCompleted',
    'smLaunchLifeTime',
    'smLaunchExpireTime',
    'smLaunchAdminStatus',
    'smLaunchStorageType',
  ],
})

export const smRunTable = defineTable({
  name: 'smRunTable',
  oid: `${script}.1.4.2`,
  index: {
    smLaunchOwner: foreignIndex(smLaunchTable.columns.smLaunchOwner),
    smLaunchName: foreignIndex(smLaunchTable.columns.smLaunchName),
    smRunIndex: column(1, integer32(1, 0x7fff_ffff), 'not-accessible'),
  },
  columns: {
    smRunArgument: column(2, textOctets(0, maxArgumentOctets), 'read-only', { contents: true }),
    smRunStartTime: happened(3),
    smRunEndTime: happened(4),
    smRunLifeTime: column(5, timeInterval(), 'read-write', { presence: 'live' }),
    smRunExpireTime: column(6, timeInterval(), 'read-write', { presence: 'live' }),
    smRunExitCode: column(
      7,
      enumeration({
        noError: 1,
        halted: 2,
        lifeTimeExceeded: 3,
        noResourcesLeft: 4,
        languageError: 5,
        runtimeError: 6,
        invalidArgument: 7,
        securityViolation: 8,
        genericError: 9,
      }),
    ),
    // What an operator launches a script for: its author decides what it says.
    smRunResult: column(8, textOctets(0, maxResultOctets), 'read-only', { contents: false }),
    smRunControl: column(9, control(), 'read-write'),
    smRunState: column(
      10,
      enumeration({
        initializing: 1,
        executing: 2,
        suspending: 3,
        suspended: 4,
        resuming: 5,
        aborting: 6,
        terminated: 7,
      }),
    ),
    // As smRunResult: who launches a script has to learn why it failed, and smScriptException tells of nothing else.
    smRunError: column(11, adminString(), 'read-only', { contents: false }),
    smRunResultTime: happened(12),
    smRunErrorTime: happened(13),
  },
})

const { smRunExitCode, smRunEndTime, smRunError, smRunResult } = smRunTable.columns

export const smScriptAbort = defineNotification({
  name: 'smScriptAbort',
  oid: `${script}.2.0.1`,
  objects: { smRunExitCode, smRunEndTime, smRunError },
})

export const smScriptResult = defineNotification({
  name: 'smScriptResult',
  oid: `${script}.2.0.2`,
  objects: { smRunResult },
})

export const smScriptException = defineNotification({
  name: 'smScriptException',
  oid: `${script}.2.0.3`,
  objects: { smRunError },
})
