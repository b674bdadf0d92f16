/** What a start of sipd would refuse as the machine is now, beside what is wrong with the text of its files. */
import type { Complaint } from '../../lib/cnf/complaint.ts'
import { messageOf } from '../../lib/errors.ts'
import type { Home } from '../../lib/home/home.ts'
import { requireTrust } from '../../lib/home/home-trust.ts'
import { readProcess } from '../../lib/proc/process.ts'
import { unusableLogs } from '../config/machine-checks.ts'
import { configFile, type Inspection, inspectConfig } from '../config/read.ts'
import { isWorkerOf } from '../parent/orphans.ts'
import { privilegesMistake } from '../privileges/privileges.ts'
import { checkListeners } from './listen-check.ts'
import { runningSipd } from './sipd.ts'

/** The files of a home, and whether a start would do: its complaints are all that it would refuse. */
export async function inspectStart(home: Home): Promise<Inspection> {
  const inspection = inspectConfig(home)
  const found = await obstaclesTo(home, inspection)
  const isWarning = ({ severity }: Complaint): boolean => severity === 'warning'
  const complaints = [...inspection.complaints, ...found.filter((one) => !isWarning(one))]
  return {
    ...inspection,
    config: complaints.length === 0 ? inspection.config : undefined,
    complaints,
    warnings: [...inspection.warnings, ...found.filter(isWarning)],
  }
}

async function obstaclesTo(home: Home, inspection: Inspection): Promise<Complaint[]> {
  const { config, origins } = inspection
  const obstacles: Complaint[] = []
  const add = (line: number | undefined, message: string): void =>
    void obstacles.push({ file: configFile, line: line ?? 1, column: 1, message })
  try {
    requireTrust(home, 'sipd')
  } catch (error) {
    add(undefined, messageOf(error))
  }
  if (!config) return obstacles
  const refusal = await privilegesMistake(home, config)
  if (refusal !== undefined) add((origins.get('User') ?? origins.get('Group'))?.line, refusal)
  return [
    ...obstacles,
    ...unusableLogs(config, origins, home, configFile),
    ...(await checkListeners(inspection, config, processesOfSipd(home))),
  ]
}

/** The parent that runs and its workers, also those that a killed one left: a start ends them. */
function processesOfSipd(home: Home): (pid: number) => boolean {
  const running = runningSipd(home)
  return (pid) => {
    const process = readProcess(pid)
    return pid === running?.pid || (process !== undefined && isWorkerOf(home, process))
  }
}
