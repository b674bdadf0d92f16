/** castellan rotate: rotates logs now; by the subagents where they run, else here. */
import { defineCommand } from '../lib/cli/command.ts'
import { exitCodes } from '../lib/cli/exit-codes.ts'
import { flag, json } from '../lib/cli/options.ts'
import { show } from '../lib/cli/print.ts'
import { ConfigurationError } from '../lib/cnf/complaint.ts'
import { controlSocketOf } from '../lib/home/control-socket.ts'
import { type Home, requireHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import { createLog } from '../lib/log/log.ts'
import { control } from '../lib/process/control.ts'
import { daemonOf } from '../lib/process/daemon-identity.ts'
import { printable } from '../lib/text/escape.ts'
import { systemClock } from '../lib/time/clock.ts'
import { logModule } from '../subagents/log/index.ts'
import { parseReport, type RotateReport, type RotateRequest, rotateNow } from '../subagents/log/rotation/command.ts'
import { rotationStatePath } from '../subagents/log/rotation/defaults.ts'
import { Rotator } from '../subagents/log/rotation/rotator.ts'
import { configFileOf } from './agent/config-file.ts'

export const rotateCommand = defineCommand({
  name: 'rotate',
  operands: '[name]',
  summary: 'rotate all logs, or one such as access_log, now',
  example: 'castellan rotate access_log --dry-run',
  exitCodes: { 1: 'there is no such log, or one was not rotated' },
  options: { dryRun: flag('--dry-run', 'only say what would be done'), json },
  async run({ home, operands: [name], options }) {
    const report = await rotate(home, { name, isDryRun: options.dryRun })
    show(report, options.json, () => report.sentences.map((sentence) => `${printable(sentence)}\n`).join(''))
    return report.isGood ? exitCodes.ok : exitCodes.error
  },
})

/** All logs, each with the time that an owner has to reopen its log. */
const answerWithinMs = 60_000

/** Throws when there is no log of that name, logagt.cnf is broken, or the subagents run and do not answer. */
async function rotate(home: Home, request: RotateRequest): Promise<RotateReport> {
  requireHome(home)
  if (!request.isDryRun) requireOwner(home, 'castellan rotate')
  // Two that rotate the same logs would be in each other's way.
  if (!daemonOf(home, 'subagents')) return rotateHere(home, request)
  const words = [
    'rotate',
    ...(request.isDryRun ? ['--dry-run'] : []),
    ...(request.name === undefined ? [] : [request.name]),
  ]
  return parseReport(await control(controlSocketOf(home, 'subagents'), words.join(' '), answerWithinMs))
}

async function rotateHere(home: Home, request: RotateRequest): Promise<RotateReport> {
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
    if (!request.isDryRun) await rotator.load()
    const report = await rotateNow(rotator, request, { nowMs: systemClock.now(), floorOctets })
    if (!request.isDryRun) await rotator.settled()
    return report
  } finally {
    clearInterval(keepAlive)
    await rotator.stop()
  }
}

/** As the module has them when it runs, rows that were set over SNMP included; what a broken file asks for is not guessed. */
async function readPolicies(home: Home) {
  const { configured, policies } = logModule(home)
  const complaints = await configFileOf(home, 'subagents/logagt.cnf', configured).load()
  if (complaints.length > 0) throw new ConfigurationError(complaints)
  return policies()
}
