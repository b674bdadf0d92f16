import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { programRoot } from '../../../lib/program-root.ts'
import { findProcesses, isNamed } from '../../../subagents/critapp/observation/find.ts'

test('a long name is found by the title that the program gives itself', () => {
  const name = 'example-collector-a'
  const kernelName = name.slice(0, 15)
  const is = (kernel: string, title: string, of: string): boolean =>
    isNamed({ pid: 0, name: kernel, command: [title] }, of, { programNameOf: () => 'another' })
  assert.ok(is(kernelName, `${name}: master process`, name), 'by its title')
  assert.ok(!is(kernelName, `${name}b: master process`, name))
  assert.ok(is('short', 'title of its own', 'short'), 'by what it told the kernel')
})

test('a long name is found by the program file, and names alike in their first 15 letters are two', () => {
  const runs = (file: string): boolean => {
    const process = { pid: 0, name: file.slice(0, 15), command: ['another'] }
    return isNamed(process, 'example-collector-a', { programNameOf: () => file })
  }
  assert.ok(runs('example-collector-a'))
  assert.ok(!runs('example-collector-b'))
})

test('parts of our own daemons are not processes of a row; a main.js of others goes by its folder', () => {
  const search = (name: string) => ({
    name,
    fromPidFile: undefined,
    home: '/home/of/this',
    notOfGroup: undefined,
    isTrusted: () => true,
    looks: { ageMs: () => 0, programNameOf: () => undefined, environmentOf: () => undefined },
  })
  const running = (script: string) => ({
    ...{ pid: 0, groupId: 1, parentPid: 1, startTicks: 1, name: 'node', state: 'S' },
    command: ['/usr/bin/node', script],
  })
  const finds = (name: string, script: string): boolean =>
    findProcesses(search(name), [running(script)]).main !== undefined
  assert.ok(finds('sipd', join(programRoot, 'dist', 'sipd', 'main.js')))
  assert.ok(!finds('worker', join(programRoot, 'dist', 'sipd', 'worker', 'main.js')))
  assert.ok(finds('worker', '/opt/site/worker/main.js'))
})
