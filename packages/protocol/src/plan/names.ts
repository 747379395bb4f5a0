import type { PlanDeployment } from './deployment.ts'
import { meant } from './explain.ts'
import type { Faults, Path } from './fault.ts'
import { quoted } from './quoted.ts'

/** Which of the deployment's parts an item gets. */
export interface NameResolver {
  /**
   * The name written in the item, in the plan's defaults, or the deployment's default. A name that
   * does not exist, and an executor that is not available, is a fault: at every item that writes it,
   * and once where it comes from a default.
   */
  resolve(kind: 'queue' | 'executor' | 'runtime', own: string | undefined, path: Path): string
}

export function nameResolver(
  deployment: PlanDeployment,
  planDefaults: Readonly<Partial<Record<'queue' | 'executor' | 'runtime', string>>>,
  faults: Faults,
  /** False where the head of the plan is wrong, so that its defaults are not known. */
  defaultsKnown: boolean,
): NameResolver {
  const known = {
    queue: deployment.queues,
    executor: deployment.executors.map(({ name }) => name),
    runtime: deployment.runtimes,
  }
  const sets = { queue: new Set(known.queue), executor: new Set(known.executor), runtime: new Set(known.runtime) }
  const away = new Map(deployment.executors.map(({ name, unavailable }) => [name, unavailable]))
  const builtIn = { queue: 'default', executor: 'sandbox', runtime: 'command', ...deployment.defaults }
  const told = new Set<string>()

  return {
    resolve(kind, own, path) {
      if (own === undefined && !defaultsKnown) return ''
      const name = own ?? planDefaults[kind] ?? builtIn[kind]
      const missing = !sets[kind].has(name)
      const unavailable = kind === 'executor' ? away.get(name) : undefined
      if (!missing && unavailable === undefined) return name
      if (own === undefined) {
        if (told.has(kind)) return name
        told.add(kind)
      }
      const shared = planDefaults[kind] === undefined ? path : kind === 'queue' ? ['queue'] : ['defaults', kind]
      const place = own === undefined ? shared : [...path, kind]
      if (missing) {
        const guess = meant(name, known[kind])
        const list = known[kind].slice(0, 10).map(quoted).join(', ')
        faults.add({
          code: 'INVALID_INPUT',
          message: `This deployment has no ${kind} ${quoted(name)}.`,
          remedy:
            guess === undefined ? `Use ${list || `a deployment that has one`}.` : `Did you mean ${quoted(guess)}?`,
          path: place,
        })
      } else if (unavailable !== undefined)
        faults.add({
          code: 'UNAVAILABLE',
          message: unavailable.message,
          ...(unavailable.remedy !== undefined && { remedy: unavailable.remedy }),
          path: place,
        })
      return name
    },
  }
}
