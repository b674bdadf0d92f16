/** hrSystem: the up time goes on from the last sample, the date and the number of processes are of when they are read. */
import { type ModuleHost, serve } from '../../lib/mib/module.ts'
import type { Clock } from '../../lib/time/clock.ts'
import { hrSystem } from './mib.ts'
import type { Source } from './source.ts'
import { parseUptime, readSystem } from './system.ts'

export class SystemGroup {
  readonly served
  readonly #source: Source
  #clock: Clock | undefined
  #uptime: { readonly ticks: number; readonly atMs: number } | undefined

  constructor(source: Source, processCount: () => number) {
    this.#source = source
    this.served = serve(hrSystem, {
      live: {
        hrSystemUptime: () => this.#uptimeTicks(),
        hrSystemDate: () => (this.#clock ? new Date(this.#clock.now()) : undefined),
        hrSystemProcesses: processCount,
      },
    })
  }

  sampleUptime({ clock }: ModuleHost): void {
    this.#clock = clock
    const ticks = parseUptime(this.#source.need('/proc/uptime') ?? '')
    if (ticks !== undefined) this.#uptime = { ticks, atMs: clock.monotonicMs() }
  }

  /** `loadDevice` is hrDeviceIndex of the disk that the root is on. */
  sampleUsersAndLimits(loadDevice: number | undefined): void {
    this.served.table.put(readSystem(this.#source, loadDevice))
  }

  #uptimeTicks(): number | undefined {
    if (!this.#uptime || !this.#clock) return undefined
    const { ticks, atMs } = this.#uptime
    return (ticks + Math.floor((this.#clock.monotonicMs() - atMs) / 10)) % 0x1_0000_0000
  }
}
