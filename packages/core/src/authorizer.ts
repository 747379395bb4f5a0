import type { CallOptions, Principal, Seam } from './seam.ts'

/** Every command a principal can give. */
export type Action =
  | 'run.submit'
  | 'run.read'
  | 'run.cancel'
  | 'run.pause'
  | 'run.resume'
  | 'item.cancel'
  | 'item.resume'
  | 'item.approve'
  | 'item.answer'
  | 'evidence.export'
  | 'agent.push'
  | 'agent.read'
  | 'agent.remove'
  /** Keeps what a run left, or no longer. */
  | 'run.hold'
  | 'run.release'
  /** Removes what a run left that is over. */
  | 'run.remove'
  /** Removes what nothing needs any more. */
  | 'storage.collect'
  | 'keys.read'
  /** Tries to get out of an executor's sandbox, from inside. */
  | 'executor.probe'
  /** Every run of the namespace. */
  | 'service.pause'
  | 'service.resume'
  | 'service.stop'

export interface AuthorizationRequest {
  readonly principal: Principal
  readonly action: Action
  readonly resource: {
    readonly ns: string
    readonly run?: string
    readonly item?: string
    /** Of `agent.push` its name; of the others `NAME@VERSION`, `NAME` or `sha256:DIGEST`, as it was asked for. */
    readonly agent?: string
  }
}

export interface AuthorizationDecision {
  readonly allowed: boolean
  /** Short statements for people; no secrets. */
  readonly reasons: readonly string[]
  /** The policy that decided. */
  readonly policy: string
}

/** Who may do what. A denial is an answer, never an exception; a failure to decide denies. */
export interface Authorizer extends Seam<'authorizer/v1'> {
  authorize(request: AuthorizationRequest, options?: CallOptions): Promise<AuthorizationDecision>
}
