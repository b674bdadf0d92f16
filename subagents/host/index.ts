/** The host module: HOST-RESOURCES-MIB, sampled in the background on a clock of its own and never while a request waits. */
import { anyServing, type MibModule, type ModuleHost } from '../../lib/mib/module.ts'
import { oid } from '../../lib/smi/oid.ts'
import { ProcessTable } from './process-table.ts'
import { Samplers } from './samplers.ts'
import { Source } from './source.ts'
import { Statfs, type StatfsAsker } from './statfs.ts'

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
  /** Called with the time that each slice of the work took. */
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
  const samplers = new Samplers({ source, processes, packagesFolder, rpmReport, statfs, onSlice, pageKb })
  const module: MibModule = {
    name: 'host',
    description: 'HOST-RESOURCES-MIB (RFC 2790)',
    oid: oid('1.3.6.1.2.1.25.7.1'),
    tables: samplers.servings,
    start: (host) => samplers.start(host),
    async stop() {
      samplers.stop()
    },
  }
  return { module, configured: [anyServing(samplers.tables.own)] }
}
