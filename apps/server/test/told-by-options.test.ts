import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
afterAll(() => here.remove())

const source = (name: string): string =>
  JSON.stringify(join(import.meta.dirname, '../../../packages', name, 'src/index.ts'))
const told = {
  instructions: 'Call the boat Nellie.',
  skills: { tides: '---\nname: tides\ndescription: When\n---\nTwice.\n', knots: '---\nname: knots\n---\nTie.\n' },
}
const server = { command: 'db', args: [], env: { TOKEN: 'a value that is nowhere' } }
const ofServers = (servers: object) => ({ path: 'mcpServers', sha256: sha256(JSON.stringify(servers)) })
const shown = { args: 0, command: 'db', env: ['TOKEN'] }
const byName = ([a = '']: readonly unknown[], [b = '']: readonly unknown[]): number => (String(a) < String(b) ? -1 : 1)
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const digests = [
  { path: 'instructions', sha256: sha256(told.instructions) },
  { path: 'skills/knots/SKILL.md', sha256: sha256(told.skills.knots) },
  { path: 'skills/tides/SKILL.md', sha256: sha256(told.skills.tides) },
]

it(
  'the record of a launch has digests of what the options of its runtime tell every agent',
  { timeout: 180_000 },
  async () => {
    // Its program says nothing of what an agent says; it is launched all the same.
    const options = JSON.stringify({ ...told, mcpServers: { db: server }, argv: ['true'] })
    const env = Object.entries(server.env).map(([name, value]) => ({ name, value }))
    const acpServer = JSON.stringify({ ...server, name: 'db', env })
    here.write(
      'seamark.config.mjs',
      `const { processExecutor } = await import(${source('executor-process')})
const { command } = await import(${source('runtime-command')})
const { claudeCode } = await import(${source('runtime-claude-code')})
const { codex } = await import(${source('runtime-codex')})
const { acp } = await import(${source('runtime-acp')})
export default {
  executors: [processExecutor({ dir: ${JSON.stringify(here.data)} })],
  runtimes: [command(), claudeCode(${options}), codex(${options}), acp({ ...${JSON.stringify(told)}, argv: ['true'], mcpServers: [${acpServer}] })],
}
`,
    )
    const items = [
      ...['claude-code', 'codex', 'acp'].map((runtime) => ({ id: runtime, runtime, prompt: 'Go.' })),
      { id: 'line', run: 'true', gates: [{ run: 'true' }] },
    ]
    here.write('plan.json', JSON.stringify({ version: 1, defaults: { executor: 'process' }, items }))
    const config = ['--config', 'seamark.config.mjs']
    const ran = await here.seamark('run', 'plan.json', '--id', 'r', '--json', ...config)
    const records: { kind: string; item: string; data: { step: string; instructions?: unknown } }[] = ran.out
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
    const launched = records.filter(({ kind }) => kind === 'item.launched')
    expect(
      launched.map(({ item, data }) => [`${item} ${data.step}`, data.instructions]).toSorted(byName),
      ran.err,
    ).toEqual([
      ['acp main', [...digests, ofServers({ db: { ...shown, name: 'db' } })]],
      ['claude-code main', [...digests, ofServers({ db: shown })]],
      ['codex main', [...digests, ofServers({ db: shown })]],
      ['line gate:0', undefined],
      ['line main', undefined],
    ])
    expect(ran.out + ran.err).not.toContain(server.env.TOKEN)
    await here.seamark('evidence', 'export', 'r', '-o', 'r.tar', ...config)
    await here.seamark('keys', 'export', '-o', 'trust.json', ...config)
    const verified = await here.seamark('verify', 'r.tar', '--trust', 'trust.json', '--json', ...config)
    expect(JSON.parse(verified.out)).toMatchObject({ verdict: 'verified' })
  },
)
