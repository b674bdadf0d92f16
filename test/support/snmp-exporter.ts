/** Debian's prometheus-snmp-exporter, which scrapes an agent when it is asked over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './appliance.ts'

/** A module of snmp.yml, as version 0.21 reads it. */
export interface ExporterModule {
  readonly walk?: readonly string[]
  readonly get?: readonly string[]
  readonly version?: 1 | 2 | 3
  readonly auth?: Readonly<Record<string, string>>
  readonly metrics: readonly Metric[]
}

export interface Metric {
  readonly name: string
  readonly oid: string
  readonly type: string
  readonly help: string
  readonly indexes?: readonly { readonly labelname: string; readonly type: string }[]
  readonly lookups?: readonly {
    readonly labels: readonly string[]
    readonly labelname: string
    readonly oid: string
    readonly type: string
  }[]
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export class SnmpExporter {
  readonly #folder = mkdtempSync(join(tmpdir(), 'exporter-'))
  readonly #child: ChildProcess
  readonly #url: string

  private constructor(modules: Readonly<Record<string, ExporterModule>> | string, port: number) {
    const config = join(this.#folder, 'snmp.yml')
    writeFileSync(config, typeof modules === 'string' ? modules : JSON.stringify(modules)) // JSON is YAML
    this.#url = `http://127.0.0.1:${port}`
    const words = [`--config.file=${config}`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error']
    this.#child = spawn('prometheus-snmp-exporter', words, { stdio: ['ignore', 'inherit', 'inherit'] })
  }

  /** The modules, or the text of a whole snmp.yml. */
  static async start(modules: Readonly<Record<string, ExporterModule>> | string): Promise<SnmpExporter> {
    const exporter = new SnmpExporter(modules, await freePort())
    const answers = (): Promise<boolean> =>
      fetch(exporter.#url).then(
        ({ ok }) => ok,
        () => exporter.#child.exitCode !== null,
      )
    await until(answers, 10_000, 'the exporter')
    return exporter
  }

  /** What one scrape of `target` gives, by the name of the metric; throws what the exporter complains of. */
  async scrape(module: string, target: string): Promise<Map<string, Sample[]>> {
    const answer = await fetch(`${this.#url}/snmp?target=${encodeURIComponent(target)}&module=${module}`)
    const text = await answer.text()
    if (!answer.ok) throw new Error(`scrape ${target} by ${module}: ${text}`)
    const found = new Map<string, Sample[]>()
    for (const [, name = '', labels = '', value] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, given]) => [key!, given!])
      found.set(name, [...(found.get(name) ?? []), { labels: Object.fromEntries(pairs), value: Number(value) }])
    }
    return found
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM')
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    rmSync(this.#folder, { recursive: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}
