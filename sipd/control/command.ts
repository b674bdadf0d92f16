/** What the commands of `sip` have in common. */
import { type Command, defineCommand } from '../../lib/cli/command.ts'
import { type Option, type Options, parsedOr, secondsAsMs } from '../../lib/cli/options.ts'
import { requireHome } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'

interface SipCommand<O extends Options> extends Command<O> {
  /** It believes what files of the home say of processes and programs, and so is for who owns them. */
  readonly actsOnProcesses?: boolean
  /** It may look at `home` only where the user gives nothing better. */
  readonly needsNoHome?: boolean
}

export function sipCommand<const O extends Options>(declared: SipCommand<O>): Command<O> {
  const { actsOnProcesses = false, needsNoHome = false, ...command } = declared
  return defineCommand({
    ...command,
    run(invocation) {
      const { home, operands } = invocation
      if (!needsNoHome) requireHome(home)
      if (actsOnProcesses) requireOwner(home, `sip ${[command.name, ...operands].join(' ')}`)
      return declared.run(invocation)
    },
  })
}

/** --timeout, in milliseconds. */
export function timeoutOption(defaultSeconds: number): Option<number> {
  const help = 'how long to wait for what it asks for'
  return parsedOr('--timeout <seconds>', help, secondsAsMs, defaultSeconds * 1000, String(defaultSeconds))
}
