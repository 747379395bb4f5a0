import type { Problem } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type { Known } from './check-submission.ts'
import type { State } from './state.ts'

/**
 * Checks that what unfinished runs need is still configured: otherwise they would wait for ever, or
 * fail for a reason that is not theirs. Errors: `INVALID_INPUT`, one problem for each name that is gone.
 */
export function checkRecovered(state: State, known: Known): void {
  const executors = new Set(known.executors.map(({ name }) => name))
  const runtimes = new Set(known.runtimes)
  const gone = new Map<string, Set<string>>()
  const need = (what: string, name: string, run: string, there: boolean) => {
    if (there) return
    const key = `${what} ${name}`
    gone.set(key, (gone.get(key) ?? new Set()).add(run))
  }
  for (const run of state.runs.values()) {
    for (const { phase, spec } of run.items) {
      if (phase === 'settled') continue
      need('queue', spec.queue, run.id, Object.hasOwn(known.queues, spec.queue))
      need('executor', spec.executor, run.id, executors.has(spec.executor))
      need('runtime', spec.runtime, run.id, runtimes.has(spec.runtime))
    }
  }
  for (const { executor, run } of state.launches.values()) need('executor', executor, run, executors.has(executor))
  if (gone.size === 0) return
  const problems = [...gone].map(([what, runs]): Problem => ({
    code: 'INVALID_INPUT',
    message: `The ${what} is not configured, and ${runs.size} unfinished run(s) need it, such as ${[...runs][0] ?? ''}.`,
    remedy: `Configure the ${what} again; it can go once those runs have ended or were cancelled.`,
  }))
  throw new SeamError('INVALID_INPUT', problems[0]?.message ?? '', { problems })
}
