/** Errors of the system as sentences; errno(3) has the names, and the words are about starting a program. */

import { codeOf } from '../errors.ts'

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such program',
  EACCES: 'the program may not be executed',
  EPERM: 'we are not permitted to run it',
  ENOEXEC: 'it is not a program for this machine, or a script without a #! line',
  ETXTBSY: 'the program file is being written',
  E2BIG: 'its arguments and environment are too long',
  EAGAIN: 'this user may not have more processes',
  ENOMEM: 'there is not enough memory',
  EMFILE: 'this process has too many open files',
  ENFILE: 'the machine has too many open files',
  ENOSPC: 'no space is left on the disk',
  EDQUOT: 'the disk quota of this user is used up',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of its path is not a folder',
  ELOOP: 'its path has too many symbolic links',
}

const wants = new Set(['EMFILE', 'ENFILE', 'EAGAIN', 'ENOMEM', 'ENOBUFS'])

/** Whether this process or the machine had too little of something, which says nothing of what was to be done with it. */
export function isWant(code: string | undefined): boolean {
  return wants.has(code ?? '')
}

export function describeErrno(error: Error): string {
  return sentences[codeOf(error) ?? ''] ?? error.message
}
