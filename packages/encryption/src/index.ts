/**
 * Envelope encryption of payloads, snapshots and blobs, as wrappers behind the seams of journal and storage.
 *
 * @module
 */
export { encryptedJournal } from './encrypted-journal.ts'
export { encryptedStorage } from './encrypted-storage.ts'
export type { EncryptionOptions } from './key-ring.ts'
