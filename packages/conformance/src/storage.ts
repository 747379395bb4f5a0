/**
 * The conformance suite of `StorageProvider`.
 *
 * @module
 */
import type { StorageProvider } from '@seamark/core'
import { contentCases } from './storage-content.ts'
import { keyCases } from './storage-keys.ts'
import { safetyCases } from './storage-safety.ts'
import { storageSaboteurs } from './storage-saboteurs.ts'
import type { Suite } from './suite.ts'

export type { StorageSubject } from './storage-subject.ts'

/** Every behaviour of a storage. Subjects of a storage with `verifiedRead` or `verifiedRange` are `StorageSubject`s. */
export const storageSuite: Suite<StorageProvider> = {
  spec: 'storage/v1',
  cases: [...contentCases, ...keyCases, ...safetyCases],
  saboteurs: storageSaboteurs,
}
