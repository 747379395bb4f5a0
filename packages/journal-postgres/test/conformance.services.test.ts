import { registerSaboteurs, registerSuite } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { journalOf, projectionsOf, projectionsSuite } from '@seamark/conformance/projections'
import { describe, it } from 'vitest'
import { cluster } from './cluster.ts'

const { fresh } = cluster()

for (const register of [registerSuite, registerSaboteurs]) {
  register(journalSuite, journalOf(fresh), { describe, it })
  register(projectionsSuite, projectionsOf(fresh), { describe, it })
}
