/**
 * A `RuntimeAdapter` that runs an item's command line in a shell.
 *
 * @module
 */
export { command } from './command.ts'
export type { CommandOptions } from './command.ts'
