import type { Isolation } from '@seamark/core'
import type { Deployment } from './deployment.ts'

/** How strongly the executor of a name separates an attempt from the host; `undefined` where there is none of that name. */
export function isolationOf(
  { executors }: Pick<Deployment, 'executors'>,
  executor: string | undefined,
): Isolation | undefined {
  return executors.find(({ name }) => name === executor)?.guarantees.isolation.value
}
