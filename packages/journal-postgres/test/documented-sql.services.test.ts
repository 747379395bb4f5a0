import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { requireWhole, openLog } from '@seamark/testing'
import pg from 'pg'
import { expect, it } from 'vitest'
import { cluster } from './cluster.ts'

const server = cluster()
const password = randomUUID()

/** The SQL of a page, block by block, with names that the server does not know yet. */
function sqlOf(page: string, name: string): readonly string[] {
  const text = readFileSync(new URL(`../../../${page}`, import.meta.url), 'utf8')
  const blocks = [...text.matchAll(/^```sql\n([\s\S]*?)^```/gm)]
  return blocks.map(([, block = '']) => block.replaceAll('…', password).replaceAll('seamark', name))
}

function address(database: string, user?: string): string {
  const url = new URL(server.server.url)
  url.pathname = database
  if (user !== undefined) [url.username, url.password] = [user, password]
  return url.href
}

async function run(database: string, block: string): Promise<void> {
  const client = new pg.Client({ connectionString: address(database) })
  await client.connect()
  try {
    // One by one: a database is not made in a transaction.
    for (const statement of block.split(/;$/m)) await client.query(statement)
  } finally {
    await client.end()
  }
}

/** A log is kept by a role that owns what the page gives it, and is no superuser. */
async function keepLog(database: string, role: string, schema: string): Promise<void> {
  const store = server.open({ url: address(database, role), schema })
  await (await openLog(store.journal)).append(20)
  expect((await requireWhole(store)).size).toBe(20)
  await store.journal.close()
}

it('what the how-to creates holds a log, in a database of its own and in a schema of a shared one', async () => {
  const [own = '', schema = ''] = sqlOf('docs/how-to/postgresql.md', 'one')
  await run('postgres', own)
  await keepLog('one', 'one', 'one')
  await run('postgres', 'CREATE DATABASE shared')
  await run('shared', schema)
  await keepLog('shared', 'one', 'one')
})

it('what the README creates holds a log', async () => {
  const [block = ''] = sqlOf('packages/journal-postgres/README.md', 'two')
  await run('postgres', block)
  await keepLog('postgres', 'two', 'two')
})
