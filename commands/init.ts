/** castellan init: makes a home, or what is missing of one. */
import { checkHomePath, type Home, HomeError, initializeHome, isInitialized, resolveHome } from '../lib/home.ts'
import { completeHome, highestPort, initSentence, portOffsetOf } from '../lib/home-completion.ts'

export interface InitOptions {
  readonly home?: string
  readonly portOffset?: number
  /** Without default communities, as a home below /etc or /var/lib is made anyway. */
  readonly installed?: boolean
}

/** Exit code: 0 when the home has everything, 1 when files are still missing. */
export async function init({ home: folder, portOffset, installed }: InitOptions): Promise<number> {
  const home = resolveHome(folder)
  checkHomePath(home)
  await checkOffset(portOffset)
  const known = isInitialized(home) ? await portOffsetOf(home) : undefined
  if (known !== undefined && portOffset !== undefined && known !== portOffset)
    throw new Error(
      `the ports of ${home.root} are shifted by ${known}, not by ${portOffset}; leave --port-offset out, or name another home`,
    )
  const offset = portOffset ?? known ?? (isInitialized(home) ? undefined : 0)
  const { made, missing } =
    offset === undefined
      ? await completeHome(home)
      : { made: await initializeHome(home, offset, installed), missing: [] }
  for (const path of made) process.stdout.write(`made ${path}\n`)
  reportMissing(home, missing)
  if (made.length + missing.length === 0) process.stdout.write(`${home.root} has everything already\n`)
  return missing.length === 0 ? 0 : 1
}

export function reportMissing(home: Home, missing: readonly string[]): void {
  for (const path of missing) process.stderr.write(`castellan: ${path} is missing; ${initSentence(home)}\n`)
}

async function checkOffset(portOffset = 0): Promise<void> {
  const highest = await highestPort()
  if (highest + portOffset > 65_535)
    throw new HomeError(
      `--port-offset ${portOffset} would make port ${highest} port ${highest + portOffset}; the largest offset is ${65_535 - highest}`,
      2,
    )
}
