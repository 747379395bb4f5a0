import type { AnyRecord, Submission } from '@seamark/core'
import type { Engine } from '../../src/engine.ts'
import { LOCAL } from '../harness.ts'
import type { World } from './world.ts'

/** Seeds in which somebody pauses. The others draw the same numbers as without it. */
export function pauses(seed: number): boolean {
  return seed % 6 === 5
}

/** Somebody who pauses and resumes runs and all of them, twice now and then, and leaves nothing paused. */
export async function pausing(
  sim: World,
  client: (ask: (to: Engine) => Promise<unknown>) => Promise<void>,
  submissions: ReadonlyMap<string, Submission>,
): Promise<void> {
  const some = (most: number) =>
    new Promise<void>((resolve) => sim.clock.at(sim.clock.now() + Math.floor(sim.random() * most), resolve))
  for (let n = 0; n < 8; n++) {
    const run = sim.chance(0.3) ? undefined : sim.pick([...submissions.keys()])
    await some(2_000)
    await client((to) => to.pause(LOCAL, run))
    if (sim.chance(0.2)) await client((to) => to.pause(LOCAL, run))
    await some(3_000)
    // What is asked of a run that nobody knows yet has no effect.
    await client((to) => to.unpause(LOCAL, run))
  }
  await client((to) => to.unpause(LOCAL))
  for (const run of submissions.keys()) await client((to) => to.unpause(LOCAL, run))
}

/** Nothing is begun of what is paused. That of one run the verifier of bundles says as well. */
export function* pauseViolations(log: readonly { readonly header: AnyRecord }[]): Iterable<string> {
  const paused = new Set<string | undefined>()
  for (const { header } of log) {
    if (header.kind === 'run.paused' || header.kind === 'service.paused') paused.add(header.run)
    if (header.kind === 'run.resumed' || header.kind === 'service.resumed') paused.delete(header.run)
    const begins = header.kind === 'layer.launched' || (header.kind === 'item.launched' && header.data.step === 'main')
    if (begins && (paused.has(undefined) || paused.has(header.run))) yield `record ${header.seq} begins what is paused`
  }
}
