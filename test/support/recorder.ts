/** What a process and all that it starts ask the kernel for by path, as strace(1) records it, with whom each call was made as. */
import { join, normalize } from 'node:path'

export interface PathCall {
  readonly thread: number
  /** Effective user ID of the thread at that time. */
  readonly uid: number
  /** Such as `openat`. */
  readonly name: string
  /** Absolute and normal. */
  readonly path: string
  /** The last component is taken as it is, also where it is a symbolic link. */
  readonly isNoFollow: boolean
  /** The line of the record, for messages. */
  readonly line: string
}

/** For `strace -o FILE`: files, sockets, and what tells whom a thread acts as. */
export const recorderArgs = [
  '-f',
  '--seccomp-bpf', // all other calls go at their full speed
  '-y',
  '-qq',
  '-s',
  '4096',
  '-e',
  'trace=%file,connect,bind,setuid,setreuid,setresuid,clone,clone3,fork,vfork',
  '-e',
  'signal=none',
] as const

/** Calls that make, take or name what is there, and never follow the last component. */
const neverFollowing = new Set([
  ...['lstat', 'unlink', 'unlinkat', 'rmdir', 'rename', 'renameat', 'renameat2', 'mkdir', 'mkdirat'],
  ...['symlink', 'symlinkat', 'readlink', 'readlinkat', 'mknod', 'mknodat', 'bind'],
])
const withTwoPaths = new Set(['rename', 'renameat', 'renameat2', 'link', 'linkat'])

/** The calls by path in a record, in its order; `uid` is whom the first thread acts as. */
export function parseRecord(record: string, uid = 0): PathCall[] {
  const lines = record.split('\n').flatMap((line) => parseLine(line) ?? [])
  const uidOf = uidsOf(lines, uid)
  return lines.flatMap((one, at) => {
    const { thread, name, rest, line } = one
    const own = uidOf(at)
    if (line.includes(' resumed>')) return [] // its arguments came before
    return pathsOf(name, rest).map((path) => ({
      thread,
      uid: own,
      name,
      path,
      isNoFollow: isNoFollow(name, rest),
      line,
    }))
  })
}

interface Line {
  readonly thread: number
  readonly name: string
  readonly rest: string
  readonly line: string
}

function parseLine(line: string): Line | undefined {
  const [, thread, name, rest] = /^(\d+)\s+(?:<\.\.\. )?(\w+)(?:\(| resumed>)(.*)$/.exec(line) ?? []
  if (thread === undefined || name === undefined || rest === undefined) return undefined
  return { thread: Number(thread), name, rest, line }
}

/** Whom the thread of each line acts as: a thread begins as the one that made it is. */
function uidsOf(lines: readonly Line[], first: number): (at: number) => number {
  const parents = parentsIn(lines)
  const now = new Map<number, number>()
  const begun = new Map<number, string>()
  const uidOf = (thread: number): number => {
    const known = now.get(thread)
    if (known !== undefined) return known
    const parent = parents.get(thread)
    const inherited = parent === undefined ? first : uidOf(parent)
    now.set(thread, inherited)
    return inherited
  }
  const uids = lines.map(({ thread, name, rest, line }) => {
    const uid = uidOf(thread)
    if (!/^set(re|res)?uid$/.test(name)) return uid
    // Where another thread's line came between, the arguments are in the first part of a call, and the result in the second.
    const args = line.includes(' resumed>') ? (begun.get(thread) ?? '') : rest
    begun.set(thread, args)
    if (/= 0$/.test(rest)) now.set(thread, effectiveIn(name, args) ?? uid)
    return uid
  })
  return (at) => uids[at] ?? first
}

/** Who made a thread: the result of a call, such as `= 4711`. Its first line may come before the end of that call. */
function parentsIn(lines: readonly Line[]): Map<number, number> {
  const parents = new Map<number, number>()
  for (const { thread, name, rest } of lines) {
    if (!/^(clone|clone3|fork|vfork)$/.test(name)) continue
    const child = /= (\d+)(?:<[^>]*>)?$/.exec(rest)?.[1]
    if (child !== undefined) parents.set(Number(child), thread)
  }
  return parents
}

/** The effective user ID is the only argument of setuid, and the second of the others; -1 leaves it. */
function effectiveIn(name: string, rest: string): number | undefined {
  const args = rest
    .replace(/\).*$| <unfinished.*$/, '')
    .split(', ')
    .map(Number)
  const effective = args[name === 'setuid' ? 0 : 1]
  return effective === undefined || !(effective >= 0) ? undefined : effective
}

function pathsOf(name: string, rest: string): string[] {
  if (name === 'connect' || name === 'bind') {
    const path = /sun_path="((?:[^"\\]|\\.)*)"/.exec(rest)?.[1]
    return path === undefined ? [] : [normalize(path)]
  }
  // What a symbolic link leads to is no path of this call.
  const from = name.startsWith('symlink') ? rest.slice(rest.indexOf('", ') + 2) : rest
  const found: string[] = []
  for (const [, folder, path = ''] of from.matchAll(/(?:<([^>"]*)>, )?"((?:[^"\\]|\\.)*)"/g)) {
    if (path === '') break // AT_EMPTY_PATH: of what is open
    found.push(normalize(path.startsWith('/') ? path : join(folder ?? '/', path)))
    if (found.length === (withTwoPaths.has(name) ? 2 : 1)) break
  }
  return found
}

function isNoFollow(name: string, rest: string): boolean {
  if (neverFollowing.has(name) || /\bO_NOFOLLOW\b|\bAT_SYMLINK_NOFOLLOW\b/.test(rest)) return true
  return /\bO_CREAT\b/.test(rest) && /\bO_EXCL\b/.test(rest)
}
