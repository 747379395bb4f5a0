import type {
  AnchorGuarantees,
  AuditAnchor,
  Authorizer,
  EgressSettings,
  Executor,
  Isolation,
  Journal,
  JournalGuarantees,
  PlanBudget,
  PlanPolicy,
  PlanSetupPolicy,
  Projections,
  Proof,
  RuntimeAdapter,
  SecretStore,
  Signer,
  SignerGuarantees,
  StorageGuarantees,
  StorageProvider,
  Workspaces,
} from '@seamark/core'

/** A journal and the projections that are written in its transactions. */
export interface JournalStore {
  readonly journal: Journal
  readonly projections: Projections
}

/** Promises that must be kept, by the names that the seam has for them. */
export type Kept<Guarantees> = { readonly [Name in keyof Guarantees]?: true } & {
  /** How far each must have been proven: unproven < tested < probed. Default `unproven`. */
  readonly proof?: Proof
}

/** What a deployment insists on. What falls short stops the start, not the third hour of a run. */
export interface Requirements {
  /** Of every executor. */
  readonly executor?: {
    /** At least this: none < namespace < container < vm. */
    readonly isolation?: Isolation
    /** `none`: an attempt has no network. `gateway`: at most the gateway. */
    readonly network?: 'none' | 'gateway'
    /** No process of an attempt is alive when it is reported as ended. */
    readonly tree?: 'proven'
    /** How far the claims above must have been proven: unproven < tested < probed. Default `unproven`. */
    readonly proof?: Proof
  }
  readonly storage?: Kept<StorageGuarantees>
  readonly journal?: Kept<JournalGuarantees>
  readonly signer?: Kept<SignerGuarantees>
  readonly exportSigner?: Kept<SignerGuarantees>
  /** At least so many anchors; with `count`, so many that each keep all that is named beside it. */
  readonly anchors?: number | (Kept<AnchorGuarantees> & { readonly count: number })
}

export type SpendBudget = Pick<PlanBudget, 'usd' | 'tokens'>

/** An agent, which items of plans name. */
export interface AgentConfig {
  /** What its items may use at most; it only narrows `policy` and that of their queues. */
  readonly policy?: PlanPolicy
  /** What its items may spend on metered calls, for good, in all runs together. */
  readonly budget?: SpendBudget
}

/** Principals whose runs spend from one budget. */
export interface TeamConfig {
  /** Ids of principals, such as `local:1000`. Nobody is in more than 16 teams. */
  readonly members: readonly string[]
  /** What runs of its members may spend on metered calls, for good. A run belongs to the teams of its principal at submit. */
  readonly budget?: SpendBudget
}

/** What a configuration file exports. Every part that is missing gets a safe local default. */
export interface SeamarkConfig {
  /** The tenant. Default `default`. */
  readonly namespace?: string
  /** Folder of everything local, relative to the configuration file. Default `.seamark`. */
  readonly dataDir?: string
  /** Where records are. Default: SQLite in the folder `journal` of the data folder. */
  readonly journal?: JournalStore
  /** Where blobs are. Default: the folder `storage` of the data folder. */
  readonly storage?: StorageProvider
  /** Where attempts run. A plan names one by its name. Default: `sandbox` and `process`. */
  readonly executors?: readonly Executor[]
  /** What drives the programs of items. Default: `command`. */
  readonly runtimes?: readonly RuntimeAdapter[]
  /** What files attempts see. Default: clones made with git. */
  readonly workspaces?: Workspaces
  /** What workspaces of git repositories are made from. */
  readonly git?: {
    /**
     * Where submodules may come from beside the folder of the host that their repository is in: `https://` and `ssh://` URLs,
     * `user@host:path`, and absolute folders, each for all that is below it.
     */
    readonly submodules?: readonly string[]
    /**
     * Where files of Git LFS may come from that `.lfsconfig` of a repository names, beside the folder of the host that the repository is in,
     * written alike.
     */
    readonly lfs?: readonly string[]
    /**
     * Users and passwords of https servers, by `https://` URLs, each for what is there and below: the longest that fits counts. `secret` is a name in
     * `secrets`, such as that of a token. Only the service asks with them.
     */
    readonly credentials?: Readonly<Record<string, { readonly user: string; readonly secret: string }>>
  }
  /** Signs checkpoints; its role is `log`. Default: a key in the folder `keys` of the data folder, made at the first start. */
  readonly signer?: Signer
  /** Signs exports; its role is `export`. Default as for `signer`. */
  readonly exportSigner?: Signer
  /** Where checkpoints are left. Default: nowhere. */
  readonly anchors?: readonly AuditAnchor[]
  /** Who may do what. Default: whoever can open the socket may do everything. */
  readonly authorizer?: Authorizer
  /** Where credentials are found that policies name. Default: files in the folder `secrets` of the data folder. */
  readonly secrets?: SecretStore
  /** There is always a queue `default`; unless named here it has as many places as there are processors. */
  readonly queues?: Readonly<
    Record<
      string,
      {
        /** How many of its items run at once. */
        readonly concurrency: number
        /** What items of this queue may use at most; it only narrows `policy`. */
        readonly policy?: PlanPolicy
      }
    >
  >
  /** What attempts may use at most, written as in a plan. Queues, agents and items only narrow it. */
  readonly policy?: PlanPolicy
  /** Set-ups, which make what attempts share. */
  readonly setup?: {
    /** What they may use at most. Each of its parts, limits and lists holds in place of that of `policy`; plans only narrow it. */
    readonly policy?: PlanSetupPolicy
  }
  /**
   * What each principal, and all of them together on each day (UTC), may spend on metered calls: US dollars with at most
   * nine digits after the point, and tokens of all kinds. Without one there is no limit.
   */
  readonly budgets?: { readonly principal?: SpendBudget; readonly day?: SpendBudget }
  /** By their names. An item that names another one is refused. */
  readonly agents?: Readonly<Record<string, AgentConfig>>
  /** By their names. */
  readonly teams?: Readonly<Record<string, TeamConfig>>
  /**
   * A program and its arguments that the service starts for each question of an agent, with what is asked as one line of JSON
   * on its standard input. After a restart it is told of open questions again, under the same tokens. It may take 30 s.
   */
  readonly notify?: readonly [string, ...string[]]
  /**
   * How long what sealed runs left is kept, such as `90d`, from their seal on; without it for ever. `seamark gc` removes what is
   * older, but of runs that are held.
   */
  readonly retention?: {
    /** Everything: patches, outputs, logs, snapshots. Records are kept. */
    readonly runs?: string
    /** Snapshots of workspaces and conversations of agents. */
    readonly snapshots?: string
  }
  /** How much of the namespace may be taken, such as `200GiB`; without it any. */
  readonly quotas?: {
    /** What the storage has. Beyond it no run is begun until there is room; what runs goes on. */
    readonly storage?: string
    /** Workspaces that were not captured, on the disk of the service. While they take more, `seamark gc` removes the oldest. */
    readonly kept?: string
    /** Mirrors of repositories, on the disk of the service. While they take more, `seamark gc` removes those that were not used for longest. */
    readonly mirrors?: string
  }
  /** The way out of attempts whose policy has one. */
  readonly egress?: EgressSettings
  /** What the parts above must promise, or nothing is started. */
  readonly require?: Requirements
}

/** Gives a configuration its type. */
export function defineConfig(config: SeamarkConfig): SeamarkConfig {
  return config
}
