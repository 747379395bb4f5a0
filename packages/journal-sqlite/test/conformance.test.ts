import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { journalOf, projectionsOf, projectionsSuite } from '@seamark/conformance/projections'
import { describe, it } from 'vitest'
import { freshStore } from './subject.ts'

const journals = journalOf(freshStore)
const projections = projectionsOf(freshStore)

for (const register of [registerSuite, registerSaboteurs]) {
  register(journalSuite, journals, { describe, it })
  register(projectionsSuite, projections, { describe, it })
}
registerSuite(underTraits(journalSuite, journals, ['detached', 'reopened', 'at-once']), journals, { describe, it })
registerSuite(underTraits(projectionsSuite, projections, ['detached', 'reopened', 'at-once']), projections, {
  describe,
  it,
})
