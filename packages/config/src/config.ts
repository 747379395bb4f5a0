import type {
  AuditAnchor,
  Authorizer,
  Executor,
  Isolation,
  Journal,
  Projections,
  Proof,
  RuntimeAdapter,
  Signer,
  StorageProvider,
  Workspaces,
} from '@seamark/core'

/** A journal and the projections that are written in its transactions. */
export interface JournalStore {
  readonly journal: Journal
  readonly projections: Projections
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
  /** At least so many anchors. */
  readonly anchors?: number
  /** At least so many anchors that are beyond the operator's reach. */
  readonly anchorsBeyondOperator?: number
  /** The private keys can not be read by the service. */
  readonly signer?: { readonly keyConfined?: true }
}

/** What a configuration file exports. Every part that is missing gets a safe local default. */
export interface SeamarkConfig {
  /** The tenant. Default `default`. */
  readonly namespace?: string
  /** Folder of everything local, relative to the configuration file. Default `.seamark`. */
  readonly dataDir?: string
  readonly journal?: JournalStore
  readonly storage?: StorageProvider
  readonly executors?: readonly Executor[]
  readonly runtimes?: readonly RuntimeAdapter[]
  readonly workspaces?: Workspaces
  /** Signs checkpoints; its role is `log`. */
  readonly signer?: Signer
  /** Signs exports; its role is `export`. */
  readonly exportSigner?: Signer
  readonly anchors?: readonly AuditAnchor[]
  readonly authorizer?: Authorizer
  /** There is always a queue `default`; unless named here it has as many places as there are processors. */
  readonly queues?: Readonly<Record<string, { readonly concurrency: number }>>
  readonly require?: Requirements
}

/** Gives a configuration its type. */
export function defineConfig(config: SeamarkConfig): SeamarkConfig {
  return config
}
