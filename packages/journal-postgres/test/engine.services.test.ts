import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, vi } from 'vitest'
import { cluster } from './cluster.ts'
import { inDatabase } from './engine-journal.ts'

/** The engine's tests, as they are, over this journal in the place of the one in memory. */

const server = cluster()
const place = inDatabase({ url: () => server.server.url, sql: (text) => server.sql(text) })
// The engines of a test that are still there end with their journal.
afterEach(() => place.close())

vi.mock('@seamark/testing', async (original) => ({
  ...(await original<object>()),
  memoryJournal: (...args: Parameters<typeof place.memoryJournal>) => place.memoryJournal(...args),
}))

// What needs no journal, or is a file of its own here.
const others = ['heap.test.ts', 'planted-bugs.test.ts', 'readme.test.ts', 'simulation.test.ts', 'scale.test.ts']
const folder = join(import.meta.dirname, '../../orchestrator/test')
for (const file of readdirSync(folder))
  if (file.endsWith('.test.ts') && !others.includes(file)) await import(pathToFileURL(join(folder, file)).href)
