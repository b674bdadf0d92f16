import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { programRoot } from '../../lib/program-root.ts'
import { oid } from '../../lib/smi/oid.ts'
import { Manager } from '../../snmp/manager/manager.ts'
import { makeHome, until } from '../support/appliance.ts'

const folder = mkdtempSync(join(tmpdir(), 'library-'))
const children: ChildProcess[] = []
after(async () => {
  for (const child of children) {
    if (child.exitCode !== null) continue
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  await rm(folder, { recursive: true, force: true })
})

test('the master and the subagent of docs/library.md work together as they stand', async () => {
  const text = readFileSync(join(programRoot, 'docs', 'library.md'), 'utf8')
  const [master, subagent] = [...text.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!)
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(programRoot, join(folder, 'node_modules', 'castellan'))
  writeFileSync(join(folder, 'master.mjs'), master!)
  writeFileSync(join(folder, 'subagent.mjs'), subagent!)
  const { snmpPort } = await makeHome()
  const run = (...args: string[]): ChildProcess => {
    const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    return child
  }
  const home = join(folder, 'appliance')
  const [line] = (await once(run('master.mjs', home, String(snmpPort)).stdout!, 'data')) as [Buffer]
  assert.equal(line.toString(), `serves 127.0.0.1:${snmpPort}\n`)
  run('subagent.mjs', join(home, 'run', 'agent', 'agentx.sock'))
  const security = { version: 'v2c', community: 'public' } as const
  const manager = new Manager({ host: '127.0.0.1', port: snmpPort, security })
  const name = oid('1.3.6.1.4.1.8072.9999.9999.77.1.1.2.1')
  const value = async () => {
    const [varbind] = await manager.get([name])
    return varbind?.value.type === 'OctetString' ? Buffer.from(varbind.value.value).toString() : undefined
  }
  await until(async () => (await value()) === 'front', 5000, 'the door')
  manager.close()
})
