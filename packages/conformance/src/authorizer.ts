/**
 * The conformance suite of `Authorizer`.
 *
 * @module
 */
import type { Authorizer } from '@seamark/core'
import { authorizerCases } from './authorizer-cases.ts'
import { authorizerSaboteurs } from './authorizer-saboteurs.ts'
import type { Suite } from './suite.ts'

export type { AuthorizerSubject } from './authorizer-cases.ts'

/** Every behaviour of an authorizer. Subjects are `AuthorizerSubject`s. */
export const authorizerSuite: Suite<Authorizer> = {
  spec: 'authorizer/v1',
  cases: authorizerCases,
  saboteurs: authorizerSaboteurs,
}
