import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startPostgres } from '@seamark/testing-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { place } from './seamark.ts'
import type { Ended } from './seamark.ts'

const here = place()
let server: Awaited<ReturnType<typeof startPostgres>>
const journal = join(import.meta.dirname, '../../../packages/journal-postgres/src/index.ts')
const plan = `
version: 1
workspace: { git: repo }
defaults: { executor: process }
items: [{ id: one, run: "echo changed > file.txt" }, { id: two, needs: [one], run: "echo two" }]
`
const text = ({ code, out, err }: Ended): string => (code === 0 ? out : expect.fail(`${code}: ${out}${err}`))
const rows = async (...more: string[]): Promise<unknown> =>
  JSON.parse(text(await here.seamark('status', 'first', '--json', ...more)))

beforeAll(async () => {
  server = await startPostgres()
  here.repository('repo', { 'file.txt': 'original\n' })
  here.write('plan.yaml', plan)
  writeFileSync(join(here.dir, 'url'), `${server.url}\n`, { mode: 0o600 })
  writeFileSync(
    join(here.dir, 'postgres.config.ts'),
    `import { postgresJournal } from ${JSON.stringify(journal)}
export default { journal: postgresJournal({ urlFile: ${JSON.stringify(join(here.dir, 'url'))} }) }`,
  )
}, 120_000)
afterAll(async () => {
  here.remove()
  await server.stop()
})

it(
  'moves a deployment to PostgreSQL and on, and back, with what verifies before and after',
  { timeout: 120_000 },
  async () => {
    const named = ['--config', 'postgres.config.ts']
    text(await here.seamark('run', 'plan.yaml', '--id', 'first'))
    text(await here.seamark('keys', 'export', '-o', 'trust.json'))
    const before = await rows()

    const moved = await here.seamark('migrate', 'sqlite-to-postgres', '--url-file', 'url', '--json')
    expect(JSON.parse(text(moved))).toMatchObject({ runs: 1, items: 2, resumedAt: 0 })
    expect(await rows(...named)).toEqual(before)
    // The folder's journal is out of use.
    expect((await here.seamark('run', 'plan.yaml', '--id', 'fork')).code).toBe(10)

    text(await here.seamark('run', 'plan.yaml', '--id', 'second', ...named))
    for (const run of ['first', 'second']) {
      text(await here.seamark('evidence', 'export', run, '-o', `${run}.tar`, ...named))
      text(await here.seamark('verify', `${run}.tar`, '--trust', 'trust.json'))
    }

    const again = await here.seamark('migrate', 'postgres-to-sqlite', '--url-file', 'url', '--json')
    // The folder still holds the checkpoint of the journal that went away.
    expect(again.code).toBe(10)
    const other = join(here.dir, 'other')
    const back = await here.seamark('migrate', 'postgres-to-sqlite', '--url-file', 'url', '--data', other, '--json')
    expect(JSON.parse(text(back))).toMatchObject({ runs: 2, items: 4 })
    expect((await here.seamark('run', 'plan.yaml', '--id', 'fork', ...named)).code).toBe(5)
    expect(JSON.parse(text(await here.seamark('status', 'first', '--json', '--data', other)))).toEqual(before)
  },
)

it('says what is missing', async () => {
  for (const [argv, code] of [
    [['migrate', 'sqlite-to-postgres'], 2],
    [['migrate', 'sqlite-to-postgres', '--url-file', 'nowhere', '--data', 'empty'], 4],
    [['migrate'], 2],
  ] as const)
    expect((await here.seamark(...argv, ...(argv.length > 1 ? ['--json'] : []))).code).toBe(code)
})
