import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { postgresJournal } from '@seamark/journal-postgres'
import { sqliteJournal } from '@seamark/journal-sqlite'
import { isSeamError, sleep } from '@seamark/kit'
import type { Journal } from '@seamark/core'
import { startPostgres } from '@seamark/testing-services'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { place } from './seamark.ts'
import type { Ended } from './seamark.ts'

const here = place()
const deployment = 'moving'
let server: Awaited<ReturnType<typeof startPostgres>>
const plan = (words: string): string => `
version: 1
items: [{ id: one, run: "echo ${words}", executor: process }]
`

beforeAll(async () => {
  server = await startPostgres()
  writeFileSync(join(here.dir, 'url'), `${server.url}\n`, { mode: 0o600 })
  here.write('plan.yaml', plan('one'))
  text(await here.seamark('run', 'plan.yaml', '--id', 'first'))
}, 120_000)
afterAll(async () => {
  here.remove()
  await server.stop()
})

function text({ code, out, err }: Ended): string {
  return code === 0 ? out : expect.fail(`${code}: ${out}${err}`)
}
const folder = (name: string): string => join(here.dir, name)
const migrate = (direction: string, schema: string, data: string): string[] => {
  const argv = ['migrate', direction, '--url-file', 'url', '--json', '--schema', schema, '--deployment', deployment]
  return [...argv, '--data', folder(data)]
}

/** Whether a service would lead this journal now: `leads`, or the code of its refusal. Waits for a lease that only has to end. */
async function starting(journal: Journal): Promise<string> {
  try {
    await (await journal.acquire('default', 'service')).release()
    return 'leads'
  } catch (error) {
    return isSeamError(error) ? error.code : expect.fail(String(error))
  } finally {
    await journal.close()
  }
}
const onFolder = (data: string): Promise<string> =>
  starting(sqliteJournal({ dir: join(folder(data), 'journal'), reserveBytes: 0 }).journal)
const onServer = (schema: string): Promise<string> =>
  starting(postgresJournal({ url: server.url, schema, deployment, standby: true }).journal)

/** What a move says that is made again: the lease of one that was killed has to end first. */
async function again(argv: readonly string[]): Promise<unknown> {
  let ended = await here.seamark(...argv)
  for (const end = Date.now() + 60_000; ended.code === 5 && Date.now() < end;) {
    await sleep(500)
    ended = await here.seamark(...argv)
  }
  return JSON.parse(text(ended))
}

/** The same deployment before it was moved, in a folder of its own. */
function copyOfFirst(name: string): string {
  cpSync(here.data, folder(name), { recursive: true })
  return name
}

/** A schema with its tables, in which a statement that fires this trigger waits until a move was killed there. */
async function gated(schema: string, trigger: string) {
  const { journal } = postgresJournal({ url: server.url, schema, deployment })
  await (await journal.acquire('other', 'test')).release()
  await journal.close()
  const gate = new pg.Client({ connectionString: server.url })
  await gate.connect()
  await gate.query(`
    CREATE OR REPLACE FUNCTION "${schema}".wait() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NEW; END $$;
    CREATE OR REPLACE TRIGGER wait BEFORE ${trigger} EXECUTE FUNCTION "${schema}".wait()`)
  const waiting = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 4711`
  const waits = async (): Promise<number> => (await gate.query(waiting)).rows.length
  return {
    /** Kills a move where it waits. What it had asked for then takes effect, or does not. */
    async kill(argv: readonly string[], late: boolean): Promise<void> {
      await gate.query('SELECT pg_advisory_lock(4711)')
      const move = here.start(...argv)
      await expect.poll(waits, { timeout: 100_000 }).toBe(1)
      move.child.kill('SIGKILL')
      expect((await move.ended).code).toBe(null)
      if (!late) await gate.query(`SELECT pg_terminate_backend(pid) FROM (${waiting}) AS w`)
      if (!late) await expect.poll(waits, { timeout: 100_000 }).toBe(0)
      await gate.query('SELECT pg_advisory_unlock(4711)')
    },
    end: () => gate.end(),
  }
}

it(
  'killed once the target is whole leaves the source to lead, and takes along what it did meanwhile',
  { timeout: 400_000 },
  async () => {
    const data = copyOfFirst('whole')
    const argv = migrate('sqlite-to-postgres', 'whole', data)
    const gate = await gated('whole', 'INSERT ON "whole".checkpoints FOR EACH ROW')
    await gate.kill(argv, true)
    await gate.end()
    expect([await onServer('whole'), await onFolder(data)]).toEqual(['CONFLICT', 'leads'])

    text(await here.seamark('run', 'plan.yaml', '--id', 'second', '--data', data))
    const moved = await again(argv)
    expect(moved).toMatchObject({ runs: 2, resumedAt: expect.any(Number) })
    expect(moved).not.toMatchObject({ resumedAt: 0 })
    expect([await onServer('whole'), await onFolder(data)]).toEqual(['leads', 'INTEGRITY'])
  },
)

it(
  'killed once the source is out of use lets nobody lead, and is ended by the same call only',
  { timeout: 400_000 },
  async () => {
    const data = copyOfFirst('there')
    const argv = migrate('sqlite-to-postgres', 'there', data)
    const admitting = `WHEN (OLD.deployment LIKE '(%' AND NEW.deployment NOT LIKE '(%')`
    const gate = await gated('there', `UPDATE ON "there".logs FOR EACH ROW ${admitting}`)
    await gate.kill(argv, false)
    await gate.end()
    expect([await onServer('there'), await onFolder(data)]).toEqual(['CONFLICT', 'INTEGRITY'])

    expect((await here.seamark(...migrate('sqlite-to-postgres', 'elsewhere', data))).code).toBe(10)
    expect(await again(argv)).toMatchObject({ runs: 1, items: 1 })
    expect([await onServer('there'), await onFolder(data)]).toEqual(['leads', 'INTEGRITY'])
    expect((await here.seamark(...argv)).code).toBe(10)
  },
)

it(
  'back, killed at either side of the moment when the source goes out of use, never lets two lead',
  { timeout: 400_000 },
  async () => {
    text(await here.seamark(...migrate('sqlite-to-postgres', 'back', copyOfFirst('before'))))
    const argv = migrate('postgres-to-sqlite', 'back', 'after')
    mkdirSync(folder('after'), { mode: 0o700 })
    const gate = await gated('back', `UPDATE ON "back".logs FOR EACH ROW WHEN (NEW.deployment LIKE '(moved%')`)
    await gate.kill(argv, false)
    expect([await onServer('back'), await onFolder('after')]).toEqual(['leads', 'CONFLICT'])
    await gate.kill(argv, true)
    await gate.end()
    expect([await onServer('back'), await onFolder('after')]).toEqual(['CONFLICT', 'CONFLICT'])

    expect(await again(argv)).toMatchObject({ runs: 1, items: 1 })
    expect([await onServer('back'), await onFolder('after')]).toEqual(['CONFLICT', 'leads'])
    expect((await here.seamark(...argv)).code).toBe(5)
  },
)
