/**
 * TypeScript client of a Seamark service.
 *
 * @module
 */
export { seamarkClient } from './client.ts'
export type { LogsInput, PlanInput, SeamarkClient, SubmitInput } from './client.ts'
export type { ClientOptions, ClientTarget } from './options.ts'
