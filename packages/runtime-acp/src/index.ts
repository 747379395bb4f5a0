/**
 * A `RuntimeAdapter` for agents that speak the Agent Client Protocol.
 *
 * @module
 */
export { acp } from './acp.ts'
export type { AcpOptions } from './acp.ts'
export type { AcpMcpServer } from './acp-port.ts'
export type { VersionRange } from '@seamark/runtime'
