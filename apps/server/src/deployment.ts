import type {
  AuditAnchor,
  Egress,
  Executor,
  Journal,
  Projections,
  SecretStore,
  Signer,
  StorageProvider,
  Workspaces,
} from '@seamark/core'
import type { GuardedStorage } from '@seamark/collector'
import type { LoadedConfig } from '@seamark/config'
import type { SecretMemory } from '@seamark/kit'
import type { Authorize, Engine, Queues } from '@seamark/orchestrator'
import type { ServiceNote } from '@seamark/cli'
import type { PlanParser, SeamView } from '@seamark/protocol'
import type { Leadership } from './leadership.ts'
import type { NearQuotas, SetQuota } from './near-quotas.ts'
import type { PlanNames } from './plan-names.ts'
import type { Quota } from './quota.ts'
import type { ProbeResults } from './probe-results.ts'
import type { LocalWorker } from '@seamark/worker'

/** A configuration with every default filled in: what one service is made of. */
export interface Deployment {
  readonly ns: string
  readonly dataDir: string
  readonly version: string
  readonly journal: Journal
  readonly projections: Projections
  readonly storage: StorageProvider
  /** The same storage, with what a collection needs to know of it. */
  readonly guarded: GuardedStorage
  /** Runs of which evidence is being exported or results are being taken, and how often: no collection gives them up. */
  readonly exporting: Map<string, number>
  /** Milliseconds for which what sealed runs left is kept; absent: for ever. */
  readonly retention: LoadedConfig['retention']
  /** How much the storage may hold; absent: any. */
  readonly quota: Quota | undefined
  /** Bytes that may be taken; absent: any. */
  readonly quotaBytes: LoadedConfig['quotas']
  /** Each that is set. */
  readonly quotas: readonly SetQuota[]
  readonly nearQuotas: NearQuotas
  readonly workspaces: Workspaces
  readonly worker: LocalWorker
  /** They promise what their probes bore out. */
  readonly executors: readonly Executor[]
  /** As they promise it themselves. */
  readonly declared: readonly Executor[]
  readonly probes: ProbeResults
  /** The one way to ask whether a principal may do something. */
  readonly authorize: Authorize
  readonly signers: { readonly log: Signer; readonly export: Signer }
  readonly anchors: readonly AuditAnchor[]
  /** What it gives is kept in `memory`. */
  readonly secrets: SecretStore
  /** What leads attempts out. */
  readonly egress: Egress
  readonly memory: SecretMemory
  readonly queues: Queues
  /** What a plan may name here. */
  readonly planNames: PlanNames
  readonly parser: PlanParser
  /** As they say it now: some learn what they promise from the place they stand on. */
  readonly seams: readonly SeamView[]
  /** Sentences for people: which defaults were filled in, what is not isolated. */
  readonly notes: readonly ServiceNote[]
  /** Absent where this process only answers questions. */
  readonly leadership: Leadership | undefined
  /** Absent where this process only answers questions, and where it does not lead yet. */
  readonly engine: Engine | undefined
  /** The engine. Errors: `UNAVAILABLE` where there is none, naming the service that leads. */
  requireEngine(): Promise<Engine>
  /** Lets go of everything but the engine, which is stopped before. Idempotent. */
  close(): Promise<void>
}
