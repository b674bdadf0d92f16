/** What commands of a row have in their environment, besides what every program has (lib/program/environment.ts). */
import type { ProcessIdentity } from '../../../lib/proc/process.ts'

/** A process that has it, or that comes from one that has, was started as a command of the row of this name. */
export const supervisedVariable = 'CASTELLAN_SUPERVISED'

/**
 * Tells `sip` and its like that it is the supervisor who calls, which need not be asked (sipd/control/supervisor.ts), and which
 * process the row has, where there is one: a file that names another may be anybody's.
 */
export function supervisedBy(name: string, identity?: ProcessIdentity): Record<string, string> {
  const supervised = { [supervisedVariable]: name }
  if (!identity) return supervised
  return { ...supervised, CASTELLAN_SUPERVISED_PROCESS: `${identity.pid} ${identity.startTicks}` }
}
