import type { Executor, Problem, RuntimeAdapter } from '@seamark/core'
import type { PlanDeployment } from '@seamark/protocol'

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
}): PlanNames {
  const { executors, runtimes, queues } = parts
  const works = new Set<Executor>()

  async function unavailable(): Promise<ReadonlyMap<string, Problem>> {
    const problems = new Map<string, Problem>()
    for (const executor of executors) {
      // What worked once is not tried before each submission; its failures are those of launches then.
      const problem = works.has(executor) ? undefined : await executor.unavailable?.()
      if (problem === undefined) works.add(executor)
      else problems.set(executor.name, problem)
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
        executors: executors.map(({ name }) => {
          const { message, remedy } = problems.get(name) ?? {}
          if (message === undefined) return { name }
          return { name, unavailable: { message, ...(remedy !== undefined && { remedy }) } }
        }),
        runtimes: runtimes.map(({ name }) => name),
        ...(only && { defaults: { executor: only.name } }),
      }
    },
  }
}
