/**
 * The conformance suite of `Projections`. Its subjects carry the journal that writes them:
 * `writableProjections({ journal, projections })`. Where both seams are one store, `journalOf` and `projectionsOf` make
 * the subjects of both suites.
 *
 * @module
 */
import { projectionsCases } from './projections-cases.ts'
import { projectionsSaboteurs } from './projections-saboteurs.ts'
import { usageCases } from './projections-usage-cases.ts'
import type { WritableProjections } from './projections-subject.ts'
import type { Suite } from './suite.ts'

export { journalOf, projectionsOf, writableProjections } from './projections-subject.ts'
export type { FreshStore, WritableProjections } from './projections-subject.ts'

/** Every behaviour of projections. */
export const projectionsSuite: Suite<WritableProjections> = {
  spec: 'projections/v1',
  cases: [...projectionsCases, ...usageCases],
  saboteurs: projectionsSaboteurs,
}
