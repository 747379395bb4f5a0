/**
 * What every journal does alike, for whoever implements `Journal` and `Projections`: pages of records and rows, checks
 * of what is stored, the checkpoint that is kept beside it, and news for those who follow.
 *
 * @module
 */
export { readCheckpointFile, writeCheckpointFile } from './checkpoint-file.ts'
export { damaged, damagedState } from './damage.ts'
export { makeFolder, readTextIfThere, syncFolder, writeFileDurably } from './durable-file.ts'
export { notEmpty, stillArriving } from './move-mark.ts'
export type { MoveMark } from './move-mark.ts'
export { checkCheckpointSize, checkHashes, checkRead } from './requests.ts'
export { pageBounds, parseRow, rowPage, usageFrom, usageKey } from './row-page.ts'
export { scrub } from './scrub.ts'
export type { Scrubbed, ScrubOptions, ScrubReport, StoredProjectionRow } from './scrub.ts'
export { checkPage, payloadCrc } from './stored-records.ts'
export type { PageRequest, RecordRow } from './stored-records.ts'
export { checkCovers, checkNodes, rootRanges } from './tree.ts'
export type { Covered, HashRange } from './tree.ts'
export { wakes } from './wakes.ts'
export type { Wakes } from './wakes.ts'
