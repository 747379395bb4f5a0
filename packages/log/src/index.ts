/**
 * Pure: canonical JSON, record headers and payload commitments, the RFC 6962 tree, checkpoints and proofs.
 *
 * @module
 */
export { canonicalJson, canonicalText, jcsText } from './canonical.ts'
export { emptyFrontier, restoreFrontier } from './frontier.ts'
export type { Frontier, FrontierState } from './frontier.ts'
export { commitPayload, EMPTY_ROOT, leafHash, nodeHash, toHex } from './hash.ts'
export { LIMITS } from './limits.ts'
export { emptyBatch, placeRecord, placeRecords, recordEntry } from './place.ts'
export type { LogCursor, PlacedBatch, PlacedRecord, RunTail } from './place.ts'
export { restoreSegment, runSegment } from './seal.ts'
export type { RunSegment, SegmentState } from './seal.ts'
