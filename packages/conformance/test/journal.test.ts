import type { Journal } from '@seamark/core'
import { memoryJournal } from '@seamark/testing'
import { describe, it } from 'vitest'
import { journalSuite } from '../src/journal.ts'
import { registerSaboteurs, registerSuite } from '../src/suite.ts'
import type { MakeSubject } from '../src/suite.ts'

const make: MakeSubject<Journal> = async () => {
  let memory = memoryJournal()
  return {
    seam: memory.journal,
    async reopen() {
      memory = memory.reopen()
      return memory.journal
    },
    dispose: () => memory.journal.close(),
  }
}

registerSuite(journalSuite, make, { describe, it })
registerSaboteurs(journalSuite, make, { describe, it })
