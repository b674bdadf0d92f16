/** The calls of Node that change whom a process runs as, which it has on every system but Windows. */

export type PosixProcess = NodeJS.Process &
  Required<
    Pick<
      NodeJS.Process,
      'getgroups' | 'setgroups' | 'initgroups' | 'getegid' | 'setegid' | 'setgid' | 'geteuid' | 'seteuid' | 'setuid'
    >
  >

declare global {
  namespace NodeJS {
    interface Process {
      /** Missing in the types of Node.js. */
      initgroups?(user: string, extraGroup: number): void
    }
  }
}

function hasPosix(ours: NodeJS.Process): ours is PosixProcess {
  return ours.setuid !== undefined
}

/** This process. Throws where the system has no such users. */
export function posixProcess(): PosixProcess {
  if (!hasPosix(process)) throw new Error('this system has no users as POSIX has them')
  return process
}
