/**
 * A `Signer` and `DataKeys` whose keys are in AWS KMS.
 *
 * @module
 */
export { kmsDataKeys } from './kms-data-keys.ts'
export type { KmsDataKeysOptions } from './kms-data-keys.ts'
export { kmsSigner, MAX_ED25519_BYTES } from './kms-signer.ts'
export type { KmsSignerOptions } from './kms-signer.ts'
export type { KmsAccess } from './kms-access.ts'
export type { KmsCredentials } from './kms-port.ts'
