/** Community-based security, RFC 3584 §5.2: a community string stands for a security name and a context. */
export interface Community {
  readonly name: Uint8Array
  readonly securityName: string
  readonly contextName: string
}

/**
 * The community that these octets name. All entries are looked at and every octet is compared, so that the time
 * taken says nothing about how much of a guess was right.
 */
export function findCommunity<C extends Community>(
  communities: readonly C[],
  bytes: Uint8Array,
  start: number,
  end: number,
): C | undefined {
  let found: C | undefined
  for (let entry = 0; entry < communities.length; entry++) {
    const candidate = communities[entry]!
    const { name } = candidate
    let difference = name.length ^ (end - start)
    for (let i = 0; i < name.length; i++) difference |= name[i]! ^ (start + i < end ? bytes[start + i]! : 0x100)
    if (difference === 0) found = candidate
  }
  return found
}
