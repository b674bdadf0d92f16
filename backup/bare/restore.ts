/** castellan-restore: restores a backup on a machine that has nothing but this program, the recovery file and its passphrase. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { ComponentProgress } from '../../lib/backup/job.ts'
import { formatSetName } from '../../lib/backup/set-name.ts'
import type { DeviceSettings } from '../../lib/backup/settings.ts'
import { defineCommand } from '../../lib/cli/command.ts'
import { CommandFailure, exitCodes, RefusedError, UsageError } from '../../lib/cli/exit-codes.ts'
import { flag, text } from '../../lib/cli/options.ts'
import { print } from '../../lib/cli/print.ts'
import { messageOf } from '../../lib/errors.ts'
import { readRegularFile } from '../../lib/files/regular-file.ts'
import type { Home } from '../../lib/home/home.ts'
import { HomeLock } from '../../lib/home/lock.ts'
import { printable } from '../../lib/text/escape.ts'
import { systemClock } from '../../lib/time/clock.ts'
import { programVersion } from '../../lib/version.ts'
import { openWithPassphrase } from '../archive/age.ts'
import { ArchiveError } from '../archive/archive-error.ts'
import type { Progress, ReportLog } from '../archive/report.ts'
import type { Device } from '../device/device.ts'
import { backupFolderOf, emptyFolder, jobLockOf, removeFolder, replacedFolderOf } from '../job/folders.ts'
import { knownFeatures } from '../plan/features.ts'
import { completeSets } from '../restore/open-set.ts'
import { applyRestore, type RestoreOptions, stageRestore } from '../restore/restore.ts'
import type { Services } from '../restore/services.ts'
import { readPassphrase } from './passphrase.ts'

export interface BareWorld {
  openDevice(settings: DeviceSettings): Device
  services(home: Home): Services
}

const options = {
  from: text('--from <dir>', 'the folder with the files of the backup'),
  recovery: text('--recovery <file>', 'the recovery file (the castellan_recovery_*.age of that folder)'),
  fingerprint: text('--fingerprint <SHA256:...>', 'the signing key, from the recovery sheet'),
  set: text('--set <name>', 'such as castellan_2026-11-30T02-30-00Z_0.1.0 (the newest)'),
  node: text('--node <name>', 'whose archive (the name of this machine)'),
  feature: text('--features <names>', 'separated by commas (all of the archive)'),
  preflight: flag('--preflight', 'read, check and compare all; change nothing'),
  anyVersion: flag('--any-version', 'restore a backup of another version, whose files this one may not understand'),
}

export function castellanRestore(world: BareWorld) {
  return defineCommand({
    name: 'castellan-restore',
    summary: 'restore a backup on a machine that has nothing but this program',
    details:
      'It reads the recovery passphrase from the terminal or from standard input, checks the whole archive before it changes anything, and keeps what it replaces under data/subagents/backup/replaced. Files of an SFTP server are fetched with sftp first, as the recovery sheet says.',
    example: 'castellan-restore --from /mnt/backup --fingerprint SHA256:... --home /var/lib/castellan',
    exitCodes: { 4: 'the archive, the passphrase or the version is refused; nothing was changed' },
    options,
    async run({ home, options }) {
      if (options.from === undefined) throw new UsageError('expected --from with the folder of the backup')
      if (options.fingerprint === undefined)
        throw new UsageError('expected --fingerprint with the signing key, which the recovery sheet has')
      const folder = resolve(options.from)
      const recovery = options.recovery ?? recoveryFileIn(folder)
      const sealed = await readRecoveryFile(recovery)
      const device = world.openDevice({ type: 'local', name: folder, path: folder, retention: 1 })
      try {
        const identity = (await openWithPassphrase(sealed, await readPassphrase())).trim()
        const { signal } = new AbortController()
        const set = options.set ?? (await newestSet(device, signal))
        await restore(
          home,
          world,
          {
            ...{ device, set, signal, identities: [identity], anyVersion: options.anyVersion },
            node: options.node ?? hostname(),
            features: options.feature === undefined ? [] : options.feature.split(','),
            trust: { fingerprint: options.fingerprint },
          },
          options.preflight,
        )
        return exitCodes.ok
      } catch (error) {
        throw error instanceof ArchiveError ? new RefusedError(error.message, { cause: error }) : error
      } finally {
        await device.close()
      }
    },
  })
}

async function readRecoveryFile(path: string): Promise<Buffer> {
  try {
    return (await readRegularFile(path)).octets
  } catch (error) {
    throw new CommandFailure(
      `cannot read the recovery file: ${printable(messageOf(error))}; name the castellan_recovery_*.age of the backup with --recovery`,
    )
  }
}

type Chosen = Pick<
  RestoreOptions,
  'device' | 'set' | 'signal' | 'identities' | 'anyVersion' | 'node' | 'features' | 'trust'
>

async function restore(home: Home, world: BareWorld, chosen: Chosen, preflightOnly: boolean): Promise<void> {
  const folder = backupFolderOf(home)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const lock = HomeLock.tryTake(jobLockOf(home))
  if (!lock) throw new CommandFailure(`a backup or restore of ${home.root} is running; wait for its end`)
  try {
    const options: RestoreOptions = {
      ...chosen,
      ...{ home, stagingFolder: emptyFolder(home, 'staging'), version: programVersion(), known: knownFeatures(home) },
      ...{ replaced: replacedFolderOf(home), services: world.services(home) },
      ...{ progress: quiet, log: printing, clock: systemClock, checkpoint: () => {} },
    }
    const staged = await stageRestore(options)
    if (preflightOnly)
      for (const { path, difference } of staged.differences) print(`${difference.padEnd(8)} ${printable(path)}\n`)
    else {
      await applyRestore(options, staged)
      print(`restored ${chosen.set} into ${home.root}; start it with: castellan start --home ${home.root}\n`)
    }
  } finally {
    removeFolder(home, 'staging')
    lock.release()
  }
}

const printing: ReportLog = {
  info: (sentence) => print(`${printable(sentence)}\n`),
  warn: (sentence) => print(`warning: ${printable(sentence)}\n`),
  error: (sentence) => void process.stderr.write(`castellan-restore: ${printable(sentence)}\n`),
}

const quiet: Progress = {
  expect() {},
  component: (_feature: string, _component: string, _progress: Partial<ComponentProgress>) => {},
  advance() {},
  transfer() {},
  alarm() {},
}

function recoveryFileIn(folder: string): string {
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => /^castellan_recovery_.*\.age$/.test(name))
    : []
  const [only, ...more] = names
  if (only !== undefined && more.length === 0) return join(folder, only)
  throw new UsageError(`${folder} has ${names.length} recovery files; name one with --recovery`)
}

async function newestSet(device: Device, signal: AbortSignal): Promise<string> {
  const [newest] = await completeSets(device, signal)
  if (newest) return formatSetName(newest)
  throw new CommandFailure(`${device.name} has no complete backup: no castellan_*.set`)
}
