import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Place, Started } from './seamark.ts'
import { place } from './seamark.ts'

const CONFIG = ['--config', 'seamark.config.mjs'] as const
/** As the program knows them, with the runtime that reads each. */
const PROTOCOLS = { claude: 'claude-code', codex: 'codex', acp: 'acp', none: 'command' } as const
type Protocol = keyof typeof PROTOCOLS
/** What is long: one text, which is cut, or a list that is long whatever is cut. */
type Kind = 'text' | 'values'

const LONG = 20_000_000
const LONGER = 4 * LONG

let here: Place
let service: Started

beforeAll(async () => {
  here = place()
  const program = readFileSync(join(import.meta.dirname, 'long-line-agent.mjs'), 'utf8')
  here.repository('repo', { 'agent.mjs': program })
  const made = (name: string, factory: string, options: object) => {
    const source = join(import.meta.dirname, `../../../packages/runtime-${name}/src/index.ts`)
    return `(await import(${JSON.stringify(source)})).${factory}(${JSON.stringify(options)})`
  }
  const runtimes = [
    made('command', 'command', {}),
    made('claude-code', 'claudeCode', { argv: ['node', 'agent.mjs', 'claude'] }),
    made('codex', 'codex', { argv: ['node', 'agent.mjs', 'codex'] }),
    made('acp', 'acp', { argv: ['node', 'agent.mjs', 'acp'] }),
  ]
  here.write('seamark.config.mjs', `export default { runtimes: [${runtimes.join(', ')}] }\n`)
  service = here.start('serve', '--json', ...CONFIG)
  await service.saw('"ready"')
}, 120_000)

afterAll(async () => {
  service.child.kill('SIGTERM')
  await service.ended
  here.remove()
})

/** Has programs say a line of so many bytes, several at once; how each attempt ended. */
async function ends(id: string, bytes: number, said: readonly (readonly [Protocol, Kind])[]): Promise<unknown> {
  const items = said.map(([protocol, kind]) => ({
    id: `${protocol}-${kind}`,
    runtime: PROTOCOLS[protocol],
    ...(protocol === 'none' ? { run: 'node agent.mjs none' } : { prompt: 'Say it.' }),
    env: { LONG_LINE: kind, LONG_BYTES: String(bytes) },
  }))
  here.write(`${id}.json`, JSON.stringify({ version: 1, workspace: { git: 'repo' }, items }))
  const { out, err } = await here.seamark('run', `${id}.json`, '--id', id, '--json', ...CONFIG)
  const lines: readonly Told[] = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
  const ended = lines.filter(({ kind }) => kind === 'attempt.ended')
  expect(ended, err).toHaveLength(items.length)
  for (const { data } of ended) expect(data.product?.stdout.size).toBeGreaterThanOrEqual(bytes)
  return Object.fromEntries(ended.map(({ item, data }) => [item, `${data.outcome} ${data.reason}`]))
}

interface Told {
  readonly kind?: string
  readonly item?: string
  readonly data: { readonly outcome: string; readonly reason: string; readonly product?: Product }
}

interface Product {
  readonly stdout: { readonly size: number }
}

/** The most memory that the service takes while something is done, in megabytes. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const status = `/proc/${service.child.pid}`
  writeFileSync(`${status}/clear_refs`, '5')
  await work()
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`${status}/status`, 'utf8')) ?? []
  return Number(peak) / 1_000
}

describe('a line of 20 MB, which a program says in the sandbox', { timeout: 600_000 }, () => {
  let peak: number

  it('is gone on from where it is long by a text, and ends the turn with its reason where it is not', async () => {
    const protocols = ['claude', 'codex', 'acp', 'none'] as const
    const all = protocols.flatMap((protocol) => [[protocol, 'text'] as const, [protocol, 'values'] as const])
    const done = 'succeeded completed'
    const long = 'failed message-too-long'
    let ended: unknown
    peak = await peakOf(async () => {
      ended = await ends('long', LONG, all)
    })
    expect(ended).toEqual({
      'claude-text': done,
      'codex-text': done,
      'acp-text': done,
      'none-text': done,
      'claude-values': long,
      'codex-values': long,
      'acp-values': long,
      // Nothing of it is read as a message.
      'none-values': done,
    })
    for (const protocol of protocols) {
      const shown = await here.seamark('logs', 'long', `${protocol}-text`, '--transcript', ...CONFIG)
      expect(shown.out.match(/漢/g)?.length).toBe(Math.ceil(LONG / 3))
    }
  })

  it('takes the service no memory by its length', async () => {
    const some = [['claude', 'text'], ['codex', 'values'], ['acp', 'text']] as const // prettier-ignore
    const longer = await peakOf(() => ends('longer', LONGER, some))
    expect(longer - peak).toBeLessThan((LONGER - LONG) / 1e6)
  })
})
