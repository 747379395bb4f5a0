/**
 * The little runtime that an implementor of a seam may import.
 *
 * @module
 */
export { orAbort, sleep, throwIfAborted } from './abort.ts'
export { allowLocal } from './allow-local.ts'
export { checkBatch } from './batch.ts'
export { systemClock } from './clock.ts'
export type { Clock } from './clock.ts'
export { base32, digestStream, launchId, sha256, sha256Hex } from './digest.ts'
export { ERROR_CODES, ERRORS, hasCode, isErrorCode, isSeamError, SeamError, systemCode, toSeamError } from './errors.ts'
export type { SeamErrorOptions } from './errors.ts'
export { NO_LIMITS } from './no-limits.ts'
export { blobKey, ITEM_ID, NAME } from './names.ts'
export { redactor } from './redact.ts'
export { redactStream, streamRedactor } from './redact-stream.ts'
export type { StreamRedactor } from './redact-stream.ts'
export { redactionTable } from './redact-table.ts'
export type { KnownSecret, RedactionTable } from './redact-table.ts'
export { checkSecretName, checkSecretValue, SECRET_LIMITS, SECRET_NAME, secretText } from './secret-value.ts'
export { backoffMs, retry } from './retry.ts'
export type { RetryOptions } from './retry.ts'
export { checkKeyPrefix, keySegments, MAX_KEY_BYTES, rangeWithin } from './storage-key.ts'
export { fromSystemError, isNoSpace } from './system-error.ts'
