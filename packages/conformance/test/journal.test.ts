import { memoryJournal } from '@seamark/testing'
import { describe, it } from 'vitest'
import { journalSuite } from '../src/journal.ts'
import { journalOf, projectionsOf, projectionsSuite } from '../src/projections.ts'
import type { FreshStore } from '../src/projections.ts'
import { registerSaboteurs, registerSuite } from '../src/suite.ts'

function fresh(): FreshStore {
  let memory = memoryJournal()
  return {
    current: () => memory,
    reopen: async () => (memory = memory.reopen()),
    dispose: () => memory.journal.close(),
  }
}

for (const register of [registerSuite, registerSaboteurs]) {
  register(journalSuite, journalOf(fresh), { describe, it })
  register(projectionsSuite, projectionsOf(fresh), { describe, it })
}
