/**
 * An `AuditAnchor` that leaves checkpoints as files of a folder.
 *
 * @module
 */
export { fileAnchor } from './file-anchor.ts'
export type { FileAnchorOptions } from './file-anchor.ts'
