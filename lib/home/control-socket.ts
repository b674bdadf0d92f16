/** Where the daemons of a home take what an operator's commands ask: `run/NAME/NAME.ctl`. */
import { join } from 'node:path'
import { atPlaceSync } from '../trust/folder.ts'
import { type Domain, foldersOf, type Home } from './home.ts'

export function controlSocketOf(home: Home, domain: Domain): string {
  return join(foldersOf(home, domain).run, `${domain}.ctl`)
}

/** What that of sipd was called before. */
export function formerControlSocketOf(home: Home): string {
  return join(foldersOf(home, 'sipd').run, 'sipd.control')
}

/** Where to ask a daemon that runs: a sipd that an older version has started listens at the former name until its end. */
export function controlSocketToAsk(home: Home, domain: Domain): string {
  const [path, former] = [controlSocketOf(home, domain), formerControlSocketOf(home)]
  return domain === 'sipd' && !isThere(path) && isThere(former) ? former : path
}

/** Its folder may be another user's: the way to it is walked. */
function isThere(path: string): boolean {
  try {
    atPlaceSync(path, (folder, name) => folder.lstatSync(name))
    return true
  } catch {
    return false
  }
}
