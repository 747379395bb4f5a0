/**
 * The conformance suite of `SecretStore`.
 *
 * @module
 */
import type { SecretStore } from '@seamark/core'
import { secretsCases } from './secrets-cases.ts'
import { secretsSaboteurs } from './secrets-saboteurs.ts'
import type { Suite } from './suite.ts'

export type { SecretsSubject } from './secrets-subject.ts'

/** Every behaviour of a secret store. Subjects are `SecretsSubject`s. */
export const secretsSuite: Suite<SecretStore> = {
  spec: 'secrets/v1',
  cases: secretsCases,
  saboteurs: secretsSaboteurs,
}
