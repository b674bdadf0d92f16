/** The log module: ties CASTELLAN-LOG-MIB to the monitors of log files and to the rotator. */
import { join } from 'node:path'
import type { StorageFigures } from '../../lib/files/storage.ts'
import { foldersOf, type Home } from '../../lib/home/home.ts'
import { anyServing, type MibModule, type ModuleHost } from '../../lib/mib/module.ts'
import type { Launcher } from '../../lib/program/launcher.ts'
import { castellanArc } from '../../lib/smi/enterprise.ts'
import { oid } from '../../lib/smi/oid.ts'
import { LogTables, type Running } from './log-tables.ts'
import { Monitors } from './monitors.ts'
import { logNotifications, monitorNotifications, notifyFloor } from './notifications.ts'
import type { RotateRequest } from './rotation/command.ts'
import { allPolicies, Rotations } from './rotations.ts'
import { logMachineRule, logRule } from './rules.ts'

/** `launcher` runs the commands of rows. */
export function logModule(home: Home, launcher?: Launcher, storage?: () => StorageFigures) {
  const tables = new LogTables([home.logs, '/var/log'], storage)
  let running: Running | undefined
  const module: MibModule = {
    name: 'log',
    description: 'CASTELLAN-LOG-MIB: watching and rotation of log files',
    oid: oid(`${castellanArc}.12.40`),
    tables: [tables.files, tables.globals].map(anyServing),
    notifications: logNotifications,
    async start(host) {
      const monitors = monitorsOf(home, host, launcher, tables)
      await monitors.start(() => tables.specs)
      running = { host, monitors, rotations: rotationsOf(home, host, monitors) }
      tables.use(running)
      tables.configureRotations()
      await running.rotations.start()
    },
    async stop() {
      const ending = running
      running = undefined
      tables.use(undefined)
      await ending?.rotations.stop()
      await ending?.monitors.stop()
    },
  }
  /** The answer to `rotate` on the control socket. */
  const rotate = (request: RotateRequest): Promise<string> => {
    if (!running) throw new Error('the log module does not run; start it, or try again when it does')
    return running.rotations.command(request)
  }
  /** What the configuration says of rotation, also where the module does not run. */
  const policies = () => ({
    policies: allPolicies(tables.active, home),
    floorOctets: tables.globals.values.siLogDiskFloorOctets,
  })
  const rules = { checks: [logRule], machineChecks: [logMachineRule] }
  return { module, configured: [tables.files, tables.globals].map(anyServing), ...rules, rotate, policies }
}

function monitorsOf(home: Home, host: ModuleHost, launcher: Launcher | undefined, { globals }: LogTables): Monitors {
  return new Monitors({
    clock: host.clock,
    log: host.log,
    launcher,
    statePath: join(foldersOf(home, 'subagents').data, 'log.json'),
    events: monitorNotifications(host),
    maxNotifications: () => globals.values.siLogMaxNotifications,
  })
}

function rotationsOf(home: Home, host: ModuleHost, monitors: Monitors): Rotations {
  return new Rotations({
    home,
    clock: host.clock,
    log: host.log,
    moving: (path, octets) => {
      for (const monitor of monitors.of(path)) monitor.measured(octets)
    },
    moved: async (path) => void (await Promise.all(monitors.of(path).map((monitor) => monitor.poll()))),
    floor: (change, event) => notifyFloor(host, change, event),
  })
}
