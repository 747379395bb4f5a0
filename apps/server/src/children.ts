import type { CallOptions, ItemSpec, Problem } from '@seamark/core'
import type { ReadItems } from '@seamark/children'
import { SeamError } from '@seamark/kit'
import { childDeployment, childItems, childPlan, childProblems } from '@seamark/protocol'
import type { PlanDeployment, PlanParser } from '@seamark/protocol'
import type { PlanNames } from './plan-names.ts'

export interface ChildReaderOptions {
  readonly parser: PlanParser
  readonly names: () => PlanNames
  /** What is known of versions of agents. Errors: `UNAVAILABLE`. */
  readonly versions: (
    named: readonly string[],
    options: CallOptions,
  ) => Promise<NonNullable<PlanDeployment['versions']>>
}

/**
 * Reads items that an agent writes as a plan is read, apart from the loop and within the same limits, against what its item may
 * use. Errors: with all problems, their pointers into `{ items }`.
 */
export function childReader({ parser, names, versions }: ChildReaderOptions): ReadItems {
  return async (items, { parent, attempt, workspace }, options) => {
    refuse(childProblems(items, parent, attempt))
    const deployment = childDeployment(await names().now(), parent)
    const plan = childPlan(items, parent, workspace.type === 'git')
    const parse = (known: PlanDeployment) => parser.parse(plan, { format: 'json', deployment: known, ...options })
    let result = await parse(deployment)
    if (!result.ok && result.versions !== undefined)
      result = await parse({ ...deployment, versions: await versions(result.versions, options) })
    if (!result.ok) return refuse(result.problems.map(unplaced), true)
    const children = childItems(result.plan.items, parent, attempt)
    return children.ok ? children.items : refuse(children.problems, true)
  }
}

function refuse(problems: readonly Problem[], always: true): never
function refuse(problems: readonly Problem[]): void
function refuse(problems: readonly Problem[], always = false): readonly ItemSpec[] | void {
  const [first] = problems
  if (first === undefined && !always) return
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  throw new SeamError(
    first?.code ?? 'INTERNAL',
    `${first?.message ?? 'The items were refused without a reason.'}${more}`,
    {
      problems,
    },
  )
}

/** The agent did not write the text that lines and columns are of. */
function unplaced({ place, ...problem }: Problem): Problem {
  return { ...problem, ...(place && { place: { pointer: place.pointer } }) }
}
