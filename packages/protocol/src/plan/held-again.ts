import type { ItemPolicy, ItemSpec, Problem, RunSpec } from '@seamark/core'
import type { PlanDeployment } from './deployment.ts'
import { faultList } from './fault.ts'
import type { Path } from './fault.ts'
import { policyMaker } from './item-policy.ts'
import { notListed, pointer } from './place.ts'

/**
 * Whether items of a recorded run, each with its index in the plan, and its set-up for them can still be held to the policies that
 * they were recorded with: the faults that a plan with these policies is refused with, and `CONFLICT` where the levels do not give
 * the recorded policy any more. An item on an executor that is not there is not looked at.
 */
export function heldAgain(
  items: readonly (readonly [index: number, item: ItemSpec])[],
  { policies = {}, setup }: Pick<RunSpec, 'policies' | 'setup'>,
  deployment: PlanDeployment,
): readonly Problem[] {
  const { versions: _, ...now } = deployment
  const faults = faultList()
  const maker = policyMaker({ ...now, policies }, faults)
  const executors = new Set(now.executors.map(({ name }) => name))
  const compare = (recorded: ItemPolicy | undefined, made: ItemPolicy | undefined, path: Path) => {
    if (recorded?.digest !== made?.digest)
      faults.add({
        code: 'CONFLICT',
        message: 'This version makes another policy of what was said than the one that was recorded.',
        remedy: 'Submit the plan anew.',
        path,
      })
  }
  const here = items.filter(([, { executor }]) => executors.has(executor))
  for (const [index, item] of here) {
    const path = ['items', index]
    compare(item.policy, maker.ofItem(item, item.policy?.own ?? {}, path), path)
  }
  if (setup !== undefined && here.length > 0) {
    const used = here.map(([, { executor }]) => executor)
    compare(setup.policy, maker.ofSetup(setup, setup.policy?.own ?? {}, used), ['workspace', 'setup'])
  }
  const found = faults.list.map(({ code, message, remedy, path }): Problem => {
    return { code, message, ...(remedy !== undefined && { remedy }), place: { pointer: pointer(path) } }
  })
  return [...found, ...notListed(faults)]
}
