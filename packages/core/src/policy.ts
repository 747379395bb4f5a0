import type { Problem } from './error.ts'
import type { Json } from './seam.ts'

/** How a program reaches a host through the gateway. */
export type EgressMode =
  /** Its base URL is the gateway: plain HTTP inside, TLS outside. */
  | 'endpoint'
  /** The gateway ends TLS with a certificate of the attempt's own authority, and sees methods and paths. */
  | 'intercept'
  /** An opaque tunnel whose server name must be the host. */
  | 'tunnel'

/** One way out. What no rule allows is refused. */
export interface EgressRule {
  /** A host name in lower-case ASCII (punycode), or an address. No patterns. */
  readonly host: string
  /** Default 443. */
  readonly port?: number
  readonly mode: EgressMode
  /** HTTP methods in upper case; all where absent. Not with `tunnel`. */
  readonly methods?: readonly string[]
  /** Paths, each with at most one `*`, at its end, for any rest; all where absent. Required with `inject`. Not with `tunnel`. */
  readonly paths?: readonly string[]
  /**
   * Name of the secret that the gateway adds; the program's own credentials are removed. Not with `tunnel`. Below the
   * deployment it only repeats what the deployment adds there; where absent, the deployment's is added.
   */
  readonly inject?: string
  /** Name of the meter that counts what is used and takes it from the budget. Not with `tunnel`. */
  readonly meter?: string
}

/**
 * What an attempt may use. The same shape at every level; a lower level can only narrow. A part that a level leaves out is
 * not narrowed by it. What no level says is the default: the workspace and the toolchain, no network, no limit, any command.
 */
export interface Policy {
  readonly filesystem?: {
    /** Of `workspace` and `toolchain`. */
    readonly read?: readonly string[]
    /** Of `workspace`, a path below it, or such a path and `/**`. */
    readonly write?: readonly string[]
    /** Globs of the tree that an attempt does not see. git history is not hidden. Levels add to it. */
    readonly hide?: readonly string[]
  }
  readonly network?: { readonly allow: readonly EgressRule[] }
  readonly limits?: {
    /** Processors, down to thousandths. */
    readonly cpu?: number
    readonly memoryBytes?: number
    readonly pids?: number
    readonly diskBytes?: number
    readonly wallClockMs?: number
    /** Without output for so long. */
    readonly idleMs?: number
  }
  readonly tools?: {
    /** Patterns of command lines, matched on parsed arguments; `*` stands for any one argument, at the end for any rest. Any command where absent. */
    readonly shell?: readonly string[]
    /** The same; what matches is denied whatever `shell` says. Levels add to it. */
    readonly deny?: readonly string[]
  }
}

/**
 * Where a part of a policy was written, widest first. `parent`: of an item that another one added, what that one may use; it stands
 * for the deployment and the queue.
 */
export type PolicyLevel = 'deployment' | 'parent' | 'queue' | 'agent' | 'version' | 'item'

/** The policy of one level. */
export interface LevelPolicy {
  readonly level: PolicyLevel
  readonly policy: Policy
  /** JSON pointer to it in the document that holds it, such as `/items/3`. Default `""`. */
  readonly pointer?: string
}

/** Where something was written: a level, and a JSON pointer in its document, with the names of fields that a plan has. */
export interface PolicySource {
  readonly level: PolicyLevel
  readonly pointer: string
}

/** Something that a level asks for and an upper one does not give. `place` is in the document of the level. */
export interface PolicyProblem extends Problem {
  readonly level: PolicyLevel
}

/** One part of an effective policy. */
export interface PolicyPart {
  /** JSON pointer into the effective policy, such as `/network/allow/0`. */
  readonly pointer: string
  readonly value: Json
  /** Everything that had a say, widest first; empty for a default. */
  readonly from: readonly PolicySource[]
}

/** What all levels allow together. */
export interface EffectivePolicy {
  /** In normal form: sorted, without repetition, hosts and ports written out, every default but those of limits and tools filled in. */
  readonly policy: Policy
  /** SHA-256, lower-case hex, of the RFC 8785 canonical JSON of `policy`. */
  readonly digest: string
  readonly parts: readonly PolicyPart[]
  /** What levels asked for and did not get. `policy` is safe to enforce with them there; a plan that causes one is refused. */
  readonly problems: readonly PolicyProblem[]
}
