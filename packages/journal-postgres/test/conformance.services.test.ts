import { registerSaboteurs, registerSuite } from '@seamark/conformance'
import type { MakeSubject } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { projectionsSuite, writableProjections } from '@seamark/conformance/projections'
import type { WritableProjections } from '@seamark/conformance/projections'
import type { Journal } from '@seamark/core'
import { describe, it } from 'vitest'
import { cluster } from './cluster.ts'

const { fresh } = cluster()

const journal: MakeSubject<Journal> = async () => {
  const store = fresh()
  return {
    seam: store.current().journal,
    reopen: async () => (await store.reopen()).journal,
    dispose: () => store.dispose(),
  }
}

registerSuite(journalSuite, journal, { describe, it })
registerSaboteurs(journalSuite, journal, { describe, it })

const projections: MakeSubject<WritableProjections> = async () => {
  const store = fresh()
  return {
    seam: writableProjections(store.current()),
    reopen: async () => writableProjections(await store.reopen()),
    dispose: () => store.dispose(),
  }
}

registerSuite(projectionsSuite, projections, { describe, it })
registerSaboteurs(projectionsSuite, projections, { describe, it })
