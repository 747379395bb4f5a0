import { namesVersion } from '../agent/reference.ts'
import type { PlanDeployment } from './deployment.ts'
import { meant } from '@seamark/kit'
import type { Faults, Path } from './fault.ts'
import { quoted } from './quoted.ts'

type Kind = 'queue' | 'executor' | 'runtime' | 'agent'

/** Which of the deployment's parts an item gets. */
export interface NameResolver {
  /**
   * The name written in the item, in the plan's defaults, or the deployment's default. A name that
   * does not exist, and an executor that is not available, is a fault: at every item that writes it,
   * and once where it comes from a default.
   */
  resolve(kind: Exclude<Kind, 'agent'>, own: string | undefined, path: Path): string
  /** The same of the agent, which an item need not have; `undefined` too for a version of one. */
  agent(own: string | undefined, path: Path): string | undefined
}

export function nameResolver(
  deployment: PlanDeployment,
  planDefaults: Readonly<Partial<Record<Kind, string>>>,
  faults: Faults,
  /** False where the head of the plan is wrong, so that its defaults are not known. */
  defaultsKnown: boolean,
): NameResolver {
  const known = {
    queue: deployment.queues,
    executor: deployment.executors.map(({ name }) => name),
    runtime: deployment.runtimes,
    agent: deployment.agents ?? [],
  }
  const sets = {
    queue: new Set(known.queue),
    executor: new Set(known.executor),
    runtime: new Set(known.runtime),
    agent: new Set(known.agent),
  }
  const away = new Map(deployment.executors.map(({ name, unavailable }) => [name, unavailable]))
  const builtIn = { queue: 'default', executor: 'sandbox', runtime: 'command', ...deployment.defaults }
  const told = new Set<string>()

  function check(kind: Kind, name: string, own: string | undefined, path: Path): void {
    const missing = !sets[kind].has(name)
    const unavailable = kind === 'executor' ? away.get(name) : undefined
    if (!missing && unavailable === undefined) return
    if (own === undefined) {
      if (told.has(kind)) return
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
        remedy: guess === undefined ? `Use ${list || `a deployment that has one`}.` : `Did you mean ${quoted(guess)}?`,
        path: place,
      })
    } else if (unavailable !== undefined)
      faults.add({
        code: 'UNAVAILABLE',
        message: unavailable.message,
        ...(unavailable.remedy !== undefined && { remedy: unavailable.remedy }),
        path: place,
      })
  }

  return {
    resolve(kind, own, path) {
      if (own === undefined && !defaultsKnown) return ''
      const name = own ?? planDefaults[kind] ?? builtIn[kind]
      check(kind, name, own, path)
      return name
    },
    agent(own, path) {
      const name = own ?? planDefaults.agent
      if (name === undefined || namesVersion(name)) return undefined
      check('agent', name, own, path)
      return name
    },
  }
}
