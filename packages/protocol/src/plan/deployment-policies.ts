import type { ItemSpec, LevelPolicy, Policy, PolicyPart, Problem, RunPolicies, SetupSpec } from '@seamark/core'
import { isSeamError } from '@seamark/kit'
import { effective } from '@seamark/policy'
import { parsePolicy } from './policy.ts'

export type DeploymentPolicies =
  { readonly ok: true; readonly policies: RunPolicies } | { readonly ok: false; readonly problems: readonly Problem[] }

/** Whether a policy says anything. */
export function says(policy: Policy | undefined): policy is Policy {
  return policy !== undefined && Object.keys(policy).length > 0
}

/** What is said under a name, where anything is. */
export function saidOf(all: Readonly<Record<string, Policy>> | undefined, name: string): Policy | undefined {
  const policy = all !== undefined && Object.hasOwn(all, name) ? all[name] : undefined
  return says(policy) ? policy : undefined
}

/** The levels above an item. Pointers are into the configuration; that of a version is into its `agent.yaml`. */
export function levelsAbove(
  { deployment, queues, agents, versions }: RunPolicies,
  queue: string | undefined,
  agent: string | undefined,
  /** Digest of the version of the agent. */
  version?: string,
): readonly LevelPolicy[] {
  const ofQueue = queue === undefined ? undefined : saidOf(queues, queue)
  const ofAgent = agent === undefined ? undefined : saidOf(agents, agent)
  const ofVersion = version === undefined ? undefined : saidOf(versions, version)
  return [
    ...(says(deployment) ? [{ level: 'deployment', policy: deployment, pointer: '/policy' } as const] : []),
    ...(ofQueue ? [{ level: 'queue', policy: ofQueue, pointer: `/queues/${queue}/policy` } as const] : []),
    ...(ofAgent ? [{ level: 'agent', policy: ofAgent, pointer: `/agents/${agent}/policy` } as const] : []),
    ...(ofVersion ? [{ level: 'version', policy: ofVersion, pointer: '/policy' } as const] : []),
  ]
}

/**
 * The levels above a set-up, which belongs to no queue. What the deployment says of set-ups holds in place of what it says of
 * attempts, part by part. Hosts are there only where it is said of set-ups which: by the deployment, or by the plan among
 * those of attempts.
 */
export function levelsAboveSetup({ deployment = {}, setup = {} }: RunPolicies, own: Policy): readonly LevelPolicy[] {
  const limits = { ...deployment.limits, ...setup.limits }
  const tools = { ...deployment.tools, ...setup.tools }
  const network = setup.network ?? (own.network && deployment.network)
  const policy: Policy = {
    ...(network && { network }),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(Object.keys(tools).length > 0 && { tools }),
  }
  return says(policy) ? [{ level: 'deployment', policy, pointer: says(setup) ? '/setup/policy' : '/policy' }] : []
}

/** A part of the policy of a set-up, with what it has from `policy` of the deployment said to be from there. */
export function setupPart({ setup = {} }: RunPolicies, part: PolicyPart): PolicyPart {
  const [, group = '', field = ''] = part.pointer.split('/')
  const said: unknown = Reflect.get(setup, group)
  if (group === 'network' ? said !== undefined : Reflect.get(Object(said), field) !== undefined) return part
  const from = part.from.map((source) =>
    source.level === 'deployment'
      ? { ...source, pointer: source.pointer.replace(/^\/setup\/policy\//, '/policy/') }
      : source,
  )
  return { ...part, from }
}

/** What levels that are configured, and not versions of agents, say of these items and of their set-up. */
export function policiesOf(
  { deployment, queues, agents, setup }: RunPolicies,
  items: readonly Pick<ItemSpec, 'queue' | 'agent'>[],
  ofSetup: SetupSpec | undefined,
): RunPolicies {
  const said = (all: RunPolicies['queues'], names: readonly (string | undefined)[]): Record<string, Policy> => {
    const found: Record<string, Policy> = {}
    for (const name of names) {
      const policy = name === undefined ? undefined : saidOf(all, name)
      if (name !== undefined && policy !== undefined) found[name] = policy
    }
    return found
  }
  return {
    ...(says(deployment) && { deployment }),
    queues: said(
      queues,
      items.map(({ queue }) => queue),
    ),
    agents: said(
      agents,
      items.map(({ agent }) => agent),
    ),
    ...(ofSetup !== undefined && says(setup) && { setup }),
  }
}

/** What the levels ask for and do not get, and what they need too much of. */
function together(levels: readonly LevelPolicy[]): readonly Problem[] {
  try {
    return effective(levels).problems
  } catch (error) {
    if (!isSeamError(error)) throw error
    return error.problems
  }
}

/**
 * Reads the policies of a configuration, written as in a plan. Never throws for what they hold: every problem is in the
 * result at once, its pointer into the configuration (`/policy`, `/queues/NAME/policy`, `/agents/NAME/policy`,
 * `/setup/policy`). Codes: `INVALID_INPUT`, `LIMIT_EXCEEDED`, and `FORBIDDEN` where a queue or an agent asks for more than the
 * deployment gives. Whether an agent fits into a queue is told of the items that are of both.
 */
export function deploymentPolicies(written: {
  readonly policy?: unknown
  readonly queues?: Readonly<Record<string, { readonly policy?: unknown }>>
  readonly agents?: Readonly<Record<string, { readonly policy?: unknown }>>
  readonly setup?: { readonly policy?: unknown }
}): DeploymentPolicies {
  const problems: Problem[] = []
  const read = (value: unknown, at: string): Policy | undefined => {
    if (value === undefined) return undefined
    const result = parsePolicy(value)
    if (result.ok) return result.policy
    for (const problem of result.problems)
      problems.push({ ...problem, place: { pointer: at + (problem.place?.pointer ?? '') } })
    return undefined
  }
  const deployment = read(written.policy, '/policy')
  const readAll = (of: 'queues' | 'agents'): Record<string, Policy> => {
    const all: Record<string, Policy> = {}
    for (const [name, one] of Object.entries(written[of] ?? {})) {
      const policy = read(one.policy, `/${of}/${name}/policy`)
      if (policy !== undefined) all[name] = policy
    }
    return all
  }
  const queues = readAll('queues')
  const agents = readAll('agents')
  const setup = read(written.setup?.policy, '/setup/policy')
  if (setup?.filesystem !== undefined)
    problems.push({
      code: 'INVALID_INPUT',
      message: 'A set-up sees its key files and writes its own folder: there is nothing to say of its files.',
      remedy: 'Take it out.',
      place: { pointer: '/setup/policy/filesystem' },
    })
  const policies: RunPolicies = { ...(deployment && { deployment }), queues, agents, ...(setup && { setup }) }
  if (problems.length === 0) {
    for (const name of Object.keys(queues)) problems.push(...together(levelsAbove(policies, name, undefined)))
    for (const name of Object.keys(agents)) problems.push(...together(levelsAbove(policies, undefined, name)))
  }
  return problems.length === 0 ? { ok: true, policies } : { ok: false, problems }
}
