import type { AgentPin } from './agent-pin.ts'
import type { Policy } from './policy.ts'
import type { JsonObject } from './seam.ts'
import type { PlanService, PlanServiceDefaults, ServiceSpec } from './services.ts'
import type { OutputKind } from './output-summary.ts'
import type { SpendLimits } from './usage.ts'

/**
 * A plan as its caller wrote it: YAML or JSON that matches `plan.schema.json`. Durations are
 * strings such as `90s`, `20m`, `2h`. Checked by `parsePlan` in `@seamark/protocol`.
 */
export interface Plan {
  readonly version: 1
  readonly name?: string
  /** What `${{ vars.NAME }}` stands for. In a plan without, texts are as they are. */
  readonly variables?: Readonly<Record<string, PlanVariable>>
  /** Files with further items, relative to this one. They are read by the command line; what is submitted has them in it. */
  readonly include?: readonly string[]
  readonly workspace?: PlanWorkspace
  readonly defaults?: PlanDefaults
  /** Limits over the whole run. */
  readonly budget?: PlanBudget
  /** The queue of items that name none. Default `default`. */
  readonly queue?: string
  readonly items: readonly PlanItem[]
}

/** A value that whoever submits the plan may give. Without a default it must be given. */
export interface PlanVariable {
  readonly type: 'string' | 'number' | 'integer' | 'boolean' | 'choice'
  readonly default?: string | number | boolean
  /** What a `choice` may be. */
  readonly choices?: readonly string[]
  readonly description?: string
}

/**
 * Lists of values by name: there is an item for each combination. `exclude` and `include`, lists of maps, take combinations out, and
 * add values or items.
 */
export type PlanMatrix = Readonly<Record<string, readonly (PlanValue | Readonly<Record<string, PlanValue>>)[]>>

/** What `${{ vars.NAME }}` and `${{ matrix.NAME }}` stand for. */
export type PlanValue = string | number | boolean

/** What every attempt of the run starts from. Without `git` it is an empty folder. */
export interface PlanWorkspace {
  /** Path, git bundle or URL of a repository. A relative path is relative to the submitter's folder. */
  readonly git?: string
  /** What to resolve to the base commit, once, at submit. Default `HEAD`. */
  readonly ref?: string
  /** `true` fills submodules, and theirs, with the commits that the base has of them. Default: they are left empty. */
  readonly submodules?: boolean
  /** `true` puts files in the places of their Git LFS pointers. Default: pointers are left. */
  readonly lfs?: boolean
  /** Of a repository on a server, `none` fetches only the base commit, `commits` all with its files alone. Default: the whole history. */
  readonly history?: 'none' | 'commits'
  readonly setup?: PlanSetup
}

/** A shared layer made once, and bound read-only into every attempt. */
export interface PlanSetup {
  readonly run: string
  /** The only files of the base that it sees. */
  readonly key: readonly string[]
  /** What it leaves for the attempts; left out of capture. */
  readonly paths: readonly string[]
  readonly timeout?: string
  /** What it may use. It only narrows what the deployment says of set-ups. */
  readonly policy?: PlanSetupPolicy
}

/** A policy as it is written for set-ups: they see their key files and nothing of the workspace. */
export type PlanSetupPolicy = Omit<PlanPolicy, 'filesystem'>

/** What items have where they say nothing themselves. Maps are joined field by field; the item's value is the one that counts. */
export interface PlanDefaults extends PlanPolicy {
  /** The agent of items that name none. */
  readonly agent?: string
  readonly runtime?: string
  /** The model of items with `prompt` that name none. */
  readonly model?: string
  /** The effort of items with `prompt` that name none. */
  readonly effort?: string
  readonly executor?: string
  readonly timeout?: string
  readonly retries?: PlanRetries
  readonly env?: Readonly<Record<string, string>>
  readonly priority?: number
  readonly keepWorkspace?: boolean
  /** Of each item. */
  readonly budget?: PlanBudget
  /** What each gate has that says nothing itself. */
  readonly gates?: Omit<PlanGate, 'run'>
  /** What each service has that says nothing itself. */
  readonly services?: PlanServiceDefaults
}

/** Defaults of what an item has several of; they go before those of the plan. */
export type PlanItemDefaults = Pick<PlanDefaults, 'gates' | 'services'>

/** What an agent is to do: words, or a file of the base that holds them as UTF-8. */
export type PlanPrompt = string | { readonly file: string }

export interface PlanRetries {
  /** Attempts beyond the first that may follow `failed`, `timed-out` or `lost`. Default 0. */
  readonly max?: number
  /** First back-off; doubles each time. Default `1s`. */
  readonly minDelay?: string
  /** Cap of the back-off. Default `5m`. */
  readonly maxDelay?: string
}

export interface PlanBudget {
  /** Of a run, not of one item. */
  readonly wallClock?: string
  /** US dollars that metered calls may cost: at most nine digits after the point. */
  readonly usd?: number
  /** Tokens of all kinds that metered calls may use. */
  readonly tokens?: number
}

export type Effects = 'pure' | 'read-impure' | 'write-impure'

/** A need: order only, or an input that the item sees read-only at `$SEAMARK_INPUTS/<name>`. */
export interface PlanNeed {
  readonly from: string
  readonly select?: 'patch' | 'workspace' | { readonly output: string }
}

export interface PlanGate {
  readonly run: string
  /** Paths, or prefixes and `/**`, that come from the base and not from the patch. */
  readonly protect?: readonly string[]
  readonly timeout?: string
}

export interface PlanOutput {
  /** Path in the workspace. */
  readonly path: string
  /** What its document must hold to: a JSON Schema, draft 2020-12. */
  readonly schema?: JsonObject
  /** What it is read as; not with `schema`. One that can not be read fails the attempt. */
  readonly kind?: OutputKind
}

/** A declared output, as the engine keeps it. */
export interface OutputSpec {
  /** Path in the workspace. */
  readonly path: string
  /** JSON Schema, draft 2020-12, that its document must hold to. */
  readonly schema?: JsonObject
  readonly kind?: OutputKind
}

/** What an item, an agent, a queue or a deployment says of what attempts may use, as it is written. */
export interface PlanPolicy {
  readonly filesystem?: NonNullable<Policy['filesystem']>
  readonly network?: NonNullable<Policy['network']>
  readonly limits?: PlanResources
  readonly tools?: NonNullable<Policy['tools']>
}

/** Sizes are strings such as `512MiB` or `4GiB`. */
export interface PlanResources {
  /** Processors, down to thousandths. */
  readonly cpu?: number
  readonly memory?: string
  readonly pids?: number
  readonly disk?: string
  readonly wallClock?: string
  /** Without output for so long. */
  readonly idle?: string
}

/** What an item's agent may add to its run. */
export interface PlanChildren {
  /**
   * Items that one attempt and its children may add, all together. All attempts of the item together may add as many for the first
   * and for each retry: one that goes on after a wait brings no more.
   */
  readonly max: number
  /** How many generations: 1, the default, means that children add none. */
  readonly depth?: number
  /**
   * What becomes of children that are not over when the attempt is. `cancel`, the default: they are cancelled. `finish`: where
   * the attempt's program succeeded they go on; otherwise they are cancelled too.
   */
  readonly end?: 'cancel' | 'finish'
}

/** One unit of work. */
export interface PlanItem extends PlanPolicy {
  readonly id: string
  /** With it there is one item for each combination, called by this id and its values, and needed by this id together. */
  readonly matrix?: PlanMatrix
  readonly defaults?: PlanItemDefaults
  /** Command line. An item has one, or a `prompt` where its runtime takes one. */
  readonly run?: string
  /** What an agent is to do. */
  readonly prompt?: PlanPrompt
  /** Model of an item with `prompt`, as its runtime's program names it. */
  readonly model?: string
  /** How hard that model is to think, in the word of its runtime's program. */
  readonly effort?: string
  /**
   * An agent of the configuration, or a version of one that was pushed: `NAME@VERSION` or `sha256:DIGEST`. What the configuration says
   * under its name, and what the version says, hold for the item.
   */
  readonly agent?: string
  /** What a version of an agent is given, as its `input` says. */
  readonly input?: JsonObject
  /** A list is order only; a map names inputs. */
  readonly needs?: readonly string[] | Readonly<Record<string, PlanNeed>>
  /** A literal path, a prefix and `/**`, or `name:` and a name. */
  readonly locks?: readonly string[]
  /** Started in this order before its program, and before each of its gates. */
  readonly services?: readonly PlanService[]
  readonly gates?: readonly PlanGate[]
  readonly outputs?: readonly PlanOutput[]
  readonly effects?: Effects
  readonly runtime?: string
  readonly executor?: string
  readonly queue?: string
  /** -100 to 100, default 0. */
  readonly priority?: number
  readonly timeout?: string
  readonly retries?: PlanRetries
  readonly env?: Readonly<Record<string, string>>
  /** `false` waives the snapshot of the workspace before it is removed. Default true. */
  readonly keepWorkspace?: boolean
  /** An attempt that changed nothing did not succeed. */
  readonly patch?: 'required'
  readonly budget?: PlanBudget
  /** Absent: its agent adds no items. */
  readonly children?: PlanChildren
}

/** A lock, scoped: path locks to a repository, named locks to the namespace. */
export type LockSpec =
  | { readonly type: 'path'; readonly path: string }
  | { readonly type: 'tree'; readonly path: string }
  | { readonly type: 'name'; readonly name: string }

export interface NeedSpec {
  /** Name of the input; absent where the need is order only. */
  readonly name?: string
  /** Index of the item that is needed. */
  readonly from: number
  readonly select?: 'patch' | 'workspace' | { readonly output: string }
}

export interface GateSpec {
  readonly run: string
  readonly protect: readonly LockSpec[]
  readonly timeoutMs: number
}

/** The attempt that added an item. */
export interface ParentSpec {
  /** Index of its item. */
  readonly item: number
  readonly attempt: number
}

/** An item with every default applied, as the engine keeps it (in the payload of `items.added`). */
export interface ItemSpec {
  readonly id: string
  /** Empty for an item with `prompt`. */
  readonly run: string
  readonly prompt?: PlanPrompt
  readonly model?: string
  readonly effort?: string
  /** Its calls count against the budget of this agent. */
  readonly agent?: string
  /** The version of that agent that the plan named. What is pushed or removed later changes nothing of it. */
  readonly agentVersion?: AgentPin
  readonly needs: readonly NeedSpec[]
  readonly locks: readonly LockSpec[]
  readonly gates: readonly GateSpec[]
  readonly outputs: readonly OutputSpec[]
  readonly effects: Effects
  readonly runtime: string
  readonly executor: string
  readonly queue: string
  readonly priority: number
  readonly timeoutMs: number
  readonly retries: { readonly max: number; readonly minDelayMs: number; readonly maxDelayMs: number }
  readonly env: Readonly<Record<string, string>>
  readonly input?: JsonObject
  readonly keepWorkspace: boolean
  readonly patch?: 'required'
  /** What its attempts may spend together. */
  readonly budget?: SpendLimits
  /** Absent where no level says anything. */
  readonly policy?: ItemPolicy
  readonly children?: Required<PlanChildren>
  /** Absent where it has none. */
  readonly services?: readonly ServiceSpec[]
  /** Absent for an item of the plan. */
  readonly parent?: ParentSpec
}

/** What all levels together allow the attempts of an item. */
export interface ItemPolicy {
  /** In the normal form of `EffectivePolicy`. */
  readonly policy: Policy
  /** SHA-256, lower-case hex, of the RFC 8785 canonical JSON of `policy`. */
  readonly digest: string
  /** What the item itself says, where it says anything. */
  readonly own?: Policy
}

/** What the levels above the items of a run said when it was submitted. */
export interface RunPolicies {
  readonly deployment?: Policy
  /** Of the queues that its items are in. */
  readonly queues?: Readonly<Record<string, Policy>>
  /** Of the agents that its items name. */
  readonly agents?: Readonly<Record<string, Policy>>
  /** Of the versions of agents that its items name, by their digests. */
  readonly versions?: Readonly<Record<string, Policy>>
  /** Of set-ups: each part that is here holds for them in place of the deployment's. */
  readonly setup?: Policy
}

/** Everything about a run but its items, as the engine keeps it (in the payload of `run.submitted`). */
export interface RunSpec {
  readonly name?: string
  readonly workspace: ResolvedWorkspace
  /** What all of its attempts may spend together. */
  readonly budget?: SpendLimits
  /** Wall-clock limit of the whole run. */
  readonly timeoutMs?: number
  /** Setup layer that every item needs, where the plan has one. */
  readonly setup?: SetupSpec
  /** Absent where no level above the items says anything. */
  readonly policies?: RunPolicies
}

export interface SetupSpec {
  readonly run: string
  readonly key: readonly string[]
  readonly paths: readonly string[]
  readonly timeoutMs: number
  /** What the deployment and the plan allow it. Absent where neither says anything. */
  readonly policy?: ItemPolicy
}

/** A workspace source after its ref was resolved; a rerun of it gives the same files. */
export type ResolvedWorkspace =
  | { readonly type: 'empty' }
  | {
      readonly type: 'git'
      /** Absolute path or URL that a worker of this deployment can clone from. */
      readonly source: string
      /** Stable id of the repository; path locks are scoped to it. */
      readonly repository: string
      /** Commit id, 40 or 64 lower-case hex characters. */
      readonly commit: string
      /** Tree id of the commit. */
      readonly tree: string
      /** Uncommitted paths in the source that are not part of the base; at most 100 are listed. */
      readonly uncommitted: { readonly count: number; readonly paths: readonly string[] }
      /** Submodule paths, left empty. */
      readonly submodules: readonly string[]
      /** `none`: only the commit is there, without its parents. `commits`: they are there, without files that the commit has not. */
      readonly history?: 'none' | 'commits'
      /** Submodules that have their files. */
      readonly filled?: readonly ResolvedSubmodule[]
      /** Where objects of Git LFS come from: git's own folder of a repository of this machine, or a server. Absent where pointers are left. */
      readonly lfs?: string
    }

/** A submodule at the commit that the tree around it has of it. */
export interface ResolvedSubmodule {
  /** In the repository around it. */
  readonly path: string
  /** Absolute path or URL that a worker of this deployment can clone from. */
  readonly source: string
  /** Commit id, 40 or 64 lower-case hex characters. */
  readonly commit: string
  /** As in the workspace around it. */
  readonly lfs?: string
  /** Tree id of the commit. */
  readonly tree: string
  readonly filled?: readonly ResolvedSubmodule[]
}

/** A checked plan, ready for the engine: what `run.submit` carries. */
export interface Submission {
  /** Chosen by the caller, or a UUIDv7 made at the edge. */
  readonly run: string
  /** SHA-256, lower-case hex, of the canonical JSON of the parsed plan, before refs are resolved. */
  readonly plan: string
  readonly spec: RunSpec
  readonly items: readonly ItemSpec[]
  /** The setup layer per executor name, where the plan has a setup, and whether it was there at submit. */
  readonly layers?: Readonly<Record<string, { readonly digest: string; readonly ready: boolean }>>
}
