/** castellan stop: ends all that runs of a home. */
import { type Home, requireHome, resolveHome } from '../lib/home/home.ts'
import { requireOwner } from '../lib/home/home-trust.ts'
import type { SipdWish } from './lifecycle/host.ts'
import { linuxHost } from './lifecycle/linux-host.ts'
import { stopHome } from './lifecycle/stop-home.ts'

/** Exit code: 0 when nothing runs. Throws HomeError (4) where this user may not stop it. */
export async function stop({ home: folder }: { readonly home?: string }): Promise<number> {
  await stopAll(resolveHome(folder))
  return 0
}

export async function stopAll(home: Home, sipd: SipdWish = 'stop sipd'): Promise<void> {
  requireHome(home)
  requireOwner(home, 'castellan stop')
  await stopHome(linuxHost(home), sipd)
}
