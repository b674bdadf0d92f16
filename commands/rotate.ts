/** castellan rotate: rotates logs now; by the subagents where they run, else here. */
import { join } from 'node:path'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import { foldersOf, type Home, requireHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import { createLog } from '../lib/log/log.ts'
import { ConfigFile } from '../lib/mib/config.ts'
import { control } from '../lib/process/control.ts'
import { daemonOf } from '../lib/process/daemon-identity.ts'
import { systemClock } from '../lib/time/clock.ts'
import { logModule } from '../subagents/log/index.ts'
import { parseReport, type RotateReport, type RotateWish, rotateNow } from '../subagents/log/rotation/command.ts'
import { rotationStatePath } from '../subagents/log/rotation/defaults.ts'
import { Rotator } from '../subagents/log/rotation/rotator.ts'

/** All logs, each with the time that an owner has to reopen its log. */
const answerWithinMs = 60_000

/** Throws when there is no log of that name, logagt.cnf is broken, or the subagents run and do not answer. */
export async function rotate(home: Home, wish: RotateWish): Promise<RotateReport> {
  requireHome(home)
  if (!wish.isDryRun) requireOwner(home, 'castellan rotate')
  // Two that rotate the same logs would be in each other's way.
  if (!daemonOf(home, 'subagents')) return rotateHere(home, wish)
  const words = ['rotate', ...(wish.isDryRun ? ['--dry-run'] : []), ...(wish.name === undefined ? [] : [wish.name])]
  return parseReport(
    await control(join(foldersOf(home, 'subagents').run, 'subagents.ctl'), words.join(' '), answerWithinMs),
  )
}

async function rotateHere(home: Home, wish: RotateWish): Promise<RotateReport> {
  const { policies, floorOctets } = await readPolicies(home)
  const rotator = new Rotator({
    clock: systemClock,
    log: createLog({ component: 'rotate', level: 'error', write: (line) => process.stderr.write(line) }),
    policies,
    statePath: rotationStatePath(home),
    floorOctets,
  })
  // The clock's timers alone do not keep a process, and a rotation waits with them.
  const keepAlive = setInterval(() => {}, 1 << 30)
  try {
    if (!wish.isDryRun) await rotator.load()
    const report = await rotateNow(rotator, wish, { nowMs: systemClock.now(), floorOctets })
    if (!wish.isDryRun) await rotator.settled()
    return report
  } finally {
    clearInterval(keepAlive)
    await rotator.stop()
  }
}

/** As the module has them when it runs, rows that were set over SNMP included; what a broken file wishes is not guessed. */
async function readPolicies(home: Home) {
  const { configured, policies } = logModule(home)
  const file = join('subagents', 'logagt.cnf')
  const config = new ConfigFile(configured, { path: join(home.conf, file), overlayPath: join(home.data, file) })
  const complaints = await config.load()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  return policies()
}
