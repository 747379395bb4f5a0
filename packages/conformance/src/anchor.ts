/**
 * The conformance suite of `AuditAnchor`.
 *
 * @module
 */
import type { AuditAnchor } from '@seamark/core'
import { anchorCases } from './anchor-cases.ts'
import { anchorSaboteurs } from './anchor-saboteurs.ts'
import type { Suite } from './suite.ts'

export type { AnchorSubject } from './anchor-subject.ts'

/** Every behaviour of an anchor. Subjects of one that does not claim `beyondOperator` are `AnchorSubject`s. */
export const anchorSuite: Suite<AuditAnchor> = { spec: 'anchor/v1', cases: anchorCases, saboteurs: anchorSaboteurs }
