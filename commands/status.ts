/** castellan status: what runs of a home, from /proc, the PID files and the lock. */

import { defineCommand } from '../lib/cli/command.ts'
import { exitCodes } from '../lib/cli/exit-codes.ts'
import { json } from '../lib/cli/options.ts'
import { print, printJson } from '../lib/cli/print.ts'
import { type Domain, domains, type Home, requireHome } from '../lib/home/home.ts'
import type { HomeProcess } from '../lib/process/home-processes.ts'
import { enginePath, isEngineLatched, latchedAdvice } from '../snmp/engine/engine-identity.ts'
import type { Holder, HomeHost } from './lifecycle/host.ts'
import { linuxHost } from './lifecycle/linux-host.ts'

export interface DaemonStatus {
  readonly name: Domain
  /** It serves. */
  readonly running: boolean
  readonly pid: number | undefined
  readonly state: 'runs' | 'starting' | 'does not run'
}

export const statusCommand = defineCommand({
  name: 'status',
  summary: 'say what runs',
  example: 'castellan status --json',
  exitCodes: {
    0: 'all of them run',
    1: 'one of them does not run, or the home is not initialised',
    4: 'this user may not look: what it cannot see, it does not call stopped',
  },
  options: { json },
  async run({ home, options }) {
    requireHome(home)
    const host = linuxHost(home)
    const processes = host.processes()
    const daemons = daemonsAmong(processes)
    if (options.json) printJson(daemons)
    else print(`${formatDaemons(daemons)}${remarkOn(processes, host.holder())}${await engineRemark(home)}`)
    return daemons.every(({ running }) => running) ? exitCodes.ok : exitCodes.error
  },
})

export function statusOf(home: Home): DaemonStatus[] {
  requireHome(home)
  return daemonsAmong(linuxHost(home).processes())
}

export function daemonsAmong(processes: readonly HomeProcess[]): DaemonStatus[] {
  return domains.map((name) => {
    const all = processes.filter(({ part }) => part === name)
    const serving = all.find(({ isServing }) => isServing)
    const pid = (serving ?? all[0])?.pid
    return { name, running: serving !== undefined, pid, state: serving ? 'runs' : all[0] ? 'starting' : 'does not run' }
  })
}

export function formatDaemons(daemons: readonly DaemonStatus[]): string {
  const sentence = ({ state, pid }: DaemonStatus): string =>
    state === 'does not run' ? state : state === 'runs' ? `runs as PID ${pid}` : `is starting, as PID ${pid}`
  return daemons.map((daemon) => `${daemon.name.padEnd(10)} ${sentence(daemon)}\n`).join('')
}

/** What the three lines do not say: a command that is under way, or daemons that nobody would start again. */
function remarkOn(processes: readonly HomeProcess[], holder: ReturnType<HomeHost['holder']>): string {
  if (holder) return holderRemark(holder)
  const isLeft = processes.some(({ part, isOfStarter }) => isOfStarter && (part === 'agent' || part === 'subagents'))
  return isLeft
    ? 'the castellan start that kept them has ended, and what ends now stays so; run: castellan start\n'
    : ''
}

/** An agent runs then, and answers no user of SNMPv3. */
async function engineRemark(home: Home): Promise<string> {
  const path = enginePath(home)
  const isLatched = await isEngineLatched(path).catch(() => false) // a broken file is for castellan check
  return isLatched ? `${latchedAdvice} (${path})\n` : ''
}

function holderRemark({ pid, phase }: Holder): string {
  switch (phase) {
    case 'serving':
      return ''
    case 'starting':
      return `PID ${pid} is starting it\n`
    case 'stopping':
    case 'stop':
      return `PID ${pid} is stopping it\n`
  }
}
