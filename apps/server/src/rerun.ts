import type { CallOptions, Principal, Problem, RunRow } from '@seamark/core'
import { productBlobs } from '@seamark/evidence'
import { blobKey, SeamError } from '@seamark/kit'
import { jcsText } from '@seamark/log'
import type { CheckedRerun, Engine, RerunDraft, TakenResult } from '@seamark/orchestrator'
import { heldAgain, newRunId, PLAN_LIMITS, policiesOf } from '@seamark/protocol'
import type { CheckedPlan, RerunAnswer, RerunQuery } from '@seamark/protocol'
import { setImmediate } from 'node:timers/promises'
import { about } from './checked-plan.ts'
import type { Deployment } from './deployment.ts'
import { keepMeanwhile } from './exporting.ts'
import { givenUpAt, requireNoCollection } from './given-up.ts'
import { runRow } from './questions.ts'
import { baseOf, layersOf } from './submit.ts'

// Looks at the storage that are under way.
const LOOKS = 32
// Items that are judged before other things have their turn.
const ITEMS_AT_ONCE = 1_000

/**
 * A run that does an earlier one again, as it was recorded. What is taken of it is still there, and no collection removes it before it is
 * recorded as that of the new run. Errors: those of `Engine.rerun`; `CONFLICT` with all that is in the way, `NOT_FOUND` for a commit that is gone.
 */
export async function rerun(
  deployment: Deployment,
  principal: Principal,
  of: string,
  { run = newRunId(), ...asked }: RerunQuery,
  options: CallOptions,
): Promise<RerunAnswer> {
  const engine = await deployment.requireEngine()
  const row = await runRow(deployment, of)
  let found: Pick<RerunAnswer, 'taken' | 'base' | 'unisolated' | 'hides'> = {}
  const check = async (draft: RerunDraft): Promise<CheckedRerun> => {
    await deployment.quota?.requireRoom(options)
    const { spec, items } = draft.submission
    const { workspace, setup } = spec
    const plan: CheckedPlan = {
      digest: row.plan,
      items,
      workspace: workspace.type === 'git' ? { git: workspace.source, ref: workspace.commit } : {},
      ...(setup && { setup }),
    }
    await requireNoCollection({ ...deployment, engine }, row, options)
    const taken = await stillThere(deployment, row, draft.taken, options)
    const again = new Set(items.map(({ id }) => id))
    for (const { item } of taken) again.delete(item)
    const problems = [...snapshotsGone(draft, taken, again), ...(await unavailable(deployment, engine, draft, again))]
    const [first] = problems
    if (first !== undefined) throw new SeamError(first.code, first.message, { problems })
    if (workspace.type === 'git')
      await deployment.workspaces.resolve({ git: workspace.source, ref: workspace.commit, from: '/' }, options)
    const {
      plan: _,
      items: __,
      ...said
    } = about(deployment, { ...plan, items: items.filter(({ id }) => again.has(id)) })
    found = { ...said, taken: taken.length, ...(workspace.type === 'git' && { base: baseOf(workspace) }) }
    const layers = await layersOf(deployment, plan, workspace, options)
    return { taken, ...(layers && { layers }) }
  }
  const letGo = keepMeanwhile(deployment, of)
  try {
    const { created } = await engine.rerun(principal, { run, of, ...asked }, check)
    return { run, created, of, plan: row.plan, items: (await runRow(deployment, run)).items, ...found }
  } finally {
    letGo()
  }
}

/** What is taken, without the snapshots that were given up. Errors: `CONFLICT` where more is gone, `INTEGRITY`. */
async function stillThere(
  deployment: Deployment,
  row: RunRow,
  taken: readonly TakenResult[],
  options: CallOptions,
): Promise<readonly TakenResult[]> {
  const { ns, storage } = deployment
  const wanted = new Map(taken.flatMap(({ data }) => productBlobs(data.product)).map((blob) => [blob.sha256, blob]))
  const gone = new Set<string>()
  const left = [...wanted.values()]
  const look = async () => {
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      // The blob without bytes is put by nobody who changed nothing.
      const there = next.size === 0 || (await storage.head(blobKey(ns, next.sha256), options)) !== undefined
      if (!there) gone.add(next.sha256)
    }
  }
  await Promise.all(Array.from({ length: LOOKS }, look))
  if (gone.size === 0) return taken
  const kept = taken.map((one) => withoutSnapshot(one, gone))
  const lost = kept.filter(({ data }) => productBlobs(data.product).some(({ sha256 }) => gone.has(sha256)))
  const [first] = lost
  if (first === undefined) return kept
  const at = await givenUpAt(deployment, row, options)
  if (at === undefined)
    throw new SeamError('INTEGRITY', `What ${first.item} left is named in the log, and the storage does not have it.`)
  throw new SeamError(
    'CONFLICT',
    `What ${first.item} left was removed: run ${row.run} was given up at ${new Date(at).toISOString()}.`,
    {
      remedy: `Run all of it again: \`seamark rerun ${row.run}\`.`,
    },
  )
}

function withoutSnapshot(one: TakenResult, gone: ReadonlySet<string>): TakenResult {
  const { snapshot, ...product } = one.data.product
  if (snapshot === undefined || !gone.has(snapshot.sha256)) return one
  return { ...one, data: { ...one.data, product } }
}

/** Items that need the whole workspace of one that is not run again, and can not have it. */
function snapshotsGone(
  { submission: { items, run: _ }, taken: before }: RerunDraft,
  taken: readonly TakenResult[],
  again: ReadonlySet<string>,
): Problem[] {
  const there = new Set(taken.filter(({ data }) => data.product.snapshot !== undefined).map(({ item }) => item))
  const of = before[0]?.data.run ?? ''
  const needed = items.filter(({ id }) => again.has(id)).flatMap(({ needs }) => needs)
  const missing = new Set(
    needed.filter(({ select }) => select === 'workspace').map(({ from }) => items[from]?.id ?? ''),
  )
  return [...missing]
    .filter((id) => !again.has(id) && !there.has(id))
    .map((id) => ({
      code: 'CONFLICT',
      message: `The workspace that ${id} left is gone, and what is run again needs it.`,
      remedy: `Run that again as well: \`seamark rerun ${of} --from ${id}\`.`,
    }))
}

/** What the items that are run again need and is no more, and what they may use by now. */
async function unavailable(
  { planNames }: Deployment,
  engine: Engine,
  { submission: { spec, items: all } }: RerunDraft,
  again: ReadonlySet<string>,
): Promise<Problem[]> {
  const problems: Problem[] = []
  const items = all.filter(({ id }) => again.has(id))
  const names = await planNames.now()
  const { executors, policies } = names
  const used = new Set(items.map(({ executor }) => executor))
  for (const { name, unavailable: why } of executors)
    if (why !== undefined && used.has(name)) problems.push({ code: 'UNAVAILABLE', ...why })
  const agents = new Map(engine.agents().map((agent) => [agent.digest, agent]))
  const versions = new Map(items.flatMap(({ agent, agentVersion }) => (agentVersion ? [[agent, agentVersion]] : [])))
  for (const [agent = '', { version, manifest }] of versions) {
    const known = agents.get(manifest.sha256)
    if (known !== undefined && known.removedAt === undefined) continue
    problems.push({
      code: 'CONFLICT',
      message: `Agent ${agent}@${version} was removed.`,
      remedy: 'Submit a plan that names another version.',
    })
  }
  // A run keeps the policies that it was submitted under; a new one may not use what they gave and no longer give.
  const recorded = policiesOf(spec.policies ?? {}, all, spec.setup)
  if (jcsText(recorded) !== jcsText(policiesOf(policies ?? {}, all, spec.setup)))
    problems.push({
      code: 'CONFLICT',
      message: 'The configuration lets attempts use something else now than when the run was submitted.',
      remedy: 'Submit its plan anew; `seamark policy explain` says what held for the run.',
    })
  // Executors, runtimes and the way out may hold less by now under the same names.
  const placed = all.flatMap((item, index) => (again.has(item.id) ? [[index, item] as const] : []))
  const told = new Set<string>()
  for (let from = 0; from < placed.length; from += ITEMS_AT_ONCE) {
    for (const problem of heldAgain(placed.slice(from, from + ITEMS_AT_ONCE), spec, names)) {
      const key = jcsText([problem.code, problem.message, problem.place?.pointer ?? ''])
      if (!told.has(key)) problems.push(problem)
      told.add(key)
    }
    if (problems.length >= PLAN_LIMITS.problems) break
    await setImmediate()
  }
  return problems
}
