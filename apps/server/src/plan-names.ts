import type { Executor, Problem, RunPolicies, RuntimeAdapter } from '@seamark/core'
import type { EgressHolds, ExecutorHolds, PlanDeployment } from '@seamark/protocol'

/** What a plan may name, asked anew at each submission: a sandbox may be installed while the service runs. */
export interface PlanNames {
  now(): Promise<PlanDeployment>
  /** Executors that can start nothing now, and why. */
  unavailable(): Promise<ReadonlyMap<string, Problem>>
}

export function planNames(parts: {
  readonly executors: readonly Executor[]
  readonly runtimes: readonly RuntimeAdapter[]
  readonly queues: readonly string[]
  readonly agents: readonly string[]
  readonly policies: RunPolicies
  readonly egress: EgressHolds
  /** What an executor lacks now of what this deployment requires. */
  readonly shortfall: (executor: Executor) => Promise<Problem | undefined>
}): PlanNames {
  const { executors, runtimes, queues, agents, policies, egress, shortfall } = parts
  const works = new Set<Executor>()

  async function unavailable(): Promise<ReadonlyMap<string, Problem>> {
    const problems = new Map<string, Problem>()
    for (const executor of executors) {
      // What worked once is not tried before each submission; its failures are those of launches then.
      // What stood in the way of a way out may have been put right.
      const isKnown = works.has(executor) && executor.guarantees.noWayOut === undefined
      const problem = isKnown ? undefined : await executor.unavailable?.()
      if (problem === undefined) works.add(executor)
      const lacking = problem ?? (await shortfall(executor))
      if (lacking !== undefined) problems.set(executor.name, lacking)
    }
    return problems
  }

  // Where `sandbox` is not configured, the only executor is the default: naming one of several is up to the plan.
  const only = executors.length === 1 ? executors[0] : undefined
  return {
    unavailable,
    async now() {
      const problems = await unavailable()
      return {
        queues,
        agents,
        policies,
        egress,
        children: true,
        executors: executors.map((executor) => {
          const { name } = executor
          const { message, remedy } = problems.get(name) ?? {}
          const holds = holdsOf(executor)
          if (message === undefined) return { name, holds }
          return { name, holds, unavailable: { message, ...(remedy !== undefined && { remedy }) } }
        }),
        runtimes: runtimes.map(({ name }) => name),
        lineRuntimes: runtimes.filter(({ kind }) => kind === 'command').map(({ name }) => name),
        promptRuntimes: runtimes.filter(({ guarantees }) => guarantees.takes === 'prompt').map(({ name }) => name),
        askingRuntimes: runtimes.filter(({ guarantees }) => guarantees.tools === 'asked').map(({ name }) => name),
        agentRuntimes: Object.fromEntries(runtimes.map(({ name, guarantees }) => [name, guarantees.agent ?? []])),
        ...(only && { defaults: { executor: only.name } }),
      }
    },
  }
}

/** As it says it now: some learn what they promise from the place they stand on. */
function holdsOf({ guarantees }: Executor): ExecutorHolds {
  const { filesystem, network, limits, companions, noWayOut } = guarantees
  const { cpu, memory, pids, disk, idle } = limits
  return {
    filesystem,
    network: network.value,
    ...(companions && { companions }),
    ...(noWayOut && { noWayOut }),
    limits: {
      cpu: cpu.value,
      memory: memory.value,
      pids: pids.value,
      disk: disk.value,
      idle: idle?.value ?? 'none',
    },
  }
}
