import type {
  AuditAnchor,
  Authorizer,
  Claim,
  Executor,
  Journal,
  Projections,
  RuntimeAdapter,
  Seam,
  SecretStore,
  Signer,
  StorageProvider,
  Workspaces,
} from '@seamark/core'

/** The seam of each field whose objects are checked when a configuration is loaded. */
interface SeamOf {
  readonly storage: StorageProvider
  readonly executors: Executor
  readonly runtimes: RuntimeAdapter
  readonly workspaces: Workspaces
  readonly signer: Signer
  readonly exportSigner: Signer
  readonly anchors: AuditAnchor
  readonly authorizer: Authorizer
  readonly secrets: SecretStore
  readonly journal: Journal
  readonly projections: Projections
}

export type SeamField = keyof SeamOf

/** Names of the members of `T` that are never absent and of the kind `Kind`. */
type Named<T, Kind> = keyof { readonly [Name in keyof T as T[Name] extends Kind ? Name : never]: true }

interface Row<S extends Seam<string>> {
  readonly spec: S['spec']
  readonly methods: Readonly<Record<Named<S, (...args: never[]) => unknown>, true>>
  readonly claims: Readonly<Record<Named<S['guarantees'], Claim<unknown>>, true>>
}

const signer: Row<Signer> = {
  spec: 'signer/v1',
  methods: { sign: true, publicKey: true },
  claims: { keyConfined: true },
}

/**
 * What each seam object must have; `spec` is the version that this Seamark speaks. The types are those of the seams, so
 * that a method or a claim that one gets is asked for here too.
 */
export const SEAMS: { readonly [Field in SeamField]: Row<SeamOf[Field]> } = {
  storage: {
    spec: 'storage/v1',
    methods: { put: true, get: true, head: true, list: true },
    claims: { durable: true, conditionalWrite: true, verifiedRead: true, verifiedRange: true },
  },
  executors: {
    spec: 'executor/v1',
    methods: { launch: true, attach: true, events: true, output: true, kill: true, list: true, reap: true },
    claims: { isolation: true, network: true, tree: true },
  },
  runtimes: { spec: 'runtime/v1', methods: { prepare: true, drive: true }, claims: {} },
  workspaces: {
    spec: 'workspaces/v1',
    methods: { resolve: true, materialize: true, diff: true, snapshot: true },
    claims: {},
  },
  signer,
  exportSigner: signer,
  anchors: {
    spec: 'anchor/v1',
    methods: { anchor: true, check: true, latest: true },
    claims: { beyondOperator: true, time: true },
  },
  secrets: { spec: 'secrets/v1', methods: { resolve: true, describe: true }, claims: {} },
  authorizer: { spec: 'authorizer/v1', methods: { authorize: true }, claims: {} },
  journal: {
    spec: 'journal/v1',
    methods: {
      acquire: true,
      append: true,
      commitCheckpoint: true,
      head: true,
      read: true,
      hashes: true,
      saveState: true,
      loadState: true,
      purge: true,
      close: true,
    },
    claims: { durable: true, fenced: true, reserve: true, erasing: true },
  },
  projections: { spec: 'projections/v1', methods: { query: true }, claims: {} },
}
