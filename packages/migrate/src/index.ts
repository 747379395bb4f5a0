/**
 * Moves a namespace from one journal to another: records, payloads, tree, rows, snapshot and newest checkpoint,
 * compared on arrival. Knows the seams only, so it works between any two.
 *
 * @module
 */
export { endMove, moveNamespace } from './move-namespace.ts'
export type { MoveOptions, MoveReport } from './move-namespace.ts'
export type { Progress, Store } from './sides.ts'
