/**
 * A `Signer` whose Ed25519 key is a file.
 *
 * @module
 */
export { localSigner } from './local-signer.ts'
export type { LocalSignerOptions } from './local-signer.ts'
