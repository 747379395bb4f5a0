import type { ItemSpec, Plan, PlanItem } from '@seamark/core'
import { namesVersion } from '../agent/reference.ts'
import type { AgentVersions } from './agent-version.ts'
import { requireDoor } from './children.ts'
import { requireServices } from './services.ts'
import { explain, withoutBadFields } from './explain.ts'
import type { PlanDeployment } from './deployment.ts'
import type { Faults } from './fault.ts'
import { findCycles } from './graph.ts'
import { itemMaker } from './item.ts'
import type { PolicyMaker } from './item-policy.ts'
import { PLAN_LIMITS } from './limits.ts'
import type { NameResolver } from './names.ts'
import { resolveNeeds } from './needs.ts'
import { ownPolicy } from './policy.ts'
import { quoted } from './quoted.ts'
import { itemSchema } from './schema.ts'
import { requireMeter } from './spending.ts'
import { unsupportedInItem } from './unsupported.ts'

/** Every id, whatever else is wrong with its item, so that needs are judged apart. */
function idsOf(raw: readonly unknown[], faults: Faults): { ids: string[]; index: Map<string, number> } {
  const index = new Map<string, number>()
  const ids = raw.map((value, at) => {
    const id: unknown = typeof value === 'object' && value !== null && 'id' in value ? value.id : undefined
    if (typeof id !== 'string') return ''
    if (!index.has(id)) index.set(id, at)
    else
      faults.add({
        code: 'INVALID_INPUT',
        message: `The id ${quoted(id)} is there twice.`,
        remedy: 'Give each item its own id.',
        path: ['items', at, 'id'],
      })
    return id
  })
  return { ids, index }
}

function hasPolicy(value: unknown): boolean {
  const fields = ['filesystem', 'network', 'limits', 'tools']
  return typeof value === 'object' && value !== null && fields.some((field) => Object.hasOwn(value, field))
}

/** Checks all items, one by one and as a graph, and applies every default. */
export function checkItems(
  raw: readonly unknown[],
  head: Omit<Plan, 'items'>,
  names: NameResolver,
  policies: PolicyMaker,
  versions: AgentVersions,
  deployment: PlanDeployment,
  faults: Faults,
): readonly ItemSpec[] {
  if (raw.length > PLAN_LIMITS.items) {
    faults.add({
      code: 'LIMIT_EXCEEDED',
      message: `The plan has ${raw.length} items; at most ${PLAN_LIMITS.items} are allowed.`,
      remedy: 'Split it into several plans.',
      path: ['items'],
    })
    return []
  }
  const { ids, index } = idsOf(raw, faults)
  const broken = new Set<number>()
  const items = raw.map((value, at): PlanItem | undefined => {
    const parsed = itemSchema.safeParse(value)
    if (parsed.success) return parsed.data
    broken.add(at)
    for (const issue of parsed.error.issues) for (const fault of explain(issue, value, ['items', at])) faults.add(fault)
    if (faults.dropped() > 0) return undefined
    const { rest, bad } = withoutBadFields(value, parsed.error.issues)
    // Stand-ins for what has been complained about already.
    return itemSchema.safeParse({
      ...rest,
      ...(bad.has('id') && { id: 'x' }),
      ...(bad.has('run') && { run: 'x' }),
      ...(bad.has('prompt') && { prompt: 'x' }),
    }).data
  })

  const maker = itemMaker(head, names, versions, deployment, faults)
  const scope = {
    index,
    item: (at: number) => items[at],
    agentDeclares: (item: PlanItem, path: string) => versions.declares(item.agent ?? head.defaults?.agent, path),
  }
  const specs: ItemSpec[] = []
  const edges: number[][] = []
  let total = 0
  let segments = 0
  for (const [at, item] of items.entries()) {
    if (item === undefined) {
      edges.push([])
      continue
    }
    const path = ['items', at]
    const before = faults.list.length
    const given = namesVersion(item.agent ?? head.defaults?.agent ?? '')
    unsupportedInItem(item, raw[at], path, faults, given)
    const own = hasPolicy(raw[at]) ? ownPolicy(raw[at], path, faults) : {}
    const needs = resolveNeeds(item.needs, [...path, 'needs'], scope, faults)
    const made = maker.make(item, path, needs)
    if (made.children !== undefined) requireDoor(made.executor, deployment, [...path, 'children'], faults)
    if (made.services !== undefined) requireServices(made, deployment, [...path, 'services'], faults)
    const policy = own === undefined ? undefined : policies.ofItem(made, own, path)
    const spec = policy === undefined ? made : { ...made, policy }
    // What an item reaches is known once nothing else is wrong with it.
    if (spec.budget !== undefined && faults.list.length === before) requireMeter([spec], [...path, 'budget'], faults)
    const bytes = Buffer.byteLength(JSON.stringify(spec))
    total += bytes
    if (bytes > PLAN_LIMITS.itemBytes)
      faults.add({
        code: 'LIMIT_EXCEEDED',
        message: `The item takes ${bytes} bytes with its defaults; at most ${PLAN_LIMITS.itemBytes} are allowed.`,
        remedy: 'Move large values into files of the workspace.',
        path,
      })
    if (total > PLAN_LIMITS.totalItemBytes) {
      faults.add({
        code: 'LIMIT_EXCEEDED',
        message: `The items take more than ${PLAN_LIMITS.totalItemBytes} bytes with their defaults.`,
        remedy: 'Make defaults.env smaller, or split the plan.',
        path,
      })
      return []
    }
    segments += spec.locks.reduce((sum, lock) => sum + (lock.type === 'name' ? 1 : lock.path.split('/').length), 0)
    if (segments > PLAN_LIMITS.lockSegments) {
      faults.add({
        code: 'LIMIT_EXCEEDED',
        message: `The locks of the items have more than ${PLAN_LIMITS.lockSegments} folders and names in their paths.`,
        remedy: 'Lock a folder above them, or split the plan.',
        path: [...path, 'locks'],
      })
      return []
    }
    if (!broken.has(at)) specs.push(spec)
    edges.push(needs.map(({ from }) => from))
  }
  findCycles(edges, ids, faults)
  return specs
}
