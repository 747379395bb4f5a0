import { registerSaboteurs, registerSuite } from '@seamark/conformance'
import type { MakeSubject } from '@seamark/conformance'
import { journalSuite } from '@seamark/conformance/journal'
import { projectionsSuite, writableProjections } from '@seamark/conformance/projections'
import type { WritableProjections } from '@seamark/conformance/projections'
import type { Journal } from '@seamark/core'
import { describe, expect, it } from 'vitest'
import { cluster } from './cluster.ts'

// The oldest that is supported, and the newest.
for (const { from, version } of [
  { from: 'debian', version: /^15\./ },
  { from: 'npm', version: /^18\./ },
] as const)
  describe(`on the PostgreSQL of ${from}`, () => {
    const { fresh, sql } = cluster({ from })

    const journal: MakeSubject<Journal> = async () => {
      const store = fresh()
      return {
        seam: store.current().journal,
        reopen: async () => (await store.reopen()).journal,
        dispose: () => store.dispose(),
      }
    }
    const projections: MakeSubject<WritableProjections> = async () => {
      const store = fresh()
      return {
        seam: writableProjections(store.current()),
        reopen: async () => writableProjections(await store.reopen()),
        dispose: () => store.dispose(),
      }
    }

    it('is the version that it stands for', async () => {
      expect(await sql('SHOW server_version')).toEqual([{ server_version: expect.stringMatching(version) as string }])
    })
    registerSuite(journalSuite, journal, { describe, it })
    registerSuite(projectionsSuite, projections, { describe, it })
    if (from === 'npm') return
    registerSaboteurs(journalSuite, journal, { describe, it })
    registerSaboteurs(projectionsSuite, projections, { describe, it })
  })
