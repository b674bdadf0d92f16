import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { BindingsFile } from '../../sipd/location/bindings-file.ts'
import { runBin } from '../support/appliance.ts'

const home = mkdtempSync(join(tmpdir(), 'castellan-routes-'))

before(() => {
  mkdirSync(join(home, 'conf', 'sipd'), { recursive: true, mode: 0o700 })
  writeFileSync(
    join(home, 'conf', 'sipd', 'sipd.conf'),
    `Listen 127.0.0.1:5060
ProxyDomain example.test
ServerName sip.example.test
Cisco_Routing_Use_Domain_Routing On
Cisco_Routing_Global_Less_Specific_Route_Search On
<NumberPlan Global>
  NumExp 2.... +1919392....
  NumExp 7.... +1408527....
</NumberPlan>
`,
    { mode: 0o600 },
  )
})
after(() => rmSync(home, { recursive: true, force: true }))

async function routes(...args: string[]) {
  return runBin('castellan', ['routes', ...args, '--home', home])
}

async function printed(...args: string[]): Promise<string> {
  const { code, out, err } = await routes(...args)
  assert.equal(code, 0, err)
  return out
}

describe('castellan routes', () => {
  test('shows that there are none, and how to make one', async () => {
    assert.equal(await printed(), 'there are no routes; castellan routes add makes one\n')
  })

  test('adds, changes, lists and removes a route', async () => {
    assert.equal(
      await printed('add', '+1919.......', '192.0.2.7', '--port', '5060', '--label', 'Raleigh'),
      'added +1919....... to 192.0.2.7:5060, priority 0, weight 0, "Raleigh"\n',
    )
    assert.match(await printed('add', '+1919.......', '192.0.2.7', '--port', '5060', '--priority', '5'), /^changed /)
    await printed('add', '+1*', '192.0.2.8', '--port', '5060', '--transport', 'tcp')
    await printed('add', '+1900*', '--block')
    await printed('add', '.com.ibm.*', '192.0.2.9', '--type', 'ip')
    assert.match(await printed('list'), /\+1900\* .*blocks/)
    const listed: unknown = JSON.parse(await printed('list', 'ibm.com', '--json'))
    assert.ok(Array.isArray(listed) && listed.length === 1)
    assert.equal(await printed('remove', '*.ibm.com'), 'removed ibm.com to 192.0.2.9, priority 0, weight 0\n')
    const { code, err } = await routes('remove', 'ibm.com')
    assert.deepEqual([code, err.includes('there is no route ibm.com')], [1, true])
  })

  test('says which word of a route is wrong', async () => {
    const { code, err } = await routes('add', '21[1-8]', 'gw', '--priority', 'first')
    assert.equal(code, 2)
    assert.match(err, /<pattern>: expected no \[ \].*; --priority: expected a whole number from 0 to 65535/)
  })

  test('explains where a number goes, from its expansion to the address', async () => {
    const out = await printed('test', '20002')
    for (const line of [
      /^host +example\.test is a domain of this server$/m,
      /^expansion +20002 becomes \+19193920002: NumExp 2\.{4} \+1919392\.{4} of the plan Global$/m,
      /^registry +nobody is registered as sip:\+19193920002@example\.test or sip:20002@example\.test$/m,
      /^route +\+1919\.{7} to 192\.0\.2\.7:5060/m,
      /^address +UDP 192\.0\.2\.7:5060$/m,
      /^then +\+1\* to 192\.0\.2\.8:5060 TCP/m,
      /^address +TCP 192\.0\.2\.8:5060$/m,
      /^ +NumExp 7\.{4} \+1408527\.{4}: character 1 is 2, the pattern wants 7$/m,
      /^ +\+1900\*: character 4 is 1, the pattern wants 0$/m,
    ])
      assert.match(out, line)
  })

  test('explains why a number leads nowhere', async () => {
    const blocked = await routes('test', '+19005551234')
    assert.equal(blocked.code, 1)
    assert.match(blocked.out, /\+1900\*.*blocks it\nresult +403 Forbidden/)
    const unknown = await routes('test', '333')
    assert.match(unknown.out, /no route in service matches 333\nresult +404 Not Found/)
    assert.match((await routes('test', 'bob')).out, /bob is looked up as a name/)
  })

  test('explains that a stranger may not use a route where other machines reach sipd', async () => {
    const path = join(home, 'conf', 'sipd', 'sipd.conf')
    const text = readFileSync(path, 'utf8')
    writeFileSync(path, text.replace('Listen 127.0.0.1:5060', 'Listen 0.0.0.0:5060\nAllowRelay 198.51.100.0/24'))
    const stranger = await routes('test', '20002', '--from', '203.0.113.9')
    const gateway = await routes('test', '20002', '--from', '198.51.100.9')
    writeFileSync(path, text)
    assert.match(
      stranger.out,
      /caller +may not use routes nor reach other domains; AllowRelay names who may\nresult +403/,
    )
    assert.deepEqual([stranger.code, gateway.code], [1, 0])
  })

  test('explains that a registered phone comes before all routes', async () => {
    mkdirSync(join(home, 'data', 'sipd'), { recursive: true })
    const file = new BindingsFile(join(home, 'data', 'sipd', 'registry_db.sqlite'))
    const contact = {
      contact: 'sip:2002@192.0.2.50',
      callId: 'c',
      cseq: 1,
      q: 1000,
      expiresAtMs: Date.now() + 3_600_000,
    }
    const more = { flow: undefined, path: [], userAgent: '', instance: '', features: '', source: '' }
    file.write([['sip:2002@sip.example.test', [{ ...contact, ...more }]]])
    file.close()
    assert.match(
      await printed('test', '2002'),
      /^registry +sip:2002@example\.test is registered at sip:2002@192\.0\.2\.50\nresult/m,
    )
  })

  test('exports what an import reads', async () => {
    const path = join(home, 'routes.csv')
    assert.equal(await printed('export', path), `3 routes written to ${path}\n`)
    const text = readFileSync(path, 'utf8')
    assert.equal(await printed('export'), text)
    assert.equal(await printed('import', path), '0 routes added, 3 changed\n')
    assert.equal(await printed('import', path, '--replace'), '3 routes imported, in place of all before\n')
    assert.equal(await printed('export'), text)
  })

  test('imports 20000 lines, and nothing of a file with a mistake', async () => {
    const path = join(home, 'many.csv')
    const lines = Array.from({ length: 19_990 }, (_, i) => `+1${1_000_000 + i},192.0.2.7,5060\n`)
    const head = 'destination_pattern,next_hop,next_hop_port\n'
    writeFileSync(path, `${head}${lines.join('')}1,gw,sip\n`)
    const { code, err } = await routes('import', path)
    assert.equal(code, 1)
    assert.match(
      err,
      /many\.csv:19992:6: next_hop_port: expected a whole number from 0 to 65535, got "sip"\nno route was changed/,
    )
    assert.equal((await printed('list')).split('\n').length, 4)
    writeFileSync(path, head + lines.join(''))
    assert.equal(await printed('import', path), '19990 routes added, 0 changed\n')
    writeFileSync(path, `${head}${Array.from({ length: 8 }, (_, i) => `5${i},gw,0\n`).join('')}`)
    assert.match((await routes('import', path)).err, /20001 routes are more than the 20000 that there may be/)
  })
})
