/** Names of users and groups, asked once for all files of a backup. */
import { nameOfGroup, nameOfUser } from '../../lib/users/owner.ts'

export class OwnerNames {
  readonly #users = new Map<number, string>()
  readonly #groups = new Map<number, string>()

  user(uid: number): string {
    return cached(this.#users, uid, nameOfUser)
  }

  group(gid: number): string {
    return cached(this.#groups, gid, nameOfGroup)
  }
}

function cached(names: Map<number, string>, id: number, find: (id: number) => string): string {
  const known = names.get(id)
  if (known !== undefined) return known
  const name = find(id)
  names.set(id, name)
  return name
}
