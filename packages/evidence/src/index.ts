/**
 * Pure: the evidence bundle, the trust file and `verify()`.
 *
 * @module
 */
export { blobsOf, productBlobs } from './blobs.ts'
export { BUNDLE_LIMITS, compareFiles, fileRank, manifestMessage, parseManifest } from './bundle.ts'
export type { BundleFile } from './bundle.ts'
export { CHECKS } from './checks.ts'
export type { CheckId } from './checks.ts'
export { composeBundle } from './compose.ts'
export type { BundleInput, BundleRecord } from './compose.ts'
export { runFold } from './fold.ts'
export type { Illegal, RunFold } from './fold.ts'
export { readTar, writeTar } from './tar.ts'
export { parseTrust } from './trust.ts'
export { examine, verify } from './verify.ts'
export type { Examined, VerifyOptions } from './verify.ts'
