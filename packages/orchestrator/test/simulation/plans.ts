import type { ItemSpec, LockSpec, Principal, Submission } from '@seamark/core'
import type { BudgetDefaults } from '../../src/commands.ts'
import { item, LOCAL, submission } from '../harness.ts'
import type { World } from './world.ts'

/** Who submits a run, in the teams that it is in when it asks. */
export function memberFor(run: string, later: boolean): Principal {
  const teams = run.endsWith('1') ? ['blue'] : ['red', 'blue', 'red']
  return run.endsWith('0') ? LOCAL : { ...LOCAL, teams: later ? ['green'] : teams }
}

/** What the configuration lets be spent at a start. That of a team is taken away by one and set again by the next. */
export function budgetsAt(seed: number, crashes: number): BudgetDefaults {
  if (seed % 3 === 0) return { principal: { tokens: 200 + crashes * 50 }, day: { nanoUsd: 300 } }
  if (seed % 3 === 2) return {}
  return {
    agents: { reviewer: { tokens: 60 + crashes * 20 }, writer: { nanoUsd: 200 } },
    teams: { ...(crashes % 2 === 0 && { blue: { nanoUsd: 70 } }), red: { tokens: 150, nanoUsd: 400 } },
  }
}

/** A small plan of any shape. */
export function randomPlan(sim: World, run: string): Submission {
  const count = 1 + Math.floor(sim.random() * 7)
  const paths = ['src', 'src/a', 'src/a/x.ts', 'docs', 'docs/b']
  const items: ItemSpec[] = []
  // Longer than anything else goes on, or not.
  const delays = sim.chance(0.5) ? { minDelayMs: 5_000, maxDelayMs: 20_000 } : { minDelayMs: 20, maxDelayMs: 200 }
  for (let index = 0; index < count; index++) {
    const needs = items.flatMap((_, from) => (sim.chance(0.25) ? [{ from }] : []))
    const locks: LockSpec[] = paths.flatMap((path): LockSpec[] =>
      sim.chance(0.15) ? [{ type: sim.chance(0.5) ? 'tree' : 'path', path }] : [],
    )
    if (sim.chance(0.15)) locks.push({ type: 'name', name: 'deploy' })
    const gate = { run: 'test', protect: [], timeoutMs: 6_000 }
    const gates = sim.chance(0.4) ? Array.from({ length: sim.chance(0.3) ? 2 : 1 }, () => gate) : []
    items.push(
      item(`i${index}`, {
        needs,
        locks,
        gates,
        priority: sim.chance(0.2) ? 5 : 0,
        timeoutMs: 7_000,
        retries: { max: Math.floor(sim.random() * 3), ...delays },
        ...(sim.chance(0.15) && { budget: { tokens: 30 } }),
        ...(index % 3 === 1 && { agent: 'reviewer' }),
        ...(index % 3 === 2 && { agent: 'writer' }),
      }),
    )
  }
  const layered = sim.chance(0.4)
  return submission(run, items, {
    spec: {
      workspace: sim.chance(0.5)
        ? { type: 'empty' }
        : {
            type: 'git',
            source: '/r',
            repository: 'r',
            commit: 'c'.repeat(40),
            tree: 'd'.repeat(40),
            uncommitted: { count: 0, paths: [] },
            submodules: [],
          },
      ...(sim.chance(0.15) && { timeoutMs: 1 + Math.floor(sim.random() * 8_000) }),
      ...(sim.chance(0.3) && { budget: { nanoUsd: 60, ...(sim.chance(0.5) && { tokens: 80 }) } }),
      ...(layered && { setup: { run: 'make', key: [], paths: ['node_modules'], timeoutMs: 6_000 } }),
    },
    ...(layered && {
      layers: { fake: { digest: (sim.chance(0.5) ? 'e' : (run.at(-1) ?? 'e')).repeat(64), ready: sim.chance(0.1) } },
    }),
  })
}
