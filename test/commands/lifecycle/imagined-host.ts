/** A machine of imagined processes and imagined time: commands run on it, and any of it can be killed at any moment. */
import type {
  Child,
  ChildEnd,
  Holder,
  HomeHost,
  Identity,
  Lock,
  OwnDaemon,
  Phase,
} from '../../../commands/lifecycle/host.ts'
import type { Part } from '../../../lib/process/daemon-identity.ts'
import type { HomeProcess } from '../../../lib/process/home-processes.ts'

type Kind = Part | 'command'

interface Imagined extends Identity {
  readonly kind: Kind
  readonly starter: number | undefined
  unit: string | undefined
  isAlive: boolean
  isServing: boolean
  /** Of a command: what SIGTERM does to it. */
  onSignal: ((signal: NodeJS.Signals) => void) | undefined
  ended: () => void
}

interface Waiting {
  readonly atMs: number
  readonly order: number
  readonly process: Imagined | undefined
  readonly act: () => void
}

export class Machine {
  readonly #random: () => number
  readonly #processes: Imagined[] = []
  #waiting: Waiting[] = []
  #nowMs = 0
  #nextPid = 100
  #order = 0
  #holder: { readonly process: Imagined; phase: Phase; isNamed: boolean } | undefined

  /** `random` gives numbers from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** Runs a command as a process of its own; resolves when it has ended, or was killed. */
  run(act: (host: HomeHost, onSignal: (listener: (signal: NodeJS.Signals) => void) => void) => Promise<unknown>) {
    const command = this.#bear('command', undefined)
    const ended = new Promise<void>((resolve) => {
      command.ended = resolve
    })
    const listen = (listener: (signal: NodeJS.Signals) => void): void => {
      command.onSignal = listener
    }
    const outcome = act(this.#hostFor(command), listen).then(
      () => undefined,
      (error: Error) => error,
    )
    void outcome.then(() => this.#end(command))
    return { pid: command.pid, ended, outcome }
  }

  /** kill -9 of whatever is alive and of this kind; of none when there is none. */
  killOne(kind: Kind): void {
    const alive = this.#processes.filter((one) => one.isAlive && one.kind === kind)
    const one = alive[Math.floor(this.#random() * alive.length)]
    if (one) this.#end(one)
  }

  interrupt(pid: number): void {
    const one = this.#processes.find((process) => process.pid === pid)
    if (one?.isAlive) this.#signal(one, 'SIGINT')
  }

  alive(kind: Kind): readonly Identity[] {
    return this.#processes.filter((one) => one.isAlive && one.kind === kind)
  }

  /** systemd started what runs. */
  giveToSystemd(): void {
    for (const one of this.#processes) one.unit = `castellan-${one.kind}.service`
  }

  /** For looking on from outside. */
  get view(): HomeHost {
    return this.#hostFor({ ...nobody })
  }

  /** Something that the test does, as late as this. */
  after(ms: number, act: () => void): void {
    this.#wait(ms, undefined, act)
  }

  /** Lets time pass until nothing is left to happen, or `isOver`. Throws when that does not come. */
  async pass(isOver: () => boolean, withinMs: number): Promise<void> {
    const deadline = this.#nowMs + withinMs
    for (;;) {
      // All that promises have to do now, however many depend on one another.
      await new Promise((resolve) => setImmediate(resolve))
      if (isOver()) return
      this.#waiting.sort((a, b) => a.atMs - b.atMs || a.order - b.order)
      const next = this.#waiting.shift()
      if (!next) throw new Error('nothing is left to happen, and it is not over')
      if (next.atMs > deadline) throw new Error(`not over within ${withinMs} ms`)
      this.#nowMs = Math.max(this.#nowMs, next.atMs)
      if (next.process?.isAlive ?? true) next.act()
    }
  }

  #hostFor(self: Imagined): HomeHost {
    return {
      self,
      processes: () => this.#visible(),
      serving: (name) => this.#processes.find((one) => one.isAlive && one.isServing && one.kind === name)?.pid,
      spawn: (name) => this.#spawn(name, self),
      signal: ({ pid }, signal) => {
        const one = this.#processes.find((process) => process.pid === pid)
        if (one?.isAlive) this.#signal(one, signal)
      },
      tryLock: (phase) => this.#tryLock(self, phase),
      holder: () => this.#named(),
      // What waits in a process that has ended waits for ever.
      pause: (ms) => new Promise((resolve) => this.#wait(ms, self, resolve)),
      nowMs: () => this.#nowMs,
    }
  }

  #named(): Holder | undefined {
    if (!this.#holder?.isNamed) return undefined
    const { process, phase } = this.#holder
    return { pid: process.pid, startTicks: process.startTicks, phase }
  }

  #visible(): HomeProcess[] {
    return this.#processes.flatMap(({ isAlive, kind, pid, startTicks, isServing, starter, unit }) =>
      isAlive && kind !== 'command'
        ? [{ pid, startTicks, command: [], part: kind, isServing, isOfStarter: starter !== undefined && !unit, unit }]
        : [],
    )
  }

  #tryLock(self: Imagined, phase: Phase): Lock | undefined {
    if (this.#holder) return undefined
    const holder = { process: self, phase, isNamed: false }
    this.#holder = holder
    // It says who it is a moment later.
    this.#wait(this.#random() * 3, self, () => {
      holder.isNamed = true
    })
    return {
      setPhase: (next) => {
        holder.phase = next
      },
      release: () => {
        if (this.#holder === holder) this.#holder = undefined
      },
    }
  }

  #spawn(name: OwnDaemon, self: Imagined): Child {
    const daemon = this.#bear(name, self.pid)
    let end: ChildEnd | undefined
    const ended = new Promise<void>((resolve) => {
      daemon.ended = () => {
        end = { how: 'ended', words: '', exitCode: 1 }
        // Who has ended learns of nothing.
        this.#wait(0, self, resolve)
      }
    })
    // The daemon's own lock: a second one ends with a sentence.
    const isSecond = this.#processes.some((one) => one !== daemon && one.isAlive && one.kind === name)
    this.#wait(50 + this.#random() * 400, daemon, () => {
      if (isSecond) return this.#end(daemon)
      daemon.isServing = true
      if (name === 'subagents') this.#superviseSipd(daemon)
    })
    return {
      pid: daemon.pid,
      startTicks: daemon.startTicks,
      ended,
      get end() {
        return end
      },
    }
  }

  /** As critapp does: `sip start`, which lives for itself and starts sipd, and again whenever sipd is gone. */
  #superviseSipd(subagents: Imagined): void {
    const isThere = this.#processes.some((one) => one.isAlive && (one.kind === 'sip' || one.kind === 'sipd'))
    if (!isThere) {
      const command = this.#bear('sip', undefined)
      this.#wait(this.#random() * 200, command, () => {
        const sipd = this.#bear('sipd', undefined)
        this.#wait(50 + this.#random() * 200, sipd, () => {
          sipd.isServing = true
        })
        this.#wait(300, command, () => this.#end(command))
      })
    }
    this.#wait(250, subagents, () => this.#superviseSipd(subagents))
  }

  #bear(kind: Kind, starter: number | undefined): Imagined {
    const pid = this.#nextPid++
    const born = { ...nobody, kind, pid, startTicks: pid, starter, isAlive: true }
    this.#processes.push(born)
    return born
  }

  #signal(process: Imagined, signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL') this.#end(process)
    else if (process.kind === 'command') {
      if (process.onSignal) process.onSignal(signal)
      else this.#end(process)
    } else if (!process.isServing) this.#end(process)
    else this.#wait(20 + this.#random() * 300, process, () => this.#end(process))
  }

  #end(process: Imagined): void {
    if (!process.isAlive) return
    process.isAlive = false
    process.isServing = false
    // The kernel takes the lock back.
    if (this.#holder?.process === process) this.#holder = undefined
    process.ended()
  }

  #wait(ms: number, process: Imagined | undefined, act: () => void): void {
    this.#waiting.push({ atMs: this.#nowMs + ms, order: this.#order++, process, act })
  }
}

const nobody: Imagined = {
  kind: 'command',
  pid: 0,
  startTicks: 0,
  starter: undefined,
  unit: undefined,
  isAlive: true,
  isServing: false,
  onSignal: undefined,
  ended: () => {},
}
