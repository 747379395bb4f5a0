import type { Executor, RuntimeAdapter } from '@seamark/core'
import { sandboxAvailable } from '@seamark/executor-sandbox'
import type { PlanDeployment } from '@seamark/protocol'

/** What a plan may name, asked anew at each submission: a sandbox may be installed while the service runs. */
export interface PlanNames {
  now(): Promise<PlanDeployment>
  /** Why the sandbox can not be used, where it is configured. */
  sandboxProblem(): Promise<{ readonly message: string; readonly remedy?: string } | undefined>
}

export function planNames(parts: {
  readonly executors: readonly Executor[]
  readonly runtimes: readonly RuntimeAdapter[]
  readonly queues: readonly string[]
}): PlanNames {
  const { executors, runtimes, queues } = parts
  const sandboxed = executors.some(({ kind }) => kind === 'sandbox')
  let works = !sandboxed

  async function sandboxProblem(): Promise<{ message: string; remedy?: string } | undefined> {
    if (works) return undefined
    const found = await sandboxAvailable()
    works = found.ok
    if (found.ok) return undefined
    const { message, remedy } = found.problem
    return { message, ...(remedy !== undefined && { remedy }) }
  }

  // Without a sandbox there is no default: whoever wants less has to name it.
  const only = executors.length === 1 ? executors[0] : undefined
  return {
    sandboxProblem,
    async now() {
      const problem = await sandboxProblem()
      return {
        queues,
        executors: executors.map(({ name, kind }) => ({
          name,
          ...(kind === 'sandbox' && problem && { unavailable: problem }),
        })),
        runtimes: runtimes.map(({ name }) => name),
        ...(only && { defaults: { executor: only.name } }),
      }
    },
  }
}
