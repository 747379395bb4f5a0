import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { MigrateOptions } from '@seamark/cli'
import type { Lease } from '@seamark/core'
import { postgresJournal } from '@seamark/journal-postgres'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { hasCode } from '@seamark/kit'
import { openLog } from '@seamark/testing'
import { startPostgres } from '@seamark/testing-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { migrate } from '../src/migrate.ts'
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
  { timeout: 400_000 },
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

/** Tries for the lease of a source from the moment on when its move has begun, as a service that is started over and over. */
async function moved(
  direction: MigrateOptions['direction'],
  dataDir: string,
  schema: string,
  lead: () => Promise<Lease | undefined>,
): Promise<{ readonly led: unknown }> {
  let led: Promise<unknown> | undefined
  const attempt = async (): Promise<unknown> => {
    try {
      for (;;) {
        const lease = await lead()
        if (lease !== undefined) return lease
        await setImmediate()
      }
    } catch (error) {
      return error
    }
  }
  await migrate(
    {
      direction,
      dataDir,
      namespace: 'default',
      urlFile: join(here.dir, 'url'),
      schema,
      deployment: 'moving',
      onProgress: () => {
        led ??= attempt()
      },
      signal: new AbortController().signal,
    },
    { path: process.env['PATH'], git: {} },
  )
  return { led: await led }
}

it('leaves no moment at which somebody who waits leads the source', async () => {
  const schema = 'waiting'
  const there = join(here.dir, 'there')
  const folder = sqliteJournal({ dir: join(there, 'journal') })
  mkdirSync(there, { mode: 0o700 })
  const log = await openLog(folder.journal)
  await log.append(2_000)
  await log.lease.release()
  const restarted = await moved('sqlite-to-postgres', there, schema, () =>
    folder.journal.acquire('default', 'restarted').catch((error: unknown) => {
      if (hasCode(error, 'CONFLICT')) return undefined
      throw error
    }),
  )
  expect(restarted.led).toMatchObject({ code: 'INTEGRITY' })
  await folder.journal.close()

  const replica = postgresJournal({ url: server.url, schema, deployment: 'moving', standby: true })
  const back = join(here.dir, 'back')
  mkdirSync(back, { mode: 0o700 })
  const standby = await moved('postgres-to-sqlite', back, schema, () => replica.journal.acquire('default', 'standby'))
  expect(standby.led).toMatchObject({ code: 'CONFLICT' })
  await replica.journal.close()
})

it('says what is missing', async () => {
  for (const [argv, code] of [
    [['migrate', 'sqlite-to-postgres'], 2],
    [['migrate', 'sqlite-to-postgres', '--url-file', 'nowhere', '--data', 'empty'], 4],
    [['migrate'], 2],
  ] as const)
    expect((await here.seamark(...argv, ...(argv.length > 1 ? ['--json'] : []))).code).toBe(code)
})
