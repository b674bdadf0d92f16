/** The host module: HOST-RESOURCES-MIB, sampled in the background on a clock of its own and never while a request waits. */

import { anyServing, type MibModule, type ModuleHost, serve } from '../../lib/mib/module.ts'
import { runInSlices } from '../../lib/process/slices.ts'
import { oid } from '../../lib/smi/oid.ts'
import { pause } from '../../lib/time/pause.ts'
import { Period } from '../../lib/time/period.ts'
import { DeviceSampler } from './device-sampler.ts'
import { FileSystemSampler } from './file-system-sampler.ts'
import { memoryPercents, memoryRows, parseMeminfo } from './memory.ts'
import {
  castellanHost,
  castellanMountTable,
  hrDeviceTable,
  hrDiskStorageTable,
  hrFSTable,
  hrNetworkTable,
  hrPartitionTable,
  hrProcessorTable,
  hrStorage,
  hrStorageTable,
  hrSWInstalled,
  hrSWInstalledTable,
  hrSWRun,
  hrSWRunTable,
  hrSystem,
} from './mib.ts'
import { PackageSampler } from './package-sampler.ts'
import { listEveryMs, ProcessTable } from './process-table.ts'
import { toRunRow } from './processes.ts'
import { parseLoadavg } from './processors.ts'
import { Samples } from './samples.ts'
import { Source } from './source.ts'
import { Statfs, type StatfsAsker } from './statfs.ts'
import { parseUptime, readSystem } from './system.ts'

const fastEveryMs = 5_000
const fileSystemsEveryMs = 10_000
const devicesEveryMs = 10_000
/** What file systems and devices take of a core at most: where there are many, they are looked at less often. */
const coreShare = 0.003
const packagesEveryMs = 60_000
const statfsLimitMs = 2_000

export interface HostOptions {
  /** Where /proc, /sys and /run are; for saved samples. */
  readonly root?: string
  /** Who scans the processes, where others show them too. It runs while this module does. */
  readonly processes?: ProcessTable
  /** dpkg's folder. */
  readonly packagesFolder?: string
  /** The report of rpmProgram, which is made where programs may be started. */
  readonly rpmReport?: string
  /** Asks for the sizes of file systems; one for mounts of this machine, one for those of the network. */
  readonly statfs?: (host: ModuleHost) => StatfsAsker
  /** Told how long each slice of the work took. */
  readonly onSlice?: (tookMs: number) => void
  readonly pageKb?: number
}

export function hostModule({
  root = '',
  processes = new ProcessTable(new Source(root)),
  packagesFolder = `${root}/var/lib/dpkg`,
  rpmReport,
  statfs = ({ clock }) => new Statfs(clock, statfsLimitMs),
  onSlice,
  pageKb = 4, // of x86-64 and of arm64 as Debian builds it
}: HostOptions = {}) {
  const source = new Source(root)
  let host: ModuleHost | undefined
  let uptime: { readonly ticks: number; readonly atMs: number } | undefined

  const system = serve(hrSystem, {
    live: {
      hrSystemUptime: () =>
        uptime && host && (uptime.ticks + Math.floor((host.clock.monotonicMs() - uptime.atMs) / 10)) % 0x1_0000_0000,
      hrSystemDate: () => (host ? new Date(host.clock.now()) : undefined),
      hrSystemProcesses: () => processes.count,
    },
  })
  const memory = serve(hrStorage)
  const storage = serve(hrStorageTable)
  const devices = serve(hrDeviceTable)
  const processors = serve(hrProcessorTable)
  const networks = serve(hrNetworkTable)
  const disks = serve(hrDiskStorageTable)
  const partitions = serve(hrPartitionTable)
  const fileSystems = serve(hrFSTable)
  const operatingSystem = serve(hrSWRun)
  const running = serve(hrSWRunTable)
  const installed = serve(hrSWInstalled)
  const packages = serve(hrSWInstalledTable)
  const mounts = serve(castellanMountTable, {
    live: {
      castellanMountAge: ({ hrFSIndex }) => {
        const answeredMs = fileSystemSampler.answeredMs(hrFSIndex)
        return answeredMs === undefined ? undefined : Math.floor((host!.clock.monotonicMs() - answeredMs) / 10)
      },
    },
  })
  const own = serve(castellanHost)
  own.table.put({
    castellanHostNetworkMounts: 'shown',
    castellanHostOverlayMounts: 'hidden',
    castellanHostMemoryMounts: 'shown',
  })
  const fileSystemsPeriod = new Period(fileSystemsEveryMs, coreShare)
  const devicesPeriod = new Period(devicesEveryMs, coreShare)
  const samples = new Samples([
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

  const deviceSampler = new DeviceSampler(source, {
    devices: devices.table,
    processors: processors.table,
    networks: networks.table,
    disks: disks.table,
    partitions: partitions.table,
  })
  const fileSystemSampler = new FileSystemSampler({
    source,
    fileSystems: fileSystems.table,
    storage: storage.table,
    mounts: mounts.table,
    shown: () => {
      const row = own.table.get({})!
      return {
        network: row.castellanHostNetworkMounts === 'shown',
        overlay: row.castellanHostOverlayMounts === 'shown',
        memory: row.castellanHostMemoryMounts === 'shown',
      }
    },
  })
  processes.listen({
    read: ({ pid, state, program }) => running.table.put(toRunRow(pid, state, program, pageKb)),
    ended: ({ pid }) => running.table.delete({ hrSWRunIndex: pid }),
    listed: () => samples.taken('processes'),
  })
  const packageSampler = new PackageSampler({
    folder: packagesFolder,
    rpmReport,
    table: packages.table,
    scalars: installed.table,
  })

  /** What changes with every look, and takes a fraction of a millisecond. */
  const sampleFast = ({ clock }: ModuleHost): void => {
    const ticks = parseUptime(source.need('/proc/uptime') ?? '')
    if (ticks !== undefined) uptime = { ticks, atMs: clock.monotonicMs() }
    if (deviceSampler.sampleProcessors(clock.monotonicMs())) samples.taken('processors')
    const loads = parseLoadavg(source.need('/proc/loadavg') ?? '')
    const sizes = parseMeminfo(source.need('/proc/meminfo') ?? '')
    const before = own.table.get({})!
    const percents = sizes && memoryPercents(sizes)
    own.table.put({
      castellanHostNetworkMounts: before.castellanHostNetworkMounts,
      castellanHostOverlayMounts: before.castellanHostOverlayMounts,
      castellanHostMemoryMounts: before.castellanHostMemoryMounts,
      castellanHostMemoryPercent: percents?.memory,
      castellanHostSwapPercent: percents?.swap,
      castellanHostLoad1: loads?.[0],
      castellanHostLoad5: loads?.[1],
      castellanHostLoad15: loads?.[2],
    })
    if (!sizes) return
    memory.table.put({ hrMemorySize: Math.min(0x7fff_ffff, sizes.totalKb) })
    for (const row of memoryRows(sizes)) storage.table.put(row)
    samples.taken('memory')
  }

  const sampleDevices = async ({ clock, signal }: ModuleHost): Promise<void> => {
    const steps = deviceSampler.scan((device) => fileSystemSampler.indexOf(device), clock.monotonicMs())
    if (!(await runInSlices(steps, { clock, signal, restMs: 0, onSlice }))) return
    samples.taken('devices')
    const { rootDevice } = fileSystemSampler
    system.table.put(readSystem(source, rootDevice === undefined ? undefined : deviceSampler.diskIndexOf(rootDevice)))
  }

  const askers: StatfsAsker[] = []
  const module: MibModule = {
    name: 'host',
    description: 'HOST-RESOURCES-MIB (RFC 2790)',
    oid: oid('1.3.6.1.2.1.25.7.1'),
    tables: [
      system,
      memory,
      storage,
      devices,
      processors,
      networks,
      disks,
      partitions,
      fileSystems,
      operatingSystem,
      running,
      installed,
      packages,
      own,
      mounts,
      samples.serving,
    ].map(anyServing),
    async start(given) {
      host = given
      const { clock, log, signal } = given
      samples.start(clock)
      operatingSystem.table.put({ hrSWOSIndex: 1 }) // the first process stands for the system
      sampleFast(given)
      const [local, network] = [statfs(given), statfs(given)]
      askers.push(local, network)

      /** Goes on until the module stops; what fails is logged when it begins to, and tried again. */
      const goOn = async (name: string, everyMs: number, sample: () => unknown, period?: Period): Promise<void> => {
        let isFailing = false
        while (!signal.aborted) {
          const begunMs = clock.monotonicMs()
          try {
            await sample()
            period?.add(clock.monotonicMs() - begunMs)
            isFailing = false
          } catch (error) {
            if (!isFailing) log.error('samples could not be taken, and rows keep their last values', { name, error })
            isFailing = true
          }
          await pause(clock, period?.ms ?? everyMs, signal)
        }
      }
      const sampleFileSystems = async (): Promise<void> => {
        const isRemovable = (device: string): boolean => deviceSampler.isRemovable(device)
        if (await fileSystemSampler.sample({ clock, log, local, network }, isRemovable)) samples.taken('file systems')
      }
      const samplePackages = async (): Promise<void> => {
        const pace = { clock, signal, restMs: 0, onSlice }
        if (await packageSampler.sample(pace, () => given.upTimeTicks())) samples.taken('packages')
      }
      await sampleDevices(given)
      void goOn('processors and memory', fastEveryMs, () => sampleFast(given))
      void goOn('processes', listEveryMs, () => {
        return source.needFolder('/proc') ? processes.run({ clock, signal, onSlice }) : undefined
      })
      void goOn('packages', packagesEveryMs, samplePackages)
      void goOn('file systems', fileSystemsEveryMs, sampleFileSystems, fileSystemsPeriod)
      const lookAtDevices = async (): Promise<void> => {
        await sampleDevices(given)
        source.logMissing(log)
      }
      void goOn('devices', devicesEveryMs, lookAtDevices, devicesPeriod)
      source.logMissing(log) // everything was read once by now
    },
    async stop() {
      for (const asker of askers.splice(0)) asker.stop()
    },
  }
  return { module, configured: [anyServing(own)] }
}
