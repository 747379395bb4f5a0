/**
 * TypeScript client of a Seamark service.
 *
 * @module
 */
export { seamarkClient } from './client.ts'
export type { LogsInput, SeamarkClient, SubmitInput } from './client.ts'
export type { ClientOptions, ClientTarget } from './options.ts'
