import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Appliance, logPath, makeHome, until } from '../support/appliance.ts'

describe('castellan rotate', () => {
  test('where nothing runs it rotates by itself, and compresses before it ends; a dry run changes nothing', async () => {
    const at = await makeHome()
    const appliance = new Appliance(at)
    try {
      mkdirSync(join(at.home.logs, 'sipd'), { recursive: true })
      writeFileSync(join(at.home.logs, 'sipd', 'access_log'), 'one\n')
      const dry = await appliance.castellan('rotate', '--dry-run')
      assert.equal(dry.code, 0, dry.err)
      assert.match(
        dry.out,
        /^access_log: \S+access_log \(4 octets\) would be renamed to access_log\.\d+, sipd does not run/m,
      )
      assert.match(dry.out, /^error_log: \S+error_log does not exist, so nothing would be rotated$/m)
      assert.deepEqual(readdirSync(join(at.home.logs, 'sipd')), ['access_log'])

      const { code, out, err } = await appliance.castellan('rotate', 'access_log')
      assert.equal(code, 0, err)
      assert.match(out, /^access_log: renamed to access_log\.\d+ \(4 octets\); nobody writes it\n$/)
      assert.match(readdirSync(join(at.home.logs, 'sipd')).join(), /^access_log\.\d+\.gz$/)

      const wrong = await appliance.castellan('rotate', 'nothing_log')
      assert.equal(wrong.code, 1)
      assert.match(wrong.err, /no rotation policy is called nothing_log; there are: error_log, access_log, stats_log/)
    } finally {
      await rm(at.home.root, { recursive: true, force: true })
    }
  })

  test('the policies are those of logagt.cnf, whether the subagents run or not, and a dry run says the same words', async () => {
    const appliance = new Appliance(await makeHome())
    const { home } = appliance.at
    const watched = join(home.logs, 'watched')
    const cnf = join(home.conf, 'subagents', 'logagt.cnf')
    const row = (index: number, name: string): string =>
      `siLogEntry ${index} w ${join(home.logs, name)} - no 0 0 0 - no 0 0 - no 10 no c active 0 - nonVolatile 0 0 1 0 0\n`
    try {
      writeFileSync(join(home.conf, 'subagents', 'critagt.cnf'), '')
      // Shipped: rows 1 and 2; the default policy of agent.log is set aside by that of a row, which keeps one file.
      writeFileSync(
        cnf,
        `${readFileSync(cnf, 'utf8')}${row(3, 'watched')}${row(4, 'agent.log')}siLogDiskFloorOctets 0\n`,
      )
      for (const name of ['watched', 'watched.1700000001', 'watched.1700000002']) {
        writeFileSync(join(home.logs, name), 'line\n')
      }
      const say = async (...names: string[]): Promise<string> => {
        const { code, out, err } = await appliance.castellan('rotate', '--dry-run', ...names)
        assert.equal(code, 0, err)
        return out.replace(/watched\.\d{10},/, 'watched.NOW,')
      }
      const logsIn = (said: string): string[] => [...said.matchAll(/^(\w[\w.]*): /gm)].map((match) => match[1]!)
      const [one, all] = [await say('watched'), await say()]
      assert.equal(
        one,
        `watched: ${watched} (5 octets) would be renamed to watched.NOW, nobody signalled, and compressed\n` +
          `${watched}.1700000001 would be deleted: it is beyond what watched keeps\n`,
      )
      const expected = [
        'error_log',
        'access_log',
        'watched',
        'agent.log',
        'stats_log',
        'sharedmem_stats_log',
        'subagents.log',
        'console.log',
        'drfMA',
        'drfLA',
        'drfConfLib',
      ]
      assert.deepEqual(logsIn(all), expected)
      assert.equal(await appliance.start(), undefined, appliance.output)
      // The rotator compresses and deletes what it finds when it begins.
      const isSettled = (): boolean => {
        const rotated = readdirSync(home.logs).filter((name) => name.startsWith('watched.'))
        return rotated.join() === 'watched.1700000002.gz'
      }
      await until(isSettled, 10_000, 'the one file that is kept')
      assert.equal(await say('watched'), `${one.split('\n', 1)[0]}\n`)
      assert.deepEqual(logsIn(await say()), expected)
      await appliance.stopDaemon('subagents')
      assert.equal(await say('watched'), `${one.split('\n', 1)[0]}\n`)

      const { code, out } = await appliance.castellan('rotate', 'watched')
      assert.equal(code, 0)
      assert.match(out, /^watched: renamed to watched\.\d+ \(5 octets\); nobody writes it\n$/)
      const kept = readdirSync(home.logs).filter((name) => name.startsWith('watched.'))
      assert.equal(kept.length, 1, `the row keeps one file, not ${kept}`)
      assert.doesNotMatch(kept[0]!, /1700000002/)

      writeFileSync(cnf, 'siLogEntry 3\n')
      const broken = await appliance.castellan('rotate', 'watched')
      assert.equal(broken.code, 1)
      assert.match(broken.err, /logagt\.cnf:1:/)
    } finally {
      await appliance.stop()
    }
  })

  test('where the subagents run they do it; agent, subagents and sipd open their logs again', async () => {
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
        assert.match(
          sentences.join(),
          new RegExp(`^${name}: renamed to \\S+ \\(\\d+ octets\\); ${owner} has reopened its log$`),
        )
      }
      const isPacked = (log: string): boolean =>
        ['agent', 'subagents', 'sipd']
          .flatMap((one) => readdirSync(join(logs, one)))
          .some((name) => new RegExp(`^${log}\\..*gz$`).test(name))
      await until(() => isPacked('agent.log') && isPacked('subagents.log') && isPacked('error_log'), 10_000, 'the .gz')
      process.kill(appliance.agentPid, 'SIGHUP')
      process.kill(appliance.subagentsPid, 'SIGHUP')
      for (const name of ['agent.log', 'subagents.log'])
        await until(
          () => readFileSync(logPath(appliance.at.home, name), 'utf8') !== '',
          5000,
          `a line in the new ${name}`,
        )
      const wrong = await appliance.castellan('rotate', 'nothing_log')
      assert.equal(wrong.code, 1)
      assert.match(wrong.err, /no rotation policy is called nothing_log/)
    } finally {
      await appliance.stop()
    }
  })
})
