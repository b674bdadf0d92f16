/** How a daemon of ours is started: its program, and what Node is told about memory. */
import { join } from 'node:path'
import type { Domain, Home } from '../home/home.ts'
import { programRoot } from '../program-root.ts'

/**
 * The young generation stays small. V8 lets it grow to three times 16 MB under load, and gives nothing back; a daemon's
 * garbage is short-lived enough for two, at the same speed. One thread collects beside the one that serves: four take the core from
 * sipd for 30 to 60 ms at a time (docs/performance.md).
 */
export const nodeOptions = nodeOptionsOf(programRoot)

/** Of a daemon of the program in this folder. */
export function nodeOptionsOf(program: string): readonly string[] {
  return ['--max-semi-space-size=2', '--v8-pool-size=1', loadInOrder(program)]
}

/** So that a program starts however few descriptors it may have (load-in-order.ts). */
export function loadInOrder(program = programRoot): string {
  return preloaded('load-in-order', program)
}

/** So that V8's own threads never hold up the one that serves (background-threads.ts). */
export function backgroundThreads(): string {
  return preloaded('background-threads', programRoot)
}

function preloaded(name: string, program: string): string {
  return `--require=${join(program, 'dist', 'lib', 'process', `${name}.js`)}`
}

export type DaemonName = Domain

/** Program and arguments, for spawn. */
export function daemonCommand(name: DaemonName, home: Home): { program: string; args: string[] } {
  const main = join(programRoot, 'dist', name, 'main.js')
  return { program: process.execPath, args: [...nodeOptions, main, '--home', home.root] }
}

/** The same as one argument list. */
export function daemonArgv(name: DaemonName, home: Home): readonly [string, ...string[]] {
  const { program, args } = daemonCommand(name, home)
  return [program, ...args]
}
