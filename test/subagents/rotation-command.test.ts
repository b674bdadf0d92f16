import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Appliance, makeHome, until } from '../support/appliance.ts'

describe('castellan rotate', () => {
  test('where nothing runs it rotates by itself, and compresses before it ends; a dry run changes nothing', async () => {
    const at = await makeHome()
    const appliance = new Appliance(at)
    try {
      mkdirSync(at.home.logs, { recursive: true })
      writeFileSync(join(at.home.logs, 'access_log'), 'one\n')
      const dry = await appliance.castellan('rotate', '--dry-run')
      assert.equal(dry.code, 0, dry.err)
      assert.match(
        dry.out,
        /^access_log: \S+access_log \(4 octets\) would be renamed to access_log\.\d+, sipd does not run/m,
      )
      assert.match(dry.out, /^error_log: there is no \S+error_log, so nothing would be rotated$/m)
      assert.deepEqual(readdirSync(at.home.logs), ['access_log'])

      const { code, out, err } = await appliance.castellan('rotate', 'access_log')
      assert.equal(code, 0, err)
      assert.match(out, /^access_log: renamed to access_log\.\d+ \(4 octets\); nobody writes it\n$/)
      assert.match(readdirSync(at.home.logs).join(), /^access_log\.\d+\.gz$/)

      const wrong = await appliance.castellan('rotate', 'nothing_log')
      assert.equal(wrong.code, 1)
      assert.match(wrong.err, /no rotation policy is called nothing_log; there are: error_log, access_log, stats_log/)
    } finally {
      await rm(at.home.root, { recursive: true, force: true })
    }
  })

  test('where the subagents run they do it; agent, subagents and sipd open their logs anew', async () => {
    const appliance = new Appliance(await makeHome())
    const { logs } = appliance.at.home
    try {
      await appliance.start()
      await until(() => appliance.sipdPid() !== undefined, 15_000, 'sipd')
      for (const [name, owner] of [
        ['agent.log', 'agent'],
        ['subagents.log', 'subagents'],
        ['error_log', 'sipd'],
      ] as const) {
        const { code, out, err } = await appliance.castellan('rotate', name, '--json')
        assert.equal(code, 0, `${out}${err}`)
        const { sentences, isGood } = JSON.parse(out)
        assert.ok(isGood)
        assert.match(sentences.join(), new RegExp(`^${name}: renamed to \\S+ \\(\\d+ octets\\); ${owner} has opened`))
      }
      const isPacked = (log: string): boolean =>
        readdirSync(logs).some((name) => new RegExp(`^${log}\\..*gz$`).test(name))
      await until(() => isPacked('agent.log') && isPacked('subagents.log') && isPacked('error_log'), 10_000, 'the .gz')
      process.kill(appliance.agentPid, 'SIGHUP')
      process.kill(appliance.subagentsPid, 'SIGHUP')
      for (const name of ['agent.log', 'subagents.log'])
        await until(() => readFileSync(join(logs, name), 'utf8') !== '', 5000, `a line in the new ${name}`)
      const wrong = await appliance.castellan('rotate', 'nothing_log')
      assert.equal(wrong.code, 1)
      assert.match(wrong.err, /no rotation policy is called nothing_log/)
    } finally {
      await appliance.stop()
    }
  })
})
