/** What the commands of castellan routes have in common: the configuration of sipd, and the file of its routes. */
import { existsSync } from 'node:fs'
import type { Home } from '../../lib/home/home.ts'
import { requireOwner } from '../../lib/home/home-trust.ts'
import { readConfig } from '../../sipd/config/read.ts'
import { settlePrivileges } from '../../sipd/privileges/privileges.ts'
import type { Route } from '../../sipd/routes/route.ts'
import { RoutesFile } from '../../sipd/routes/routes-file.ts'
import { routesPath } from '../../sipd/worker/routing.ts'

/** Opens the routes for a change, as whom sipd runs as: its files are its own. A running sipd takes the change within a second. */
export async function withRoutes<T>(home: Home, command: string, change: (file: RoutesFile) => T): Promise<T> {
  requireOwner(home, command)
  const path = routesPath(readConfig(home).config, home)
  const privileges = await settlePrivileges(home)
  privileges.giveUp()
  const file = new RoutesFile(path)
  try {
    return change(file)
  } finally {
    file.close()
  }
}

/** All routes there are; nothing is made where there are none. */
export function readRoutes(home: Home, path = routesPath(readConfig(home).config, home)): Route[] {
  if (!existsSync(path)) return []
  const file = new RoutesFile(path, { isCopy: true })
  try {
    return file.all()
  } finally {
    file.close()
  }
}

export function counted(count: number): string {
  return count === 1 ? '1 route' : `${count} routes`
}
