import { SeamError } from '@seamark/kit'
import type {
  CheckAnswer,
  CheckedPlan,
  ParseOptions,
  PlanDeployment,
  PlanFormat,
  VariableValues,
} from '@seamark/protocol'
import { lookUpAgents } from './agents.ts'
import type { Deployment } from './deployment.ts'
import { isolationOf } from './isolation.ts'

/** A plan as it came. */
export interface PlanText {
  readonly bytes: Uint8Array
  readonly format: PlanFormat
  /** Of its variables. */
  readonly variables?: VariableValues
}

/** A plan that can run here: parsed apart from the loop, against what is there now. Errors: those of the plan, all at once. */
export async function checkedPlan(
  deployment: Deployment,
  { bytes, format, variables = {} }: PlanText,
  options: Pick<ParseOptions, 'signal' | 'found'>,
): Promise<CheckedPlan> {
  const names = await deployment.planNames.now()
  const parse = (known: PlanDeployment) =>
    deployment.parser.parse(bytes, { format, variables, deployment: known, ...options })
  let result = await parse(names)
  if (!result.ok && result.versions !== undefined)
    result = await parse({ ...names, versions: await lookUpAgents(deployment, result.versions, options) })
  if (result.ok) return result.plan
  const [first] = result.problems
  if (first === undefined) throw new SeamError('INTERNAL', 'The plan was refused without a reason.')
  // One code for all: that of the first, unless it only says that the rest was not looked at.
  const more = result.problems.length > 1 ? ` (and ${result.problems.length - 1} more)` : ''
  throw new SeamError(first.code, `${first.message}${more}`, { problems: result.problems })
}

/** What people should know of a plan that can run here. */
export function about(deployment: Deployment, plan: CheckedPlan): CheckAnswer {
  return {
    plan: plan.digest,
    ...(plan.name !== undefined && { name: plan.name }),
    items: plan.items.length,
    ...unisolated(deployment, plan),
    ...hides(plan),
  }
}

/** Items that will have the rights of the service, because the plan says so. */
function unisolated(deployment: Deployment, { items }: CheckedPlan): Pick<CheckAnswer, 'unisolated'> {
  const open = items.map(({ executor }) => executor).filter((name) => isolationOf(deployment, name) === 'none')
  return open.length === 0 ? {} : { unisolated: { items: open.length, executors: [...new Set(open)] } }
}

/** Items of which somebody may think that they can not come by what is hidden. */
function hides({ items, workspace }: CheckedPlan): Pick<CheckAnswer, 'hides'> {
  if (workspace.git === undefined) return {}
  const count = items.filter(({ policy }) => (policy?.policy.filesystem?.hide?.length ?? 0) > 0).length
  return count === 0 ? {} : { hides: count }
}
