/** castellan restart: ends a daemon, which its starter starts again, or starts a module of the subagents again. */
import { defineCommand } from '../lib/cli/command.ts'
import { exitCodes } from '../lib/cli/exit-codes.ts'
import { print } from '../lib/cli/print.ts'
import { controlSocketOf } from '../lib/home/control-socket.ts'
import { type Home, requireHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import { control } from '../lib/process/control.ts'
import { type HomeHost, type OwnDaemon, until } from './lifecycle/host.ts'
import { linuxHost } from './lifecycle/linux-host.ts'
import { startWithinMs } from './lifecycle/starter.ts'
import { stopWithinMs } from './lifecycle/stop-home.ts'

export const restartCommand = defineCommand({
  name: 'restart',
  operands: '<name>',
  summary: 'restart agent, subagents or console, or one module of the subagents such as critapp; sipd goes on',
  example: 'castellan restart agent',
  exitCodes: { 0: 'the new one serves', 1: 'nothing of that name runs here, or it does not come back' },
  options: {},
  async run({ home, operands: [name = ''] }) {
    requireHome(home)
    requireOwner(home, `castellan restart ${name}`)
    print(`${await restart(home, name)}\n`)
    return exitCodes.ok
  },
})

async function restart(home: Home, name: string): Promise<string> {
  if (name !== 'agent' && name !== 'subagents' && name !== 'console')
    return control(controlSocketOf(home, 'subagents'), `restart ${name}`)
  await restartDaemon(linuxHost(home), name)
  return `${name} was restarted`
}

/** Resolves when a new one serves. Throws when no starter would start it again, or the appliance is stopped meanwhile. */
export async function restartDaemon(host: HomeHost, name: OwnDaemon): Promise<void> {
  const starter = host.holder()
  if (starter?.phase !== 'serving') throw new Error(whyNot(name, starter?.phase))
  const before = host.processes().find(({ part, isServing }) => part === name && isServing)
  if (!before) throw new Error(`the ${name} is being started already; castellan status says when it runs`)
  const isKept = (): boolean => host.holder()?.pid === starter.pid && host.holder()?.phase === 'serving'
  const isGone = (): boolean => !isKept() || !host.processes().some(({ pid }) => pid === before.pid)
  const isBack = (): boolean => ![undefined, before.pid].includes(host.serving(name))
  host.signal(before, 'SIGTERM')
  if (!(await until(host, isGone, stopWithinMs))) host.signal(before, 'SIGKILL')
  const isOver = await until(host, () => isBack() || !isKept(), startWithinMs)
  if (!isKept()) throw new Error(`the appliance was stopped while the ${name} was restarted`)
  if (!isOver) throw new Error(`the ${name} did not come back; see logs/${name}.log`)
}

function whyNot(name: OwnDaemon, phase: string | undefined): string {
  if (phase === undefined)
    return `no castellan start keeps the ${name}; run: castellan start (or under systemd: systemctl restart castellan-${name})`
  return phase === 'starting' ? 'the appliance is being started' : 'the appliance is being stopped'
}
