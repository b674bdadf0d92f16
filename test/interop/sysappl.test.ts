import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { readProcess } from '../../lib/proc/process.ts'
import { programRoot } from '../../lib/program-root.ts'
import { Appliance, makeHome, runBin, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const installed = '.1.3.6.1.2.1.54.1.1'
const run = '.1.3.6.1.2.1.54.1.2'
const map = '.1.3.6.1.2.1.54.1.3.1.1.2'
let appliance: Appliance
let demo: ChildProcess | undefined

/** Values by the sub-identifiers after `oid`, as snmpbulkwalk prints them. */
async function walk(oid: string): Promise<Map<string, string>> {
  const { out } = await netsnmp('snmpbulkwalk', ['-v2c', '-cpublic', '-Oqn', '-Cc', appliance.at.snmp, oid])
  const found = new Map<string, string>()
  for (const [, name, value] of out.matchAll(/^(\.[\d.]+) (.*)$/gm))
    if (name!.startsWith(`${oid}.`)) found.set(name!.slice(oid.length + 1), value!.replace(/^"(.*)"$/, '$1'))
  return found
}

const set = (oid: string, value: number) =>
  netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, oid, 'u', String(value)])

async function packageIndex(name: string): Promise<string> {
  return [...(await walk(`${installed}.1.1.3`))].find(([, found]) => found === name)![0]
}

/** Rows of a column whose index begins with the package's number; without it. */
async function ofPackage(oid: string, name: string): Promise<Map<string, string>> {
  const index = await packageIndex(name)
  const rows = [...(await walk(oid))].filter(([instance]) => instance.startsWith(`${index}.`))
  return new Map(rows.map(([instance, value]) => [instance.slice(index.length + 1), value]))
}

const ps = (...fields: string[]): Map<number, string> => {
  const lines = execFileSync('ps', ['-e', '-o', ['pid', ...fields].map((field) => `${field}=`).join(',')], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  return new Map([...lines.matchAll(/^\s*(\d+) +(.*?) *$/gm)].map(([, pid, rest]) => [Number(pid), rest!]))
}

describe('applications as ps and the disk show them', needs('snmpbulkwalk', 'snmpset', 'ps'), () => {
  before(async () => {
    const at = await makeHome()
    const { root, conf } = at.home
    writeFileSync(join(root, 'helper'), '#!/bin/sh\nwhile :; do sleep 0.2; done\n')
    writeFileSync(join(root, 'demo'), `#!/bin/sh\n${join(root, 'helper')} &\nwait\n`)
    for (const name of ['demo', 'helper']) chmodSync(join(root, name), 0o755)
    appendFileSync(
      join(conf, 'agent', 'sysappl.cnf'),
      [
        'sysApplAgentPollInterval 0',
        `castellanApplPackageEntry demo "Makers of demos" 1.0 ${root} -`,
        `castellanApplElementEntry demo 1 ${root}/demo application b0`,
        `castellanApplElementEntry demo 2 ${root}/helper application 88`,
        'castellanApplPackageEntry tools procps - /usr/bin procps',
        'castellanApplElementEntry tools 1 /usr/bin/ps',
        '',
      ].join('\n'),
    )
    appendFileSync(
      join(conf, 'agent', 'snmpd.cnf'),
      'vacmViewTreeFamilyEntry operate 1.3.6.1.2.1.54 - included nonVolatile\n',
    )
    appliance = new Appliance(at)
    assert.equal(await appliance.start(), undefined, appliance.output)
    await until(async () => (await walk(`${run}.1.1.3`)).size >= 3, 20_000, 'runs of agent, subagents and sipd')
  })
  after(async () => {
    if (demo?.pid !== undefined && readProcess(demo.pid)) process.kill(-demo.pid, 'SIGKILL')
    await appliance.stop()
  })

  test('the packages are those of the disk, with the version of package.json, and those of sysappl.cnf', async () => {
    const names = await walk(`${installed}.1.1.3`)
    const own = ['castellan', 'castellan-agent', 'castellan-subagents', 'castellan-sipd', 'demo']
    for (const name of own) assert.ok([...names.values()].includes(name), name)
    const versions = await walk(`${installed}.1.1.4`)
    const { version } = JSON.parse(readFileSync(join(programRoot, 'package.json'), 'utf8')) as { version: string }
    assert.equal(versions.get(await packageIndex('castellan-sipd')), version)
    assert.equal(versions.get(await packageIndex('demo')), '1.0')
    assert.equal((await walk(`${installed}.1.1.7`)).get(await packageIndex('castellan')), programRoot)
    const sizes = await ofPackage(`${installed}.2.1.11`, 'castellan')
    for (const [index, name] of await ofPackage(`${installed}.2.1.2`, 'castellan')) {
      const folder = (await ofPackage(`${installed}.2.1.5`, 'castellan')).get(index)!
      assert.equal(Number(sizes.get(index)), readFileSync(join(folder, name)).length, name)
    }
    assert.ok(sizes.size > 15)
  })

  test(
    'a package that names a Debian package has the version that dpkg-query tells',
    needs('dpkg-query', '/var/lib/dpkg/info/procps.list'),
    async () => {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format
      const told = execFileSync('dpkg-query', ['-W', '-f', '${Version}', 'procps'], { encoding: 'utf8' })
      assert.equal((await walk(`${installed}.1.1.4`)).get(await packageIndex('tools')), told)
    },
  )

  test('ps: every process that lived through the walk has its row, with its user, start and memory, and is in the map', async () => {
    const early = ps('user:32', 'comm')
    await until(
      async () => {
        const shown = new Set(
          [...(await walk(`${run}.3.1.4`)).keys()].map((instance) => Number(instance.split('.')[2])),
        )
        const alive = ps('user:32', 'comm')
        return [...early].every(([pid, line]) => shown.has(pid) || alive.get(pid) !== line)
      },
      20_000,
      'rows of all that live',
    )
    const [users, memory, ids] = await Promise.all([12, 10, 4].map((column) => walk(`${run}.3.1.${column}`)))
    const rowOf = new Map([...users!.keys()].map((instance) => [Number(instance.split('.')[2]), instance]))
    const mapped = new Set([...(await walk(map)).keys()].map((instance) => Number(instance.split('.')[0])))
    const late = ps('user:32', 'comm')
    const resident = ps('rss')
    let compared = 0
    for (const [pid, line] of early) {
      if (late.get(pid) !== line) continue
      const instance = rowOf.get(pid)!
      assert.equal(users!.get(instance), line.split(' ')[0])
      assert.ok(mapped.has(pid))
      if (pid === process.pid) {
        const kilobytes = Number(resident.get(pid))
        assert.ok(
          Math.abs(Number(memory!.get(instance)) - kilobytes) < kilobytes / 2,
          'within half of it, for it moves',
        )
        assert.equal(ids!.get(instance), '0', 'a test is no installed element')
      }
      compared++
    }
    assert.ok(compared > 3)
    const { startTicks } = readProcess(appliance.agentPid)!
    const bootSeconds = Number(/^btime (\d+)$/m.exec(readFileSync('/proc/stat', 'utf8'))![1])
    const started = (await walk(`${run}.3.1.5`)).get(rowOf.get(appliance.agentPid)!)!
    const shown = Buffer.from(started.replaceAll(' ', ''), 'hex')
    const minutes = new Date((bootSeconds + startTicks / 100) * 1000).getMinutes()
    assert.equal(shown[5], minutes)
  })

  test('command lines, which may hold secrets, are not in the read view', async () => {
    assert.equal((await walk(`${run}.3.1.8`)).size, 0)
    assert.equal((await walk(`${run}.4.1.7`)).size, 0)
    assert.ok((await walk(`${run}.3.1.7`)).size > 0)
  })

  test('sipd runs as one invocation with its workers; stopped, it is past and complete; started, it is another', async () => {
    // Other appliances of this program may run on the machine, and are of the same package.
    const pid = appliance.sipdPid()!
    const all = await ofPackage(`${run}.3.1.7`, 'castellan-sipd')
    const runIndex = [...all.keys()].find((instance) => instance.endsWith(`.${pid}`))?.split('.')[0]
    assert.ok(runIndex, 'sipd is an element that runs')
    const ofRun = (rows: ReadonlyMap<string, string>): [string, string][] =>
      [...rows].filter(([instance]) => instance.split('.')[0] === runIndex)
    const elements = ofRun(all)
    assert.deepEqual(new Map(elements).get(`${runIndex}.${pid}`), join(programRoot, 'dist/sipd/main.js'))
    assert.ok(elements.some(([, name]) => name === join(programRoot, 'dist/sipd/worker/main.js')))
    assert.ok((await ofPackage(`${run}.1.1.3`, 'castellan-sipd')).has(runIndex))
    const back = [...(await walk(map))].find(([instance]) => instance.startsWith(`${pid}.`))!
    assert.equal(back[1], await packageIndex('castellan-sipd'), 'the map leads from the PID to the package')
    assert.equal(back[0].split('.')[1], runIndex)

    assert.equal((await appliance.castellan('apps', 'stop', 'sipd')).code, 0)
    const pastState = async () => (await ofPackage(`${run}.2.1.3`, 'castellan-sipd')).get(runIndex)
    await until(async () => (await pastState()) !== undefined, 20_000, 'the past run')
    assert.equal(await pastState(), '1', 'complete(1)')
    assert.equal((await ofPackage(`${run}.1.1.3`, 'castellan-sipd')).has(runIndex), false)
    assert.deepEqual(ofRun(await ofPackage(`${run}.3.1.7`, 'castellan-sipd')), [])
    const past = await ofPackage(`${run}.4.1.6`, 'castellan-sipd')
    for (const [instance, name] of elements) assert.equal(past.get(instance), name)

    assert.equal((await appliance.castellan('apps', 'start', 'sipd')).code, 0)
    await until(() => appliance.sipdPid() !== undefined, 10_000, 'sipd')
    const again = async () =>
      [...(await ofPackage(`${run}.3.1.7`, 'castellan-sipd')).keys()].find((instance) =>
        instance.endsWith(`.${appliance.sipdPid()}`),
      )
    await until(async () => (await again()) !== undefined, 20_000, 'sipd running again')
    assert.ok(Number((await again())!.split('.')[0]) > Number(runIndex))
  })

  test('an application killed while its helper goes on is failed, and one killed as a whole is complete', async () => {
    const start = async (): Promise<string> => {
      demo = spawn(join(appliance.at.home.root, 'demo'), { stdio: 'ignore', detached: true })
      await until(async () => (await ofPackage(`${run}.3.1.7`, 'demo')).size >= 2, 20_000, 'demo and its helper')
      return [...(await ofPackage(`${run}.1.1.3`, 'demo')).keys()][0]!
    }
    const stateOf = async (runIndex: string) => (await ofPackage(`${run}.2.1.3`, 'demo')).get(runIndex)
    const first = await start()
    const group = -demo!.pid!
    demo!.kill('SIGKILL')
    await until(async () => (await stateOf(first)) === '2', 20_000, 'failed(2)')
    process.kill(group, 'SIGKILL')
    const second = await start()
    process.kill(-demo!.pid!, 'SIGKILL')
    await until(async () => (await stateOf(second)) === '1', 20_000, 'complete(1)')
  })

  test('limits set over SNMP hold at once, are counted, and are in the file; what is no limit is refused', async () => {
    const before = Number((await walk(`${run}.6`)).get('0'))
    const rows = (await walk(`${run}.2.1.3`)).size
    assert.ok(rows >= 3)
    assert.equal((await set(`${run}.5.0`, 1)).code, 0)
    assert.equal((await walk(`${run}.2.1.3`)).size, 1)
    assert.equal(Number((await walk(`${run}.6`)).get('0')), before + rows - 1)
    assert.equal((await set(`${run}.10.0`, 1)).code, 0)
    await until(async () => (await walk(`${run}.4.1.6`)).size === 0, 10_000, 'past elements older than a second to go')
    const file = readFileSync(join(appliance.at.home.conf, 'agent', 'sysappl.cnf'), 'utf8')
    assert.match(file, /^sysApplPastRunMaxRows 1$/m)
    assert.match(file, /^sysApplElemPastRunTblTimeLimit 1$/m)
    assert.match((await set(`${run}.5.0`, 1_000_000)).err, /wrongValue/)
  })

  test('numbers of packages are the same after the agent was restarted, and so are roles and limits', async () => {
    const names = await walk(`${installed}.1.1.3`)
    const [element] = [...(await ofPackage(`${installed}.2.1.2`, 'demo'))].find(([, name]) => name === 'helper')!
    const role = `${installed}.2.1.8.${await packageIndex('demo')}.${element}`
    const { code, err } = await netsnmp('snmpset', ['-v2c', '-ccspsAdmin', appliance.at.snmp, role, 'x', '90'])
    assert.equal(code, 0, err)
    await appliance.stopAgent()
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    await until(async () => (await walk(`${installed}.1.1.3`)).size === names.size, 10_000, 'packages')
    assert.deepEqual(await walk(`${installed}.1.1.3`), names)
    const { out } = await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqvx', appliance.at.snmp, role])
    assert.match(out, /90/)
    assert.equal((await walk(`${run}.5`)).get('0'), '1')
    const told = await runBin('getmany', ['-v2c', appliance.at.snmp, 'public', 'sysApplInstalled'])
    assert.match(told.out, /^sysApplInstallPkgProductName\.\d+ = castellan-sipd$/m)
  })
})
