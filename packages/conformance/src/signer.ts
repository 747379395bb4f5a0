/**
 * The conformance suite of `Signer`.
 *
 * @module
 */
import type { Signer } from '@seamark/core'
import { signerCases } from './signer-cases.ts'
import { signerSaboteurs } from './signer-saboteurs.ts'
import type { Suite } from './suite.ts'

/** Every behaviour of a signer. */
export const signerSuite: Suite<Signer> = { spec: 'signer/v1', cases: signerCases, saboteurs: signerSaboteurs }
