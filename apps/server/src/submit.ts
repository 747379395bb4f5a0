import type { CallOptions, Principal, ResolvedWorkspace, RunSpec, Submission } from '@seamark/core'
import { SeamError, toSeamError } from '@seamark/kit'
import { newRunId } from '@seamark/protocol'
import type { Engine } from '@seamark/orchestrator'
import type { CheckedPlan, SubmitAnswer } from '@seamark/protocol'
import { isAbsolute } from 'node:path'
import { about, checkedPlan } from './checked-plan.ts'
import type { PlanText } from './checked-plan.ts'
import type { Deployment } from './deployment.ts'
import type { EarlierRun } from './earlier-run.ts'
import { earlierRun } from './earlier-run.ts'

export interface SubmitRequest extends PlanText {
  readonly run?: string
  readonly from?: string
}

/**
 * From a plan's text to a durable run: parsed apart from the loop, its ref resolved to a commit, its layers named.
 * The same plan under the same id is answered from its records, without a look at its repository.
 * Errors: those of the plan, all at once; `NOT_FOUND` for a workspace that is not there; those of `Engine.submit`.
 */
export async function submit(
  deployment: Deployment,
  principal: Principal,
  request: SubmitRequest,
  options: CallOptions,
): Promise<SubmitAnswer> {
  const engine = await deployment.requireEngine()
  const plan = await checkedPlan(deployment, request, options).catch(async (error: unknown) => {
    throw await denied(engine, principal, toSeamError(error))
  })
  const run = request.run ?? newRunId()
  // Of the plan only this, so that nothing holds the items while the engine takes them in.
  const { name: _, ...said } = about(deployment, plan)
  const same = (known: EarlierRun): SubmitAnswer => ({ run, created: false, ...said, ...known })
  const earlier = await earlierRun(deployment, run, plan.digest, options)
  if (earlier !== undefined) return same(earlier)
  await deployment.quota?.requireRoom(options)
  const workspace = await resolveWorkspace(deployment, plan, request.from, options).catch(async (error: unknown) => {
    throw await placed(deployment, request, toSeamError(error), options)
  })
  const spec: RunSpec = {
    workspace,
    ...(plan.name !== undefined && { name: plan.name }),
    ...(plan.timeoutMs !== undefined && { timeoutMs: plan.timeoutMs }),
    ...(plan.budget !== undefined && { budget: plan.budget }),
    ...(plan.setup !== undefined && { setup: plan.setup }),
    ...(plan.policies !== undefined && { policies: plan.policies }),
  }
  const layers = await layersOf(deployment, plan, workspace, options)
  const submission: Submission = {
    run,
    plan: plan.digest,
    spec,
    items: plan.items,
    ...(layers !== undefined && { layers }),
  }
  const base = workspace.type === 'git' ? { base: baseOf(workspace) } : {}
  const { created } = await engine.submit(principal, submission)
  if (created) return { run, created, ...said, ...base }
  // Another submission of the same was first, and may have found another commit.
  return same((await earlierRun(deployment, run, said.plan, options)) ?? {})
}

/**
 * What policies do not allow a plan is in the log before it is told, as any other denial: who asked, when, how often and at which
 * place of the plan first. Of the plan itself nothing is kept.
 */
async function denied(engine: Engine, principal: Principal, error: SeamError): Promise<SeamError> {
  const places = error.problems.filter(({ code }) => code === 'FORBIDDEN').map(({ place }) => place?.pointer)
  if (places.length === 0) return error
  const [target = ''] = places
  await engine.denied(principal, {
    action: 'run.submit',
    policy: 'plan',
    ...(target !== '' && { target: target.slice(0, 200).toWellFormed() }),
    ...(places.length > 1 && { count: places.length }),
  })
  return error
}

/** The error with its place in the plan, where what the plan says is the cause. */
async function placed(
  deployment: Deployment,
  request: SubmitRequest,
  error: SeamError,
  options: CallOptions,
): Promise<SeamError> {
  const { code, problems } = error
  const about =
    (code === 'LIMIT_EXCEEDED' || code === 'UNSUPPORTED') && problems.some(({ place }) => place !== undefined)
  if (code !== 'NOT_FOUND' && code !== 'INVALID_INPUT' && code !== 'FORBIDDEN' && !about) return error
  const found = problems.map((problem) => ({
    ...problem,
    place: { pointer: `/workspace${problem.place?.pointer ?? '/git'}` },
  }))
  return checkedPlan(deployment, request, { ...options, found }).then(() => error, toSeamError)
}

async function resolveWorkspace(
  { workspaces }: Deployment,
  { workspace }: CheckedPlan,
  from: string | undefined,
  options: CallOptions,
): Promise<ResolvedWorkspace> {
  if (workspace.git === undefined) return { type: 'empty' }
  if (from !== undefined && !isAbsolute(from))
    throw new SeamError('INVALID_INPUT', 'The folder that the plan comes from is no absolute path.')
  if (from === undefined && !isAbsolute(workspace.git) && !/^[a-z][a-z0-9+.-]*:/i.test(workspace.git))
    throw new SeamError('INVALID_INPUT', `It is not known what ${workspace.git} is relative to.`, {
      remedy: 'Name the repository by its absolute path, or say `from`.',
    })
  const resolved = await workspaces.resolve({ ...workspace, from: from ?? '/' }, options)
  if (workspace.submodules === true && resolved.type === 'git' && resolved.submodules.length > 0)
    throw new SeamError('UNSUPPORTED', `The workspaces ${workspaces.name} leave submodules empty.`, {
      remedy: 'Take out submodules.',
      place: { pointer: '/submodules' },
    })
  if (workspace.lfs === true && resolved.type === 'git' && resolved.lfs === undefined)
    throw new SeamError('UNSUPPORTED', `The workspaces ${workspaces.name} leave pointers of Git LFS.`, {
      remedy: 'Take out lfs.',
      place: { pointer: '/lfs' },
    })
  if (workspace.history !== undefined && resolved.type === 'git' && resolved.history !== workspace.history)
    throw new SeamError('UNSUPPORTED', `The workspaces ${workspaces.name} know no such history.`, {
      remedy: 'Take out history.',
      place: { pointer: '/history' },
    })
  return resolved
}

/** The set-up layer of each executor of a plan, and whether it is there. */
export async function layersOf(
  { ns, worker, executors }: Deployment,
  { setup, items }: Pick<CheckedPlan, 'setup' | 'items'>,
  workspace: ResolvedWorkspace,
  options: CallOptions,
): Promise<Submission['layers']> {
  if (setup === undefined) return undefined
  const layers: Record<string, { digest: string; ready: boolean }> = {}
  for (const name of new Set(items.map(({ executor }) => executor))) {
    const executor = executors.find((candidate) => candidate.name === name)
    if (executor === undefined) continue
    const digest = await worker.layerOf(workspace, setup, executor.kind, { ns, ...options })
    layers[name] = { digest, ready: await worker.hasLayer(ns, digest, options) }
  }
  return layers
}

/** What a submission says of its commit. */
export function baseOf({
  source,
  commit,
  uncommitted,
  submodules,
}: Extract<ResolvedWorkspace, { type: 'git' }>): NonNullable<SubmitAnswer['base']> {
  return { source, commit, uncommitted, submodules }
}
