import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Appliance, makeHome, until } from '../support/appliance.ts'
import { netsnmp } from '../support/netsnmp.ts'
import { needs } from '../support/peers.ts'

const common = '.1.3.6.1.2.1.149.1'
const server = '.1.3.6.1.2.1.151.1'
const percent = '.1.3.6.1.4.1.32473.12.151.1.1.1.1'
const methodIndex = (method: string): string => `1.${method.length}.${[...Buffer.from(method)].join('.')}`
let appliance: Appliance

describe('the SNMP face of sipd', needs('snmpget'), () => {
  before(async () => {
    const at = await makeHome()
    appendFileSync(join(at.home.conf, 'sipd', 'sipd.conf'), 'ProxyDomain appliance.example\n')
    // critapp's OPTIONS would be counted among ours.
    const critagt = join(at.home.conf, 'subagents', 'critagt.cnf')
    writeFileSync(critagt, readFileSync(critagt, 'utf8').replace(' sip - 30 5 3', ' none'))
    appliance = new Appliance(at)
    assert.equal(await appliance.start(), undefined, appliance.output)
    await until(async () => (await read('.1.3.6.1.2.1.27.1.1.2.1'))[0] === '"sipd"', 8000, 'applName')
  })
  after(() => appliance.stop())

  const read = async (...names: string[]): Promise<string[]> =>
    (await netsnmp('snmpget', ['-v2c', '-cpublic', '-Oqv', appliance.at.snmp, ...names])).out.trim().split('\n')

  let sequence = 0
  async function ask(method: string, uri = 'sip:appliance.example', more: readonly string[] = []): Promise<string> {
    const socket = createSocket('udp4')
    sequence++
    const request = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKface${sequence};rport`,
      'From: <sip:ann@appliance.example>;tag=1',
      'To: <sip:ann@appliance.example>',
      `Call-ID: face${sequence}`,
      `CSeq: ${sequence} ${method}`,
      ...more,
      'Content-Length: 0',
      '',
      '',
    ].join('\r\n')
    socket.send(request, appliance.at.sipPort, '127.0.0.1')
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(3000) })) as [Buffer]
    socket.close()
    return answer.toString().split('\r\n')[0]!
  }

  test('sipd says what it is: version, start, ports, methods and limits', async () => {
    const [version, upTime, status] = await read(...['4', '5', '6'].map((column) => `.1.3.6.1.2.1.27.1.1.${column}.1`))
    assert.match(version!, /^"\d+\.\d+\.\d+"$/)
    assert.match(upTime!, /^0:0:00:\d\d/, 'it started after the agent')
    assert.equal(status, '1')
    const { sipPort } = appliance.at
    assert.deepEqual(await read(`${common}.1.2.1.2.1.${sipPort}`, `${common}.1.4.1.2.1.2`, `${server}.5.1.1.2.1`), [
      '"`"', // 0x60: udp(1) tcp(2)
      '"REGISTER"',
      '20000',
    ])
  })

  test('what the shipped triggers watch is there before the first call', async () => {
    const rows = [500, 503, 504].map((code) => `${common}.5.1.1.4.${methodIndex('INVITE')}.${code}`)
    assert.deepEqual(await read(...rows, `${percent}.1`), ['0', '0', '0', '0'])
  })

  test('limits are those of sipd.conf as the workers have it, after a reload too', async () => {
    appendFileSync(join(appliance.at.home.conf, 'sipd', 'sipd.conf'), 'RegistrarMaxUsers 10\n')
    process.kill(appliance.sipdPid()!, 'SIGHUP')
    await until(async () => (await read(`${server}.5.1.1.2.1`))[0] === '10', 8000, 'the limit of the next generation')
  })

  test('requests, responses and registrations are counted by method and class', async () => {
    const summary = () => read(...[1, 4, 5].map((column) => `${common}.3.1.1.${column}.1`))
    const before = (await summary()).map(Number)
    const contact = ['Contact: <sip:ann@192.0.2.1>', 'Expires: 600']
    assert.equal(await ask('REGISTER', 'sip:appliance.example', contact), 'SIP/2.0 200 OK')
    assert.match(await ask('REGISTER', 'sip:appliance.example', ['Contact: <sip:ann@192.0.2.1>', 'Expires: 1']), /423/)
    assert.equal(await ask('OPTIONS'), 'SIP/2.0 200 OK')
    assert.match(await ask('INVITE'), /405/)
    assert.match(await ask('OPTIONS', 'mailto:ann@appliance.example'), /416/)
    const grown = async () => (await summary()).map((value, i) => Number(value) - before[i]!)
    // The workers say every second what they counted.
    await until(async () => (await grown()).join() === '5,5,5', 3000, 'the counts of the workers')
    assert.deepEqual(await read(`${server}.5.1.1.3.1`, `${server}.6.1.1.1.1`, `${server}.6.1.1.2.1`), ['1', '1', '1'])
    assert.deepEqual(await read(`${common}.8.1.1.1.1`, `${common}.8.1.1.2.1`), ['1', '1'])
    const inbound = `${common}.4.1.1.3.${methodIndex('OPTIONS')}`
    await until(async () => (await read(inbound))[0] === '2', 3000, 'OPTIONS by method')
  })

  test('what others make sipd hold, its bounds and what was refused are there by kind', async () => {
    const memory = '.1.3.6.1.4.1.32473.12.151.1.2.1'
    const holding = '.1.3.6.1.4.1.32473.12.151.1.3.1'
    // 10 users at 3,200 octets, as the test before has it, and MaxOctets.
    await until(async () => (await read(`${memory}.3.1.1`))[0] === '32000', 3000, 'the report of a worker')
    assert.deepEqual(await read(`${memory}.3.1.2`, `${memory}.4.1.2`), ['256000000', '0'])
    // Of a registration of the test before, with the flow that its phone is reached by.
    assert.deepEqual(await read(`${memory}.4.1.1`), ['2'])
    const kinds = [1, 2, 3, 4, 5, 6]
    assert.deepEqual(
      await read(...kinds.map((kind) => `${holding}.3.1.${kind}`)),
      kinds.map(() => '0'),
    )
    await until(async () => Number((await read(`${holding}.2.1.1`))[0]) > 500, 3000, 'the octets of a registration')
    assert.match(await ask('REGISTER', 'sip:appliance.example', ['Contact: *', 'Expires: 0']), / 200 /)
    await until(async () => (await read(`${holding}.2.1.1`))[0] === '0', 3000, 'its end')
  })

  test('a manager asks for a status code by createAndGo, and only so', async () => {
    const row = (column: number): string => `${common}.5.1.1.${column}.${methodIndex('OPTIONS')}.200`
    const user = await appliance.castellan('user', 'add', 'boss', '--group', 'admin')
    assert.equal(user.code, 0, user.err)
    const security = ['-v3', '-l', 'authPriv', '-u', 'boss', '-a', 'SHA-256', '-A', 'authentication phrase']
    const set = (value: string) =>
      netsnmp('snmpset', [...security, '-x', 'AES', '-X', 'privacy phrase', appliance.at.snmp, row(5), 'i', value])
    assert.match((await set('5')).err, /inconsistentValue/)
    const created = await set('4')
    assert.equal(created.code, 0, created.err)
    const [outs] = await read(row(4))
    assert.equal(await ask('OPTIONS'), 'SIP/2.0 200 OK')
    await until(async () => Number((await read(row(4)))[0]) === Number(outs) + 1, 3000, 'the count of the answer')
    assert.equal((await set('6')).code, 0)
    assert.match((await read(row(4)))[0]!, /No Such Instance/)
  })

  test('sipd killed comes back with its region; the agent killed, sipd does not notice', async () => {
    const name = async () => (await read('.1.3.6.1.2.1.27.1.1.2.1'))[0]
    const pid = appliance.sipdPid()!
    process.kill(pid, 'SIGKILL')
    await until(async () => (await name()) !== '"sipd"', 2000, 'its loss')
    await until(async () => (await name()) === '"sipd"', 10_000, 'its return')
    // It shows itself before it writes its PID file.
    await until(() => ![undefined, pid].includes(appliance.sipdPid()), 5000, 'its PID file')
    const next = appliance.sipdPid()
    await appliance.stopAgent('SIGKILL')
    assert.equal(await ask('OPTIONS'), 'SIP/2.0 200 OK')
    assert.equal(await appliance.startDaemon('agent'), undefined, appliance.output)
    await until(async () => (await name()) === '"sipd"', 5000, 'its session with the new agent')
    assert.equal(appliance.sipdPid(), next)
  })
})
