/**
 * Garbage collection of a namespace's blobs: what records name is kept, what nothing names is removed. In constant memory:
 * the digests that are named are in a file.
 *
 * @module
 */
export { collect } from './collect.ts'
export type { CollectionReport, CollectOptions, Tally } from './collect.ts'
export { guardedStorage } from './guarded-storage.ts'
export type { GuardedStorage } from './guarded-storage.ts'
