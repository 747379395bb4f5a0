import type { CallOptions, EgressSettings, SecretStore } from '@seamark/core'
import { planParser } from '@seamark/protocol'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { childrenDoor } from '@seamark/children'
import { guardedStorage } from '@seamark/collector'
import { checkRequirements, shortfalls } from '@seamark/config'
import type { LoadedConfig, SeamarkConfig } from '@seamark/config'
import { processExecutor } from '@seamark/executor-process'
import { sandboxExecutor } from '@seamark/executor-sandbox'
import { gatewayEgress, type GatewayEgress } from '@seamark/gateway'
import { sqliteJournal } from '@seamark/journal-sqlite'
import type { SecretMemory } from '@seamark/kit'
import { allowLocal, SeamError, toSeamError } from '@seamark/kit'
import { newOrigin } from '@seamark/log'
import { authorization, createEngine } from '@seamark/orchestrator'
import { command } from '@seamark/runtime-command'
import { fileSecrets } from '@seamark/secrets-local'
import { localSigner } from '@seamark/signer-local'
import { folderStorage } from '@seamark/storage-local'
import { localWorker, type GitOptions } from '@seamark/worker'
import { lookUpAgents } from './agents.ts'
import { childReader } from './children.ts'
import type { Claim } from './claim.ts'
import { claimedExecutor, claimedWorker } from './claimed.ts'
import type { Deployment } from './deployment.ts'
import type { ServerEnvironment } from './env.ts'
import { leadership } from './leadership.ts'
import { removeLeftovers } from './leftovers.ts'
import { notesOf, seamTable } from './notes.ts'
import { signedByAnother } from './other-key.ts'
import { planNames } from './plan-names.ts'
import { probeBasis, probeResults } from './probe-results.ts'
import { nearQuotas, setQuotas } from './near-quotas.ts'
import { storageQuota } from './quota.ts'
import { requireReady } from './ready.ts'
import { refuseRollback } from './rollback.ts'
import { VERSION } from './version.ts'

export interface ComposeOptions {
  readonly loaded: LoadedConfig
  /** Absolute; wins over the configuration's. */
  readonly dataDir: string
  /** Whether this process takes the lease and runs items, or only answers questions. */
  readonly engine: boolean
  /** Whether its engine only ends what has begun. */
  readonly finishing?: boolean
  /** The engine touches attempts only while this is held. */
  readonly claim: Claim
  /** Done under the lease, before anything in the data folder is touched. What it throws frees the lease again. */
  readonly taken: () => Promise<void>
  /** Text that names this process to others. */
  readonly holder: string
  readonly environment: ServerEnvironment
  /** What secrets are known to this process by now. */
  readonly memory: SecretMemory
  readonly onNotice: (error: Error) => void
}

/**
 * The one place where defaults are filled in. Where the engine is to run, every part finds out what it stands on and the
 * requirements are compared with that; otherwise no I/O is done but to look whether a sandbox can be made.
 *
 * Errors: what `requireReady` and `checkRequirements` throw.
 */
export async function compose(options: ComposeOptions): Promise<Deployment> {
  const { loaded, dataDir, claim, environment, memory, onNotice } = options
  const { config, namespace: ns } = loaded
  const store = config.journal ?? sqliteJournal({ dir: join(dataDir, 'journal'), readOnly: !options.engine })
  const guarded = guardedStorage(config.storage ?? folderStorage({ dir: join(dataDir, 'storage') }))
  const { storage } = guarded
  const declared = config.executors ?? [sandboxExecutor({ dir: dataDir }), processExecutor({ dir: dataDir })]
  const runtimes = config.runtimes ?? [command()]
  const authorizer = config.authorizer ?? allowLocal()
  const anchors = config.anchors ?? []
  const secrets = memory.watch(config.secrets ?? fileSecrets({ dir: join(dataDir, 'secrets') }))
  const egress = egressOf(config.egress ?? {}, join(dataDir, 'packages'), secrets, onNotice)
  const signers = {
    log: config.signer ?? localSigner({ path: join(dataDir, 'keys', 'log.pem'), role: 'log' }),
    export: config.exportSigner ?? localSigner({ path: join(dataDir, 'keys', 'export.pem'), role: 'export' }),
  }
  const probes = probeResults({
    dir: join(dataDir, 'probed'),
    signer: signers.export,
    basis: probeBasis(config.egress ?? {}),
    executors: declared,
    onNotice,
  })
  const executors = declared.map((executor) => probes.trusted(executor))
  const judged = { anchors, signer: signers.log, exportSigner: signers.export }
  let otherKey = false
  if (options.engine)
    try {
      const { journal } = store
      const known = { ...judged, executors, storage, journal }
      await requireReady(known, onNotice)
      await probes.refresh()
      // What a storage and a journal promise may be known only now.
      checkRequirements(config.require, known)
      otherKey = await signedByAnother(ns, journal, signers.log).catch((error: unknown) => unlessAway(error, onNotice))
    } catch (error) {
      await store.journal.close()
      throw error
    }
  // Nothing is started here but probes, which tell what executors are worth.
  else checkRequirements(config.require, judged)
  const parser = planParser()
  const worker = localWorker({
    dir: join(dataDir, 'work'),
    storage,
    runtimes,
    git: gitOptions(environment, secrets, config.git),
    secrets,
    egress,
    children: childrenDoor({
      readItems: childReader({
        parser,
        names: () => names,
        versions: (named, call) => lookUpAgents(deployment, named, call),
      }),
      version: VERSION,
    }),
    onNotice,
  })
  const workspaces = config.workspaces ?? worker.workspaces(ns, 'git')
  const queues = Object.fromEntries(loaded.queues.map(({ name, concurrency }) => [name, { concurrency }]))
  const names = planNames({
    executors,
    // What an executor was required to promise it may have lost meanwhile.
    async shortfall(executor) {
      await probes.refresh()
      return shortfalls(config.require, { executors: [executor] })[0]
    },
    runtimes,
    queues: Object.keys(queues),
    agents: loaded.agents,
    policies: loaded.policies,
    egress: { inject: Object.keys(config.egress?.credentials ?? {}), meters: egress.meters },
  })
  const parts = { journal: store, storage, executors, runtimes, authorizer, anchors, signers, workspaces, secrets }
  const lead = options.engine
    ? leadership({
        ns,
        journal: store.journal,
        async taken() {
          await refuseRollback({ ns, journal: store.journal, anchors }, onNotice)
          await options.taken()
          await removeLeftovers(worker, executors, onNotice)
        },
        makeEngine: (journal) =>
          createEngine({
            ns,
            journal,
            projections: store.projections,
            // The folder's own journal is led by nobody else while this process lives.
            ...(config.journal === undefined
              ? { worker, executors }
              : {
                  worker: claimedWorker(worker, claim),
                  executors: executors.map((executor) => claimedExecutor(executor, claim)),
                }),
            runtimes: runtimes.map(({ name }) => name),
            authorizer,
            signer: signers.log,
            anchors,
            queues,
            budgets: loaded.budgets,
            probeOf: (name) => probes.digestOf(name),
            instructionsOf: (name) => runtimes.find((runtime) => runtime.name === name)?.instructions,
            newOrigin: () => newOrigin('seamark.invalid', randomBytes(16)),
            version: VERSION,
            holder: options.holder,
            ...(options.finishing !== undefined && { finishing: options.finishing }),
            redact: (text) => memory.text(text),
            onNotice,
          }),
      })
    : undefined

  const now = () => performance.now()
  const quota = storageQuota({ ns, maxBytes: loaded.quotas.storage, storage, now, onNotice })
  const quotas = setQuotas(ns, loaded.quotas, quota, worker)
  const near = nearQuotas(quotas, { now, onNotice })
  const deployment: Deployment = {
    ns,
    dataDir,
    version: VERSION,
    journal: store.journal,
    projections: store.projections,
    storage,
    guarded,
    exporting: new Map(),
    retention: loaded.retention,
    quota,
    quotaBytes: loaded.quotas,
    quotas,
    nearQuotas: near,
    workspaces,
    worker,
    executors,
    declared,
    probes,
    authorize: lead?.authorize ?? authorization({ ns, authorizer, denied: unrecorded, notice: onNotice }),
    signers,
    anchors,
    secrets,
    egress,
    memory,
    queues,
    planNames: names,
    parser,
    get seams() {
      return seamTable(parts, config)
    },
    notes: await notesOf(parts, config, { dataDir, names, otherKey }),
    leadership: lead,
    get engine() {
      return lead?.engine
    },
    async requireEngine() {
      if (lead !== undefined) return lead.require()
      throw new SeamError('UNAVAILABLE', 'This process only answers questions.', { remedy: 'Start seamark serve.' })
    },
    async close() {
      near.close()
      const ends = [parser, egress, ...executors, store.journal].map(async (part) => part.close?.())
      // One that can not let go does not keep the others.
      for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw toSeamError(end.reason)
    },
  }
  return deployment
}

/** The gateway, with the secrets of the service. Errors: those of its options, with their place in the configuration. */
function egressOf(
  settings: EgressSettings,
  packagesDir: string,
  secrets: SecretStore,
  onNotice: (error: Error) => void,
): GatewayEgress {
  try {
    return gatewayEgress({
      ...settings,
      packagesDir,
      resolve: (name, call) => secrets.resolve(name, call),
      ...(secrets.replace && {
        replace: async (name: string, version: string, value: Uint8Array, call: CallOptions) =>
          secrets.replace?.(name, version, value, call),
      }),
      ...(tellsRemoval(secrets) && {
        stands: async (name: string, call: CallOptions) => (await secrets.describe(name, call)) !== undefined,
      }),
      onNotice,
    })
  } catch (error) {
    const { code, message, problems } = toSeamError(error)
    const placed = problems.map((problem) => ({
      ...problem,
      place: { pointer: `/egress${problem.place?.pointer ?? ''}` },
    }))
    throw new SeamError(code, message, { problems: placed })
  }
}

/** A store that says it can not tell a removal is not asked again and again for what it does not know. */
function tellsRemoval({ guarantees }: SecretStore): boolean {
  const claim: unknown = Reflect.get(guarantees, 'removal')
  return !(typeof claim === 'object' && claim !== null && 'value' in claim && claim.value === false)
}

/** What is away may come back, and is asked again by whoever needs it. */
function unlessAway(error: unknown, onNotice: (error: Error) => void): false {
  const seam = toSeamError(error)
  if (seam.consequence !== 'retry') throw seam
  onNotice(seam)
  return false
}

/** A denial is told only where it is recorded; who has no engine has nowhere to. */
async function unrecorded(_principal: unknown, { action }: { readonly action: string }): Promise<never> {
  throw new SeamError('UNAVAILABLE', `${action} is not allowed, and this process can not record that.`, {
    remedy: 'Start seamark serve and ask it.',
  })
}

/** git finds its transports and the credentials of the service; nothing of it reaches an attempt. */
function gitOptions(
  { path, git }: ServerEnvironment,
  secrets: SecretStore,
  { credentials = {}, ...folders }: NonNullable<SeamarkConfig['git']> = {},
): GitOptions {
  const given = Object.entries(credentials).map(([at, { user, secret }]) => ({
    at,
    user,
    password: async (call?: CallOptions) => (await secrets.resolve(secret, call)).value,
  }))
  return { ...folders, ...(path !== undefined && { path }), env: git, credentials: given }
}
