/** Backup jobs of a home of a test's own, run within the test, on a folder as device. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeRecoveryKey } from '../../backup/archive/keys.ts'
import type { World } from '../../backup/job/context.ts'
import type { JobExitCode } from '../../backup/job/exit-codes.ts'
import { runJob } from '../../backup/job/run.ts'
import { openDevice } from '../../backup/open-device.ts'
import { prune } from '../../backup/retention.ts'
import type { BackupRequest, JobRequest, JobStatus } from '../../lib/backup/job.ts'
import { jobLogPathOf, requestPathOf, statusPathOf } from '../../lib/backup/job-folder.ts'
import type { LocalDirectory } from '../../lib/backup/settings.ts'
import { type Home, initializeHome, resolveHome } from '../../lib/home/home.ts'
import { systemClock } from '../../lib/time/clock.ts'

export const testVersion = '1.2.3'
export const recoveryPassphrase = 'a long passphrase'

export interface FinishedJob {
  readonly code: JobExitCode
  readonly status: JobStatus
  readonly log: string
  readonly folder: string
}

export class BackupBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'backup-'))
  readonly home: Home
  readonly device: LocalDirectory
  #jobs = 0

  private constructor() {
    this.home = resolveHome(join(this.folder, 'home'))
    mkdirSync(join(this.folder, 'device'))
    this.device = { type: 'local', name: 'folder', path: join(this.folder, 'device'), retention: 3 }
  }

  static async create(): Promise<BackupBench> {
    const bench = new BackupBench()
    await initializeHome(bench.home, 0)
    await makeRecoveryKey(bench.home, recoveryPassphrase)
    return bench
  }

  request(home = this.home) {
    return {
      job: ++this.#jobs,
      trigger: 'manual',
      home: home.root,
      node: 'node1',
      device: this.device,
      features: [],
    } as const
  }

  /** A folder with a request in it, as those who start jobs make it. */
  prepare(request: JobRequest): string {
    const folder = join(this.folder, `job-${request.job}`)
    mkdirSync(folder)
    writeFileSync(requestPathOf(folder), JSON.stringify(request))
    return folder
  }

  async run(request: JobRequest, changes: Partial<World> = {}, version = testVersion): Promise<FinishedJob> {
    return this.runIn(this.prepare(request), changes, version)
  }

  async runIn(folder: string, changes: Partial<World> = {}, version = testVersion): Promise<FinishedJob> {
    const world: World = {
      clock: systemClock,
      openDevice: (settings) => openDevice(settings, { clock: systemClock }),
      openNode: ({ name }) => {
        throw new Error(`no test needs node ${name}`)
      },
      prune,
      services: () => ({ stop: async () => [], start: async () => {} }),
      ...changes,
    }
    const code = await runJob(folder, version, world, new AbortController().signal)
    return { code, folder, ...readJob(folder) }
  }

  backup(changes: Partial<BackupRequest> = {}): BackupRequest {
    const timeMs = Date.UTC(2026, 10, 30, 2, 30)
    return { ...this.request(), type: 'backup', timeMs, readsBack: true, completesSet: true, ...changes }
  }
}

export function readJob(folder: string): { readonly status: JobStatus; readonly log: string } {
  return {
    status: JSON.parse(readFileSync(statusPathOf(folder), 'utf8')),
    log: readFileSync(jobLogPathOf(folder), 'utf8'),
  }
}
