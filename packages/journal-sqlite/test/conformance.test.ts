import { registerSaboteurs, registerSuite } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { journalOf, projectionsOf, projectionsSuite } from '@seamark/conformance/projections'
import { describe, it } from 'vitest'
import { freshStore } from './subject.ts'

for (const register of [registerSuite, registerSaboteurs]) {
  register(journalSuite, journalOf(freshStore), { describe, it })
  register(projectionsSuite, projectionsOf(freshStore), { describe, it })
}
