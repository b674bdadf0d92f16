/** How many sessions of users there are: of utmp (utmp(5)), or of systemd-logind where there is no utmp any more. */

/** Octets of one record of glibc: with 32-bit times where a 32-bit ABI had to be kept up with. */
const recordOctets: Readonly<Record<string, number>> = { arm64: 400, riscv64: 400 }
const userProcess = 7

/** PIDs of the sessions that a utmp file holds; whether they still run is for the caller to see. */
export function parseUtmp(octets: Uint8Array, arch: string = process.arch): number[] {
  const size = recordOctets[arch] ?? 384
  const view = new DataView(octets.buffer, octets.byteOffset, octets.byteLength)
  const pids: number[] = []
  for (let at = 0; at + size <= octets.length; at += size) {
    if (view.getInt16(at, true) === userProcess) pids.push(view.getInt32(at + 4, true))
  }
  return pids
}

/** Whether a file of /run/systemd/sessions is of a user who is there. */
export function isUserSession(text: string): boolean {
  return /^CLASS=user\b/m.test(text) && !/^STATE=closing$/m.test(text)
}
