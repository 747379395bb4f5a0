/**
 * The egress gateway: what an attempt may reach, with credentials that it never holds.
 *
 * @module
 */
export { gatewayEgress } from './egress.ts'
export type { GatewayEgress, GatewayEgressOptions } from './egress.ts'
export { egressGateway } from './gateway.ts'
export { GATEWAY_LIMITS } from './limits.ts'
export type { GatewayLimits } from './limits.ts'
export { listenPrivately } from '@seamark/kit'
export type {
  AttemptEgress,
  AttemptEgressSpec,
  DecisionReason,
  EgressDecision,
  EgressGateway,
  EgressGatewayOptions,
  RefusalReason,
} from './options.ts'
