import type {
  AgentDefinition,
  AgentFile,
  AgentPart,
  BlobRef,
  ExecutorGuarantees,
  LimitStrength,
  OutputSpec,
  Policy,
  RunPolicies,
} from '@seamark/core'

/** What an executor can hold of a policy. */
export interface ExecutorHolds {
  readonly filesystem: ExecutorGuarantees['filesystem']
  readonly network: ExecutorGuarantees['network']['value']
  /** Why no attempt can take a way out, where that is so. */
  readonly noWayOut?: { readonly message: string; readonly remedy?: string }
  /** Images that services may be containers of. Absent: it starts none. */
  readonly companions?: readonly string[]
  readonly limits: Readonly<Record<'cpu' | 'memory' | 'pids' | 'disk' | 'idle', LimitStrength>>
}

/** What the way out of attempts can hold. */
export interface EgressHolds {
  /** Names of the secrets that it can add. */
  readonly inject: readonly string[]
  /** Meters by name: the hosts whose calls each reads, as names and patterns of names. Absent: it has none. */
  readonly meters?: Readonly<Record<string, readonly (string | RegExp)[]>>
}

/** A version of an agent that was pushed, with nothing wrong in it. */
export interface PlanAgent {
  readonly manifest: BlobRef
  readonly definition: AgentDefinition
  readonly files: readonly AgentFile[]
  /** As the definition has them, in the units of the engine. */
  readonly policy: Policy
  readonly outputs: readonly OutputSpec[]
}

/** What a deployment has that a plan may name. */
export interface PlanDeployment {
  readonly queues: readonly string[]
  /** Absent: none, so that an item that names one is refused. */
  readonly agents?: readonly string[]
  /**
   * Versions of agents by `NAME@VERSION` or `sha256:DIGEST`, as plans write them; `null`: there is none, or it was removed. A plan that
   * names another is refused, and its result says which versions are to be looked up.
   */
  readonly versions?: Readonly<Record<string, PlanAgent | null>>
  readonly executors: readonly {
    readonly name: string
    /** Present where the executor is configured and can not be used now, such as a missing bubblewrap. */
    readonly unavailable?: { readonly message: string; readonly remedy?: string }
    /** Absent: nothing, so that an item with a policy is refused. */
    readonly holds?: ExecutorHolds
  }[]
  /** Absent: there is no way out, so that an item with one is refused. */
  readonly egress?: EgressHolds
  readonly runtimes: readonly string[]
  /** Those of them that start an item's line and nothing else: what a policy says of commands is judged by that line. */
  readonly lineRuntimes?: readonly string[]
  /** Those of them that take `prompt` and no command line. */
  readonly promptRuntimes?: readonly string[]
  /** Those of them whose programs ask before they use a tool, and are answered by the policy. */
  readonly askingRuntimes?: readonly string[]
  /** What of an agent's folder the programs of each runtime are given. */
  readonly agentRuntimes?: Readonly<Record<string, readonly AgentPart[]>>
  /** Whether attempts can be heard that add items. Absent: no, so that an item with `children` is refused. */
  readonly children?: boolean
  /** What attempts may use at most, and in each queue. Nothing wrong in them: see `deploymentPolicies`. */
  readonly policies?: RunPolicies
  /** What an item that names none gets. Default `default`, `sandbox` and `command`. */
  readonly defaults?: { readonly queue?: string; readonly executor?: string; readonly runtime?: string }
}
