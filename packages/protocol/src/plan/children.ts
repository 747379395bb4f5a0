import type { ItemSpec, PlanItem, Problem } from '@seamark/core'
import { ITEM_ID } from '@seamark/kit'
import type { PlanDeployment } from './deployment.ts'
import type { Faults, Path } from './fault.ts'
import { quoted } from './quoted.ts'

/** A program in a sandbox asks for children over a socket that only its sandbox has. */
export function requireDoor(name: string, deployment: PlanDeployment, path: Path, faults: Faults): void {
  const executor = deployment.executors.find((one) => one.name === name)
  if (deployment.children === true && executor?.holds?.filesystem === 'private') return
  // One that is not there has been complained about already.
  if (executor === undefined) return
  faults.add({
    code: 'UNSUPPORTED',
    message:
      deployment.children === true
        ? `Executor ${quoted(name)} can not give an attempt a socket of its own.`
        : 'Attempts can add no items here.',
    remedy: 'Name another executor, or leave it out.',
    path,
    part: 'key',
  })
}

/** What a child has from its parent, and never from itself. */
const INHERITED = ['queue', 'executor', 'priority', 'locks'] as const satisfies readonly (keyof PlanItem)[]

/**
 * A plan of the items that an attempt wants to add, as JSON: `parsePlan` reads it against `childDeployment`. What they leave out
 * they have from their parent.
 */
export function childPlan(items: readonly unknown[], parent: ItemSpec, git: boolean): string {
  const { queue, executor, runtime, model, effort, timeoutMs } = parent
  const defaults = { executor, runtime, model, effort, timeout: `${timeoutMs}ms` }
  return JSON.stringify({ version: 1, queue, defaults, ...(git && { workspace: { git: '.' } }), items })
}

/** A deployment as a parent's children may use it: its own policy is all that is above them, beside those of agents. */
export function childDeployment(deployment: PlanDeployment, parent: ItemSpec): PlanDeployment {
  const { agents } = deployment.policies ?? {}
  const open = deployment.executors.find(({ name }) => name === parent.executor)?.holds?.network === 'host'
  // Where no level said anything a sandbox reaches nothing, which is less than a policy that says nothing of hosts allows.
  const above = parent.policy?.policy ?? (open ? undefined : { network: { allow: [] } })
  return { ...deployment, policies: { ...(above && { deployment: above }), ...(agents && { agents }) } }
}

export type ChildItems =
  | { readonly ok: true; readonly items: readonly ItemSpec[] }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** What the ids of the children of an attempt begin with. */
export function childPrefix({ id }: Pick<ItemSpec, 'id'>, attempt: number): string {
  return `${id}-${attempt}-`
}

/** Faults of what items say that is their parent's to say; asked before they are read as a plan. */
export function childProblems(items: readonly unknown[], parent: ItemSpec, attempt: number): readonly Problem[] {
  const problems: Problem[] = []
  for (const [at, item] of items.entries()) {
    const place = (field: string) => ({ place: { pointer: `/items/${at}/${field}` } })
    if (typeof item !== 'object' || item === null || Array.isArray(item)) continue
    for (const field of INHERITED)
      if (Object.hasOwn(item, field))
        problems.push({
          code: 'FORBIDDEN',
          message: `A child has the ${field} of its parent.`,
          remedy: 'Leave it out.',
          ...place(field),
        })
    if (Object.hasOwn(item, 'matrix'))
      problems.push({
        code: 'FORBIDDEN',
        message: 'A child is one item, and no matrix.',
        remedy: 'Write its items.',
        ...place('matrix'),
      })
    if ('prompt' in item && typeof item['prompt'] === 'object')
      problems.push({
        code: 'FORBIDDEN',
        message: 'The prompt of a child is no file: what its parent may not read is not read for it.',
        remedy: 'Write the words.',
        ...place('prompt'),
      })
    const id = 'id' in item ? item['id'] : undefined
    if (typeof id === 'string' && ITEM_ID.test(id) && !ITEM_ID.test(childPrefix(parent, attempt) + id))
      problems.push({
        code: 'LIMIT_EXCEEDED',
        message: 'With the id of its parent the id is too long.',
        remedy: 'Choose a shorter one.',
        ...place('id'),
      })
  }
  return problems
}

/** Items of `childPlan` as children of an attempt, or why they are wider than their parent. */
export function childItems(items: readonly ItemSpec[], parent: ItemSpec, attempt: number): ChildItems {
  const { max = 0, depth = 0 } = parent.children ?? {}
  const problems: Problem[] = []
  const refuse = (
    at: number,
    field: string,
    message: string,
    remedy: string,
    code: Problem['code'] = 'LIMIT_EXCEEDED',
  ) => problems.push({ code, message, remedy, place: { pointer: `/items/${at}/${field}` } })
  for (const [at, { agent, timeoutMs, gates, retries, children }] of items.entries()) {
    // The budget of another agent is shared by runs that this one has no part in.
    if (agent !== undefined && agent !== parent.agent)
      refuse(at, 'agent', 'A child has the agent of its parent, or none.', 'Leave it out.', 'FORBIDDEN')
    const atMost = `Write at most ${parent.timeoutMs}ms.`
    if (timeoutMs > parent.timeoutMs) refuse(at, 'timeout', 'A child has no longer than its parent.', atMost)
    // One that says no time of its own has that of the item.
    for (const [index, gate] of gates.entries())
      if (gate.timeoutMs > parent.timeoutMs && gate.timeoutMs !== timeoutMs)
        refuse(at, `gates/${index}/timeout`, 'A gate of a child has no longer than its parent.', atMost)
    if (retries.max > parent.retries.max)
      refuse(
        at,
        'retries/max',
        'A child is tried no more often than its parent.',
        `Write at most ${parent.retries.max}.`,
      )
    const latestMs = Math.max(parent.timeoutMs, parent.retries.minDelayMs)
    if (retries.max > 0 && retries.minDelayMs > latestMs)
      refuse(
        at,
        'retries/minDelay',
        'A child is tried again within the time of its parent.',
        `Write at most ${latestMs}ms.`,
      )
    if (children === undefined) continue
    if (children.depth >= depth)
      refuse(at, 'children/depth', `Below its parent there are ${depth} generations.`, 'Do without children here.')
    if (children.max > max) refuse(at, 'children/max', `Its parent may add ${max} items.`, 'Write fewer.')
  }
  if (problems.length > 0) return { ok: false, problems }
  const prefix = childPrefix(parent, attempt)
  return { ok: true, items: items.map((item) => ({ ...item, id: prefix + item.id })) }
}
