/** Samples the machine into the tables of the host module, each kind on a clock of its own and none while a request waits. */
import { anyServing, type ModuleHost, type Serving, serve } from '../../lib/mib/module.ts'
import { runInSlices } from '../../lib/process/slices.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { Period } from '../../lib/time/period.ts'
import { DeviceSampler } from './device-sampler.ts'
import { FileSystemSampler } from './file-system-sampler.ts'
import { memoryPercents, memoryRows, parseMeminfo } from './memory.ts'
import { castellanMountTable } from './mib.ts'
import { PackageSampler } from './package-sampler.ts'
import { listEveryMs, type ProcessTable } from './process-table.ts'
import { toRunRow } from './processes.ts'
import { parseLoadavg } from './processors.ts'
import { repeat } from './repeat.ts'
import { Samples } from './samples.ts'
import type { Source } from './source.ts'
import type { StatfsAsker } from './statfs.ts'
import { SystemGroup } from './system-group.ts'
import { HostTables } from './tables.ts'

const fastEveryMs = 5_000
const fileSystemsEveryMs = 10_000
const devicesEveryMs = 10_000
/** What file systems and devices take of a core at most: where there are many, they are looked at less often. */
const coreShare = 0.003
const packagesEveryMs = 60_000

export interface SamplersOptions {
  readonly source: Source
  readonly processes: ProcessTable
  readonly packagesFolder: string
  readonly rpmReport: string | undefined
  readonly statfs: (host: ModuleHost) => StatfsAsker
  readonly onSlice: ((tookMs: number) => void) | undefined
  readonly pageKb: number
}

export class Samplers {
  readonly tables = new HostTables()
  readonly #options: SamplersOptions
  readonly #system: SystemGroup
  readonly #devices: DeviceSampler
  readonly #fileSystems: FileSystemSampler
  readonly #packages: PackageSampler
  readonly #mounts
  readonly #fileSystemsPeriod = new Period(fileSystemsEveryMs, coreShare)
  readonly #devicesPeriod = new Period(devicesEveryMs, coreShare)
  readonly #samples: Samples
  readonly #askers: StatfsAsker[] = []
  #clock: Clock | undefined

  constructor(options: SamplersOptions) {
    this.#options = options
    const { source, processes, packagesFolder: folder, rpmReport } = options
    const { tables } = this
    this.#mounts = serve(castellanMountTable, {
      live: { castellanMountAge: ({ hrFSIndex }) => this.#mountAgeTicks(hrFSIndex) },
    })
    this.#system = new SystemGroup(source, () => processes.count)
    this.#devices = new DeviceSampler(source, {
      devices: tables.devices.table,
      processors: tables.processors.table,
      networks: tables.networks.table,
      disks: tables.disks.table,
      partitions: tables.partitions.table,
    })
    this.#fileSystems = new FileSystemSampler({
      source,
      fileSystems: tables.fileSystems.table,
      storage: tables.storage.table,
      mounts: this.#mounts.table,
      shown: () => tables.shownMounts,
    })
    const [table, scalars] = [tables.packages.table, tables.installed.table]
    this.#packages = new PackageSampler({ folder, rpmReport, table, scalars })
    this.#samples = this.#kinds()
    processes.listen({
      read: ({ pid, state, program }) => tables.running.table.put(toRunRow(pid, state, program, options.pageKb)),
      ended: ({ pid }) => tables.running.table.delete({ hrSWRunIndex: pid }),
      listed: () => this.#samples.taken('processes'),
    })
  }

  get servings(): Serving[] {
    return [this.#system.served, this.#mounts, this.#samples.serving].map(anyServing).concat(this.tables.servings)
  }

  async start(host: ModuleHost): Promise<void> {
    const { source, processes, statfs, onSlice } = this.#options
    const { clock, log, signal } = host
    this.#clock = clock
    this.#samples.start(clock)
    this.tables.operatingSystem.table.put({ hrSWOSIndex: 1 }) // the first process stands for the system
    this.#sampleFast(host)
    const [local, network] = [statfs(host), statfs(host)]
    this.#askers.push(local, network)
    await this.#sampleDevices(host)
    void repeat(host, {
      name: 'processors and memory',
      everyMs: fastEveryMs,
      sample: () => this.#sampleFast(host),
    })
    void repeat(host, {
      name: 'processes',
      everyMs: listEveryMs,
      sample: () => (source.needFolder('/proc') ? processes.run({ clock, signal, onSlice }) : undefined),
    })
    void repeat(host, {
      name: 'packages',
      everyMs: packagesEveryMs,
      sample: () => this.#samplePackages(host),
    })
    void repeat(host, {
      name: 'file systems',
      everyMs: fileSystemsEveryMs,
      period: this.#fileSystemsPeriod,
      sample: () => this.#sampleFileSystems(host, local, network),
    })
    void repeat(host, {
      name: 'devices',
      everyMs: devicesEveryMs,
      period: this.#devicesPeriod,
      sample: async () => {
        await this.#sampleDevices(host)
        source.logMissing(log)
      },
    })
    source.logMissing(log) // everything was read once by now
  }

  stop(): void {
    for (const asker of this.#askers.splice(0)) asker.stop()
  }

  #kinds(): Samples {
    const { processors, memory, fileSystems, devices, running, packages } = this.tables
    const [fileSystemsPeriod, devicesPeriod] = [this.#fileSystemsPeriod, this.#devicesPeriod]
    return new Samples([
      { name: 'processors', everyMs: fastEveryMs, rows: () => processors.table.size },
      { name: 'memory', everyMs: fastEveryMs, rows: () => memory.table.size },
      {
        name: 'file systems',
        everyMs: fileSystemsEveryMs,
        period: fileSystemsPeriod,
        rows: () => fileSystems.table.size,
      },
      { name: 'devices', everyMs: devicesEveryMs, period: devicesPeriod, rows: () => devices.table.size },
      { name: 'processes', everyMs: listEveryMs, rows: () => running.table.size },
      { name: 'packages', everyMs: packagesEveryMs, rows: () => packages.table.size },
    ])
  }

  /** What changes with every look, and takes a fraction of a millisecond. */
  #sampleFast(host: ModuleHost): void {
    this.#system.sampleUptime(host)
    if (this.#devices.sampleProcessors(host.clock.monotonicMs())) this.#samples.taken('processors')
    const { source } = this.#options
    const { memory, storage, own } = this.tables
    const loads = parseLoadavg(source.need('/proc/loadavg') ?? '')
    const sizes = parseMeminfo(source.need('/proc/meminfo') ?? '')
    const percents = sizes && memoryPercents(sizes)
    own.table.patch(
      {},
      {
        castellanHostMemoryPercent: percents?.memory,
        castellanHostSwapPercent: percents?.swap,
        castellanHostLoad1: loads?.[0],
        castellanHostLoad5: loads?.[1],
        castellanHostLoad15: loads?.[2],
      },
    )
    if (!sizes) return
    memory.table.put({ hrMemorySize: Math.min(0x7fff_ffff, sizes.totalKb) })
    for (const row of memoryRows(sizes)) storage.table.put(row)
    this.#samples.taken('memory')
  }

  async #sampleDevices({ clock, signal }: ModuleHost): Promise<void> {
    const { onSlice } = this.#options
    const steps = this.#devices.scan((device) => this.#fileSystems.indexOf(device), clock.monotonicMs())
    if (!(await runInSlices(steps, { clock, signal, restMs: 0, onSlice }))) return
    this.#samples.taken('devices')
    const { rootDevice } = this.#fileSystems
    this.#system.sampleUsersAndLimits(rootDevice === undefined ? undefined : this.#devices.diskIndexOf(rootDevice))
  }

  async #sampleFileSystems({ clock, log }: ModuleHost, local: StatfsAsker, network: StatfsAsker): Promise<void> {
    const isRemovable = (device: string): boolean => this.#devices.isRemovable(device)
    if (await this.#fileSystems.sample({ clock, log, local, network }, isRemovable)) this.#samples.taken('file systems')
  }

  async #samplePackages(host: ModuleHost): Promise<void> {
    const { clock, signal } = host
    const pace = { clock, signal, restMs: 0, onSlice: this.#options.onSlice }
    if (await this.#packages.sample(pace, () => host.upTimeTicks())) this.#samples.taken('packages')
  }

  #mountAgeTicks(hrFSIndex: number): number | undefined {
    const answeredMs = this.#fileSystems.answeredMs(hrFSIndex)
    if (answeredMs === undefined || !this.#clock) return undefined
    return Math.floor((this.#clock.monotonicMs() - answeredMs) / 10)
  }
}
