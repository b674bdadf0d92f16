/** Paths of Unix sockets, which are shorter than other paths may be. */

/** Octets of such a path, without its final NUL (unix(7)). Node cuts what is longer, and binds another path than it says. */
export const longestSocketPath = 107

/** Throws when no socket can have this path. */
export function checkSocketPath(path: string): void {
  const octets = Buffer.byteLength(path)
  if (octets > longestSocketPath)
    throw new Error(
      `the path of the socket ${path} has ${octets} octets, and ${longestSocketPath} are allowed (unix(7)); choose a shorter one`,
    )
}
