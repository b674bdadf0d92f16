/** castellan apps: the critical applications as people see them; start, stop and graceful set them over SNMP. */

import { declaredNames } from '../catalogue.ts'
import { type Cell, formatTable } from '../lib/cli/table.ts'
import type { Home } from '../lib/home/home.ts'
import { printable } from '../lib/text/escape.ts'
import { commandClock } from '../lib/time/clock.ts'
import { pause } from '../lib/time/pause.ts'
import { ResponseError } from '../snmp/manager/manager.ts'
import { critAppProcTable } from '../subagents/critapp/mib.ts'
import { type Need, withManager } from './ask-agent.ts'

export interface App {
  readonly index: number
  readonly name: string
  readonly wanted: string
  readonly status: string
  readonly state: string
  /** What the last health check said; undefined where there is none. */
  readonly health: string | undefined
  readonly pid: number
  readonly upTimeSeconds: number
  readonly restarts: number
  readonly exits: number
  readonly lastError: string
}

const { columns } = critAppProcTable
/** What apps show, in the order they are asked for. */
const shown = [
  columns.critAppProcName,
  columns.critAppAdminStatus,
  columns.critAppOperStatus,
  columns.critAppProcState,
  columns.critAppProcPid,
  columns.critAppProcUpTime,
  columns.critAppRestarts,
  columns.critAppExits,
  columns.critAppLastError,
  columns.critAppHealthKind,
  columns.critAppHealthStatus,
] as const

/** Who may start and stop applications sees them as well. */
const need: Need = {
  access: 'write',
  oid: columns.critAppAdminStatus.oid,
  otherwise: 'use setany -v3 -u USER with critAppAdminStatus.INDEX',
}

export async function listApps(home: Home): Promise<App[]> {
  return withManager(home, need, async (manager) => {
    const apps: App[] = []
    for await (const { name } of manager.walk(columns.critAppProcName.oid)) {
      const index = name.at(-1)!
      const varbinds = await manager.get(shown.map(({ oid }) => [...oid, index]))
      const texts = varbinds.map((varbind) =>
        declaredNames.formatValue(varbind.name, varbind.value).replace(/\(\d+\)$/, ''),
      )
      const upTime = varbinds[5]?.value
      apps.push({
        index,
        name: texts[0]!,
        wanted: texts[1]!,
        status: texts[2]!,
        state: texts[3]!,
        health: texts[9] === 'none' ? undefined : texts[10],
        pid: Number(texts[4]),
        upTimeSeconds: upTime?.type === 'TimeTicks' ? Math.floor(upTime.value / 100) : 0,
        restarts: Number(texts[6]),
        exits: Number(texts[7]),
        lastError: texts[8]!,
      })
    }
    return apps
  })
}

/** How long a stop may take, beyond critAppStopTimeout's own highest value. */
const stopWithinMs = 3_660_000
const lookEveryMs = 250

/** Down, and up again when all of them are down: their orders hold, and it is nobody's failure. */
export async function restartApps(home: Home, names: readonly string[]): Promise<string> {
  await setApps(home, names, 'stop')
  const deadlineMs = performance.now() + stopWithinMs
  const isDown = ({ name, state }: App): boolean => !names.includes(name) || state === 'stopped'
  while (!(await listApps(home)).every(isDown)) {
    if (performance.now() > deadlineMs)
      throw new Error(`${names.join(', ')}: not stopped yet; start with: castellan apps start`)
    await pause(commandClock, lookEveryMs)
  }
  await setApps(home, names, 'start')
  return names.map((name) => `${printable(name)}: stopped, and start was asked for\n`).join('')
}

/** All in one SET, so that they start in their order and stop in its reverse. Throws when one of the names is none. */
export async function setApps(
  home: Home,
  names: readonly string[],
  wish: 'start' | 'stop' | 'graceful',
): Promise<string> {
  const apps = await listApps(home)
  const chosen = names.map((name) => {
    const app = apps.find((one) => one.name === name)
    if (!app) throw new Error(`there is no critical application ${name}; castellan apps lists them`)
    return app
  })
  const [column, value] =
    wish === 'graceful' ? [columns.critAppGracefulRestart, 2] : [columns.critAppAdminStatus, wish === 'start' ? 1 : 2]
  const varbinds = chosen.map(({ index }) => ({
    name: [...column.oid, index],
    value: { type: 'Integer32' as const, value },
  }))
  await withManager(home, need, (manager) => manager.set(varbinds)).catch((error: unknown) => {
    const refused = error instanceof ResponseError ? (chosen[error.errorIndex - 1] ?? chosen[0]) : undefined
    if (!refused) throw error
    const why =
      wish === 'graceful' && (error as ResponseError).status === 'inconsistentValue'
        ? `it is ${refused.state}, or has no graceful command`
        : `the agent answered ${(error as ResponseError).status}`
    throw new Error(`${refused.name}: ${wish} was refused, and nothing happened: ${why}`, { cause: error })
  })
  return chosen.map(({ name }) => `${printable(name)}: ${wish} was asked for\n`).join('')
}

/** `width` is that of the terminal unless a test says otherwise. */
export function formatApps(apps: readonly App[], isColoured: boolean, width?: number): string {
  if (apps.length === 0) return 'there are no critical applications\n'
  const rows = apps.map((app): Cell[] => {
    const { name, wanted, status, state, health, pid, upTimeSeconds, restarts, exits, lastError } = app
    const colour = health === 'failing' ? 33 : status === 'up' ? 32 : wanted === 'up' ? 31 : 90
    const since = status === 'up' ? `PID ${pid}, ${formatDuration(upTimeSeconds)}` : `wanted ${wanted}`
    const counts = `${restarts} restarts, ${exits} ends${health === undefined ? '' : `, health ${health}`}`
    return [{ text: name }, { text: state, colour }, { text: since }, { text: counts }, { text: lastError }]
  })
  return formatTable(rows, { isColoured, ...(width === undefined ? {} : { width }) })
}

function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}
