import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { place } from './seamark.ts'

const here = place()
interface Recorded {
  readonly kind: string
  readonly item?: string
  readonly data: Readonly<Record<string, unknown>>
}

beforeAll(() => {
  mkdirSync(join(here.dir, 'writer/skills/style'), { recursive: true })
  write(1, 'Write.\n')
})
afterAll(() => here.remove())

function write(version: number, instructions: string): void {
  const yaml = `name: writer
version: ${version}
runtime: command
input: { type: object, properties: { page: { type: string } }, required: [page] }
outputs: [{ path: report.json, schema: { type: object, required: [page] } }]
policy: { limits: { wallClock: 10m } }
`
  writeFileSync(join(here.dir, 'writer/agent.yaml'), yaml)
  writeFileSync(join(here.dir, 'writer/AGENTS.md'), instructions)
  writeFileSync(join(here.dir, 'writer/skills/style/SKILL.md'), 'Short.\n')
}

const plan = (agent: string, page = 'install') =>
  here.write(
    'plan.yaml',
    `version: 1
defaults: { executor: process }
items:
  - id: page
    agent: ${agent}
    input: { page: ${page} }
    run: |
      cat "$SEAMARK_AGENT/AGENTS.md" "$SEAMARK_AGENT/skills/style/SKILL.md"
      cp "$SEAMARK_INPUT" report.json
  - id: after
    needs: { report: { from: page, select: { output: report.json } } }
    run: cat "$SEAMARK_INPUTS/report/report.json"
`,
  )

async function run(agent: string, id: string) {
  const ran = await here.seamark('run', plan(agent), '--id', id, '--json')
  expect(ran, ran.err + ran.out).toMatchObject({ code: 0 })
  const lines = ran.out.trim().split('\n')
  const records: readonly Recorded[] = lines.map((line) => JSON.parse(line)).filter(({ type }) => type === 'record')
  const launched = records.filter(({ kind }) => kind === 'item.launched')
  return { agents: launched.map(({ item, data }) => [item, data['agent']]) }
}

it('runs what it is pinned to, and says so in the record of its launch', { timeout: 180_000 }, async () => {
  const push = async () => JSON.parse((await here.seamark('agent', 'push', 'writer', '--json')).out)
  const first = await push()
  const { agents } = await run('writer@1', 'r1')
  expect(agents).toMatchObject([
    [
      'page',
      {
        name: 'writer',
        version: 1,
        digest: first.digest,
        instructions: [{ path: 'AGENTS.md' }, { path: 'skills/style/SKILL.md' }],
      },
    ],
    ['after', undefined],
  ])
  expect((await here.seamark('logs', 'r1', 'page')).out).toBe('Write.\nShort.\n')
  expect(JSON.parse((await here.seamark('logs', 'r1', 'after')).out)).toEqual({ page: 'install' })
  const explained = JSON.parse((await here.seamark('policy', 'explain', 'page', '--run', 'r1', '--json')).out)
  expect(explained.parts).toContainEqual({
    pointer: '/limits/wallClockMs',
    value: 600_000,
    from: [{ level: 'version', pointer: '/policy/limits/wallClock' }],
  })

  const exported = await here.seamark('evidence', 'export', 'r1', '-o', 'bundle.tar')
  expect(exported, exported.err).toMatchObject({ code: 0 })
  await here.seamark('keys', 'export', '-o', 'trust.json')
  const verified = await here.seamark('verify', 'bundle.tar', '--trust', 'trust.json')
  expect(verified, verified.out + verified.err).toMatchObject({ code: 0 })

  write(2, 'Write it all.\n')
  const second = await push()
  await run(`sha256:${second.digest}`, 'r2')
  expect((await here.seamark('logs', 'r2', 'page')).out).toBe('Write it all.\nShort.\n')
  await run('writer@1', 'r3')
  expect((await here.seamark('logs', 'r3', 'page')).out).toBe('Write.\nShort.\n')
})

it(
  'is looked up by validate and plan show where no service runs, also where it is not there',
  { timeout: 60_000 },
  async () => {
    const checked = async (...argv: string[]) => {
      const { code, out, err } = await here.seamark(...argv, '--json')
      return { code, said: JSON.parse(out === '' ? err : out) }
    }
    expect(await checked('validate', plan('writer@1'))).toMatchObject({ code: 0, said: { valid: true } })
    expect(await checked('plan', 'show', plan('writer@1'))).toMatchObject({ code: 0 })
    const none = { code: 2, said: { problems: [{ code: 'INVALID_INPUT', place: { pointer: '/items/0/agent' } }] } }
    expect(await checked('validate', plan('writer@9'))).toMatchObject(none)
    // There is no data folder either.
    expect(await checked('validate', plan('writer@1'), '--data', 'none')).toMatchObject(none)
    expect(existsSync(join(here.dir, 'none'))).toBe(false)
  },
)

it('is refused with its place where it was removed, or its input does not hold', { timeout: 60_000 }, async () => {
  const refused = async (file: string) => {
    const { err } = await here.seamark('run', file, '--json')
    const { error } = JSON.parse(err.trim().split('\n').at(-1) ?? '')
    return error.problems.map(({ code, place: at }: { code: string; place: object }) => ({ code, ...at }))
  }
  expect(await refused(plan('writer@1', '[1]'))).toEqual([
    { code: 'INVALID_INPUT', pointer: '/items/0/input/page', line: 6, column: 20 },
  ])
  expect((await here.seamark('agent', 'rm', 'writer@1')).code).toBe(0)
  const gone = { code: 'INVALID_INPUT', pointer: '/items/0/agent', line: 5, column: 12 }
  expect(await refused(plan('writer@1'))).toEqual([gone])
  // What ran under it is what it was.
  expect((await here.seamark('logs', 'r1', 'page')).out).toBe('Write.\nShort.\n')
  const verified = await here.seamark('policy', 'explain', 'page', '--run', 'r1', '--json')
  expect(JSON.parse(verified.out).parts).toBeDefined()
})
