import type {
  AttemptOptions,
  CallOptions,
  ChildrenDoor,
  Egress,
  Executor,
  Exit,
  Json,
  RuntimeAdapter,
  SecretStore,
  StepTask,
  StorageProvider,
  Worker,
  Workspaces,
} from '@seamark/core'
import type { RedactionTable } from '@seamark/kit'
import { backoffMs, SeamError, sleep, toSeamError } from '@seamark/kit'
import { OUTPUT_SCHEMA_LIMITS } from '@seamark/output-schema'
import { mkdir, rm } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import { captureStep } from './capture.ts'
import { childrenDoors } from './children.ts'
import { noteConversation } from './conversation.ts'
import { egressWays } from './egress.ts'
import { onHost } from './host-failure.ts'
import type { Seen } from './judge.ts'
import { see, UNSEEN } from './judge.ts'
import { MOST_ANSWERS } from '@seamark/policy'
import { noteAnswer } from './tool-answers.ts'
import type { GitTools } from './git-tools.ts'
import { gitTools } from './git-tools.ts'
import { knownSecrets } from './known-secrets.ts'
import { keptWorkspaces, type KeptWorkspaces } from './kept.ts'
import { makeRoom, spaceOf } from './room.ts'
import type { Room, RoomKind, RoomOptions, RoomTerms, SpaceTally } from './room.ts'
import { removeTree } from './remove-tree.ts'
import { keyFiles, layerDigest, layerIsWhole } from './layers.ts'
import { attemptLayout } from './layout.ts'
import type { WorkerLimits } from './limits.ts'
import type { NamespaceTools } from './namespace-tools.ts'
import { namespaceTools } from './namespace-tools.ts'
import { prepareStep } from './prepare.ts'
import { releaseAttempt, sweepLeftovers } from './release.ts'
import type { GitOptions } from './run-git.ts'
import { runtimeAccess, runtimeOf, runtimeTask, stepPlan } from './runtime-task.ts'
import { followService } from './service-output.ts'
import type { ServiceOutput } from './service-output.ts'
import { withServices } from './services.ts'
import type { Toolchain, ToolchainOptions } from './toolchain.ts'
import { layToolchain } from './toolchain.ts'
import { turns } from './turns.ts'

export interface LocalWorkerOptions {
  /**
   * Absolute folder for attempts, mirrors and layers, made with mode 0700. Where sandboxes run as
   * another user, it must lie in the data folder that their supervisor opens the way through.
   */
  readonly dir: string
  readonly storage: StorageProvider
  readonly runtimes: readonly RuntimeAdapter[]
  readonly limits?: Partial<WorkerLimits>
  readonly toolchain?: ToolchainOptions
  readonly git?: GitOptions
  /**
   * Where the values of the secrets are found that an item's policy names. They are taken out of what its programs write,
   * and nothing that has one in it is captured. Without it, nothing is looked for.
   */
  readonly secrets?: SecretStore
  /** The way out of attempts whose policy has one. Without it they have the network that their executor gives: a sandbox none. */
  readonly egress?: Egress
  /** Hears programs whose items may add others. Without it such an item can not be prepared. */
  readonly children?: ChildrenDoor
  /** Told of every workspace that was not captured and is moved to a folder `kept`, where it stays until somebody removes it. */
  readonly onNotice?: (error: Error) => void
}

export interface LocalWorker extends Worker {
  /** Workspaces of a namespace: with `git` those of git, otherwise empty ones. */
  workspaces(ns: string, type: 'git' | 'empty'): Workspaces
  /** At a start: removes what attempts other than these left on the disk. Resolves with their launch ids. */
  sweep(keep: ReadonlySet<string>): Promise<readonly string[]>
  /** What may not be shown of what a launch writes; `undefined` for one that this worker does not know. */
  secretsOf(launchId: string): RedactionTable | undefined
  /**
   * What a service of a launch has written from a byte on, as it is: with its secrets. Goes on until `goesOn` says no. Errors: `NOT_FOUND` where the
   * launch has no such service.
   */
  serviceOutput(of: ServiceOutput, goesOn: () => Promise<boolean>, options?: CallOptions): AsyncIterable<Uint8Array>
  /** What was not captured and is kept, of all namespaces. Reads a bounded number of entries and changes nothing. */
  kept(options?: CallOptions): Promise<KeptWorkspaces>
  /** Space on the disk that workspaces which were not captured, or mirrors of repositories, take of a namespace. Looks at every file. */
  space(ns: string, kind: RoomKind, options?: CallOptions): Promise<SpaceTally>
  /** Removes the oldest of them while they take more than they may. Errors: those of `mayRemove` and of the disk. */
  makeRoom(ns: string, kind: RoomKind, terms: RoomTerms, options?: RoomOptions): Promise<Room>
}

/** How far a program was followed. */
interface Followed {
  state: Json | undefined
  seen: Seen
  ended: boolean
}

/** A worker on this machine's disk, beside the executors that run its attempts. */
export function localWorker(options: LocalWorkerOptions): LocalWorker {
  const root = options.dir
  const namespaces = new Map<string, NamespaceTools>()
  const followed = new Map<string, Followed>()
  const matching = turns(OUTPUT_SCHEMA_LIMITS.matchesAtOnce)
  const secrets = knownSecrets(options.secrets)
  const ways = egressWays(options.egress, secrets)
  const doors = childrenDoors(options.children)
  let toolchain: Promise<(filesystem: 'private' | 'host') => Toolchain> | undefined

  const keeping = (launchId: string, path: string) =>
    options.onNotice?.(
      new SeamError(
        'UNAVAILABLE',
        `The workspace of ${launchId} was not captured. It is kept in ${path} until somebody removes it, or a collection does by "quotas.kept".`,
        {
          remedy: `Take from ${path} what you need, then remove it.`,
        },
      ),
    )

  function toolsOf(ns: string): NamespaceTools {
    let tools = namespaces.get(ns)
    if (tools === undefined) {
      tools = namespaceTools(root, ns, options.storage, {
        matching,
        ...(options.limits && { limits: options.limits }),
        ...(options.git && { git: options.git }),
      })
      namespaces.set(ns, tools)
    }
    return tools
  }

  async function toolchainFor(executor: Executor): Promise<Toolchain> {
    if (!isAbsolute(root)) throw new SeamError('INVALID_INPUT', 'The folder of the worker must be absolute.')
    toolchain ??= mkdir(root, { recursive: true, mode: 0o700 }).then(() => layToolchain(root, options.toolchain))
    try {
      return (await toolchain)(executor.guarantees.filesystem)
    } catch (error) {
      toolchain = undefined
      throw error
    }
  }

  /** Goes on from where the program was last followed; from the start after a restart. */
  async function drive(
    task: StepTask,
    executor: Executor,
    exit: Promise<Exit>,
    { port, signal }: AttemptOptions = {},
  ): Promise<Seen> {
    const known = followed.get(task.launchId) ?? { state: undefined, seen: UNSEEN, ended: false }
    followed.set(task.launchId, known)
    if (known.ended) return known.seen
    const attempt = attemptLayout(root, task.ns, task.launchId)
    const runtime = runtimeOf(options.runtimes, stepPlan(task).runtime)
    const asked = await runtimeTask(task, attempt, executor, (await toolchainFor(executor)).path)
    const access = runtimeAccess(task, attempt, executor, exit, toolsOf(task.ns).git.limits)
    for await (const { event, state } of runtime.drive(access, asked, known.state, signal && { signal })) {
      // Durable before it counts, so that it is noted again, under the same number, where that failed. The runtime tells its
      // program what it may use only when it is asked for the next event.
      const index = event.type === 'denial' ? known.seen.denials : known.seen.allowances
      if ((event.type === 'denial' || event.type === 'allowance') && index < MOST_ANSWERS)
        await noteAnswer(port, event, index, secrets.of(task.launchId))
      if (event.type === 'conversation' && event.id !== known.seen.conversation)
        await noteConversation(port, event, secrets.of(task.launchId))
      known.state = state
      known.seen = see(known.seen, event)
    }
    known.ended = true
    return known.seen
  }

  /** A program that waits for its runtime would wait until its time is up: what may work later is tried again while it runs. */
  async function attended(
    task: StepTask,
    exit: Promise<Exit>,
    work: () => Promise<Seen>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { guarantees } = runtimeOf(options.runtimes, stepPlan(task).runtime)
    let over = !guarantees.interactive
    const end = () => void (over = true)
    exit.then(end, end)
    for (let failures = 0; ; failures++) {
      try {
        await work()
        return
      } catch (error) {
        if (over || toSeamError(error).consequence !== 'retry') throw error
        await sleep(backoffMs(failures, 100, 10_000, Math.random()), signal)
      }
    }
  }

  return {
    workspaces: (ns, type) => toolsOf(ns).workspaces({ type }),

    async layerOf(workspace, setup, executorKind, call) {
      const digest = async (tools: GitTools) =>
        layerDigest(setup, await keyFiles(tools, workspace, setup.key, call), executorKind)
      const { ns } = call ?? {}
      if (ns !== undefined) return onHost('Reading the key files', root, () => digest(toolsOf(ns).git))
      // Nothing is shared between namespaces, so without one the source is read afresh.
      const dir = join(root, 'tmp', randomUUID())
      try {
        return await onHost('Reading the key files', dir, () => digest(gitTools({ ...options, dir })))
      } finally {
        await removeTree(dir)
      }
    },

    hasLayer: (ns, layer) => layerIsWhole(toolsOf(ns).layout, layer),

    async prepare(task, executor, call) {
      followed.delete(task.launchId)
      const attempt = attemptLayout(root, task.ns, task.launchId)
      const { runtimes } = options
      return onHost(`Preparing ${task.launchId}`, attempt.dir, async () => {
        await secrets.begin(task, call)
        await ways.close(task.launchId)
        await doors.close(task.launchId)
        const toolchain = await toolchainFor(executor)
        const known = secrets.of(task.launchId)
        const tools = toolsOf(task.ns)
        const about = { tools, attempt, executor, runtimes, toolchain, secrets: known }
        const own = await prepareStep(task, about, call)
        const served = await withServices(own, task, about)
        const launch = await ways.addTo(served, task, attempt, executor, call)
        return doors.addTo(launch, task, { attempt, executor, blobs: tools.blobs }, call)
      })
    },

    async follow(task, executor, exit, call) {
      const attempt = attemptLayout(root, task.ns, task.launchId)
      const { dir, unstarted } = attempt
      await onHost(`Following ${task.launchId}`, dir, () => rm(unstarted, { force: true }))
      await ways.reopen(task, attempt, call)
      await doors.reopen(task, attempt, toolsOf(task.ns).blobs, call)
      await secrets.learn(task, call)
      await attended(task, exit, () => drive(task, executor, exit, call), call?.signal)
      await exit
    },

    async capture(task, executor, exit, call) {
      // Its last decisions become records before the record of its end.
      await ways.close(task.launchId)
      await doors.close(task.launchId)
      const known = await secrets.learn(task, call)
      const seen = exit.reason === 'not-started' ? UNSEEN : await drive(task, executor, Promise.resolve(exit), call)
      const attempt = attemptLayout(root, task.ns, task.launchId)
      const about = { tools: toolsOf(task.ns), attempt, executor, seen, secrets: known }
      return onHost(`Capturing ${task.launchId}`, attempt.dir, () => captureStep(task, exit, about, call))
    },

    async release(task) {
      await ways.close(task.launchId)
      await doors.close(task.launchId)
      followed.delete(task.launchId)
      secrets.forget(task.launchId)
      const attempt = attemptLayout(root, task.ns, task.launchId)
      await onHost(`Releasing ${task.launchId}`, attempt.dir, () =>
        releaseAttempt(toolsOf(task.ns).layout, attempt, task.launchId, keeping),
      )
    },

    secretsOf: (launchId) => secrets.of(launchId),

    serviceOutput: (of, goesOn, call) =>
      followService(attemptLayout(root, of.ns, of.launchId), of, toolsOf(of.ns).git.limits, goesOn, call),

    sweep: (keep) => onHost('Removing what is left over', root, () => sweepLeftovers(root, keep, keeping)),

    kept: (call) => onHost('Looking at what is kept', root, () => keptWorkspaces(root, call)),

    space: (ns, kind, call) =>
      onHost('Looking at the space that is taken', root, () => spaceOf(toolsOf(ns).layout, kind, call)),

    makeRoom(ns, kind, terms, call) {
      const { layout, git } = toolsOf(ns)
      return onHost('Making room', root, () => makeRoom(layout, kind, terms, git.mirrors, call))
    },
  }
}
