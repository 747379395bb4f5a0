import { memoryJournal } from '@seamark/testing'
import { describe, it } from 'vitest'
import { projectionsSuite, writableProjections } from '../src/projections.ts'
import type { WritableProjections } from '../src/projections.ts'
import { registerSaboteurs, registerSuite } from '../src/suite.ts'
import type { MakeSubject } from '../src/suite.ts'

const make: MakeSubject<WritableProjections> = async () => {
  let memory = memoryJournal()
  return {
    seam: writableProjections(memory),
    async reopen() {
      memory = memory.reopen()
      return writableProjections(memory)
    },
    dispose: () => memory.journal.close(),
  }
}

registerSuite(projectionsSuite, make, { describe, it })
registerSaboteurs(projectionsSuite, make, { describe, it })
