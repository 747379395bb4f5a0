import type { EngineOptions } from './engine-options.ts'
import type { Principal, RerunOf, Submission } from '@seamark/core'
import { NAME, SeamError } from '@seamark/kit'
import type { Authorize } from './authorization.ts'
import type { Command, TakenResult } from './commands.ts'
import { readEarlier, sameRerun, takenOf } from './read-earlier.ts'

/** A run that does an earlier one again. */
export interface RerunRequest extends Omit<RerunOf, 'take'> {
  /** Id of the new run. */
  readonly run: string
  /** Items that succeeded are not run again, but for `from` and all that need it. Implied by `from`. */
  readonly take?: RerunOf['take']
}

/** What such a run would be, before it is recorded. */
export interface RerunDraft {
  /** As the earlier run was submitted, but for its id and its layers. */
  readonly submission: Submission
  /** What is not run again, in the order of the plan. */
  readonly taken: readonly TakenResult[]
}

/** The same after a look at what records do not say. */
export interface CheckedRerun {
  /** Without what is gone and not needed. */
  readonly taken: readonly TakenResult[]
  readonly layers?: Submission['layers']
}

/** Looks whether all is still there. Throws what is wrong. */
export type CheckRerun = (draft: RerunDraft) => Promise<CheckedRerun>

interface Needs {
  readonly options: Pick<EngineOptions, 'ns' | 'journal' | 'projections'>
  readonly authorize: Authorize
  readonly submit: (principal: Principal, submission: Submission) => Command & { type: 'submit' }
  readonly post: (command: Command) => Promise<{ readonly created?: boolean }>
}

/** As `Engine.rerun`. */
export async function rerun(
  principal: Principal,
  { run, of, take, from }: RerunRequest,
  check: CheckRerun,
  { options, authorize, submit, post }: Needs,
): Promise<{ readonly run: string; readonly created: boolean }> {
  await authorize(principal, 'run.read', { run: of })
  await authorize(principal, 'run.submit', { run })
  if (!NAME.test(of)) throw new SeamError('NOT_FOUND', 'There is no run of that id.')
  const { ns, journal, projections } = options
  const rowOf = async (id: string) => (await projections.query(ns, 'runs', { run: id })).rows[0]
  const asked: RerunOf = {
    of,
    ...((take ?? from) !== undefined && { take: 'succeeded' }),
    ...(from !== undefined && { from }),
  }
  const known = await rowOf(run)
  // What it was made of may be gone by now, and is not looked at again.
  if (known !== undefined && sameRerun(known.rerun, asked)) return { run, created: false }
  const row = await rowOf(of)
  if (row === undefined)
    throw new SeamError('NOT_FOUND', `There is no run ${of}.`, { remedy: 'List the runs with `seamark list`.' })
  if (row.sealedAt === undefined)
    throw new SeamError('CONFLICT', `Run ${of} is not over.`, { remedy: 'Wait until it has ended, or cancel it.' })
  const earlier = await readEarlier(ns, journal, row)
  const taken = takenOf(earlier, asked)
  if (taken.length === earlier.items.length)
    throw new SeamError('CONFLICT', `Every item of run ${of} succeeded: there is nothing to run again.`, {
      remedy: `Run all of it again with \`seamark rerun ${of}\`, or from an item with --from.`,
    })
  const { spec, items } = earlier
  const made: Submission = { run, plan: row.plan, spec, items }
  const { layers, taken: there } = await check({ submission: made, taken })
  const command = submit(principal, { ...made, ...(layers && { layers }) })
  const { created = true } = await post({ ...command, rerun: asked, taken: there })
  return { run, created }
}
