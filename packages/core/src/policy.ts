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
  /** Name of the secret that the gateway adds; the program's own credentials are removed. Not with `tunnel`. */
  readonly inject?: string
}

/** What an attempt may use. The same shape at every level; a lower level can only narrow. */
export interface Policy {
  readonly filesystem?: {
    /** Of `workspace` and `toolchain`. */
    readonly read?: readonly string[]
    /** Of `workspace`, or globs below it. */
    readonly write?: readonly string[]
    /** Globs of the tree that an attempt does not see. git history is not hidden. */
    readonly hide?: readonly string[]
  }
  readonly network?: { readonly allow: readonly EgressRule[] }
  readonly limits?: {
    /** Processors, a fraction allowed. */
    readonly cpu?: number
    readonly memoryBytes?: number
    readonly pids?: number
    readonly diskBytes?: number
    readonly wallClockMs?: number
    /** Without output for so long. */
    readonly idleMs?: number
  }
  readonly tools?: {
    /** Patterns of command lines, matched on parsed arguments; `*` stands for any one argument, at the end for any rest. */
    readonly shell?: readonly string[]
    /** The same; what matches is denied whatever `shell` says. */
    readonly deny?: readonly string[]
  }
}

/** Where a part of a policy was written, widest first. */
export type PolicyLevel = 'deployment' | 'queue' | 'agent' | 'item'
