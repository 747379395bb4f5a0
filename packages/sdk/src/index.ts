/**
 * TypeScript client of a Seamark service.
 *
 * @module
 */
export type { ClientOptions, ClientTarget, LogsInput, SeamarkClient, SubmitInput } from './client.ts'
