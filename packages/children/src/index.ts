/**
 * Hears agents that add items to their run: an MCP server on a socket that only their sandbox has.
 *
 * @module
 */
export { childrenDoor } from './door.ts'
export type { ChildrenDoorOptions } from './door.ts'
export type { ReadItems } from './family.ts'
export { CHILDREN_LIMITS } from './limits.ts'
