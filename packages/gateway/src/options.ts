import type { EgressRule, EgressSettings, RecordData, UsagePort } from '@seamark/core'
import type { Clock } from '@seamark/kit'
import type { Server } from 'node:net'

/** Why something was allowed or not, as a closed list of words. */
export type DecisionReason =
  | 'listed'
  | 'cached'
  | 'not-listed'
  | 'method'
  | 'path'
  | 'ambiguous-path'
  | 'wrong-mode'
  | 'address'
  | 'no-address'
  | 'server-name'
  | 'no-client-hello'
  | 'encrypted-server-name'
  | 'malformed'
  | 'authority'
  | 'http2'
  | 'upgrade'
  | 'plain-http'
  | 'pipelining'
  | 'too-large'
  | 'too-slow'
  | 'too-many-connections'
  | 'too-many-decisions'
  | 'secret'
  | 'payload'
  | 'copy-source'
  | 'budget'
  | 'unmetered'
  | 'reservation'
  | 'too-many-bodies'

/** One decision. Equal ones that waited together are one, with their `count`. Holds no secret, no query and no header. */
export interface EgressDecision extends Omit<RecordData['egress.decided'], 'first' | 'reason'> {
  /** The launch whose program asked. */
  readonly launchId: string
  /** Epoch milliseconds of the first. */
  readonly at: number
  readonly reason: DecisionReason
}

/** Why something was refused. */
export type RefusalReason = Exclude<DecisionReason, 'listed' | 'cached'>

/** A decision before it is counted. */
export type Decision = Omit<EgressDecision, 'count' | 'ahead'>

export interface EgressGatewayOptions extends EgressSettings {
  /** Folder for what `packages` has kept, which is there and to which nobody else writes. Needed with `packages`. */
  readonly packagesDir?: string
  /** The value of a secret, asked for with each request that needs it. The last four values of each
   * that a host was sent are kept in memory until the attempt ends, to be overwritten in its answers. */
  readonly resolve?: (
    name: string,
    options: { readonly signal: AbortSignal },
  ) => Promise<{ readonly value: Uint8Array; readonly version?: string }>
  /**
   * Puts a value that was issued anew in place of the one of a version, durably. Errors: `CONFLICT` and `NOT_FOUND` where that one is not
   * there any more. Without it such a value is kept in memory.
   */
  readonly replace?: (
    name: string,
    version: string,
    value: Uint8Array,
    options: { readonly signal: AbortSignal },
  ) => Promise<unknown>
  /**
   * Whether there still is a secret. Asked about twice a second while a request that carries it, or its answer, is under way: what carries one that
   * is gone is ended. Where it rejects, the secret counts as there; without it, what is under way goes on.
   */
  readonly stands?: (name: string, options: { readonly signal: AbortSignal }) => Promise<boolean>
  /** Told of what the operator should know, such as a value that can not be kept. It names no value. */
  readonly onNotice?: (error: Error) => void
  /** All addresses of a host name, the best first. Default: the system's resolver. */
  readonly lookup?: (host: string, options: { readonly signal: AbortSignal }) => Promise<readonly string[]>
  readonly clock?: Clock
}

/** What one attempt gets. */
export interface AttemptEgressSpec {
  readonly launchId: string
  /** Listens already, on what leads to the program. It is closed with the attempt. */
  readonly listener: Server
  readonly rules: readonly EgressRule[]
  /**
   * Makes decisions durable. What they allow happens only after it resolves; where it rejects, nothing goes out and the
   * program gets `UNAVAILABLE`. It is called with all that wait, and not again before it has settled.
   */
  readonly decided: (decisions: readonly EgressDecision[]) => Promise<void>
  /** Where calls under rules with a meter are taken from budgets. Without it such a rule is refused. */
  readonly usage?: UsagePort
  /** Told the attempt's authority as PEM, if it has one, before the first connection is served. Where it rejects, none is. */
  readonly ready?: (ca: string | undefined) => Promise<void>
}

/** The way out of one attempt. */
export interface AttemptEgress {
  /** The attempt's authority as PEM, where a rule has mode `intercept`. Its key never leaves the process. */
  readonly ca?: string
  /** Where the base URL of a program leads for each rule with mode `endpoint`: a path such as `/to/api.example/`. */
  readonly endpoints: readonly { readonly host: string; readonly port: number; readonly path: string }[]
  /** Ends all connections. Idempotent. Errors: `UNAVAILABLE` where the last decisions can not be recorded. */
  close(): Promise<void>
}

export interface EgressGateway {
  /**
   * Serves one attempt. Errors: those of its rules, with their places, `CONFLICT` where the gateway is closed, `ABORTED`.
   */
  open(spec: AttemptEgressSpec, options?: { readonly signal?: AbortSignal }): Promise<AttemptEgress>
  /** Closes all attempts. Idempotent. */
  close(): Promise<void>
}
