import type { Submission } from '@seamark/core'
import { hasCode, SeamError } from '@seamark/kit'
import type { Engine, WaitingReason } from '../../src/engine.ts'
import { LOCAL } from '../harness.ts'
import type { Host } from './hands.ts'
import { answerTo } from './hands.ts'
import type { World } from './world.ts'

/** What nobody may do to a question that waits: of two who answer one is heard, and who only resumes it is not. */
export async function answerOne(
  engine: Engine,
  sim: World,
  { run, item }: { readonly run: string; readonly item: string },
  { token, question }: WaitingReason & { for: 'parked' },
): Promise<string | undefined> {
  if (question === undefined) return undefined
  const resumed = sim.chance(0.3)
    ? engine.resume(LOCAL, run, item, token).then(
        () => `${item} was resumed without its answer`,
        () => undefined,
      )
    : undefined
  const once = async () => {
    try {
      await engine.answer(LOCAL, run, item, token, answerTo(question))
    } catch (error) {
      // The item may be gone meanwhile, and so may the engine.
      if (!hasCode(error, 'CONFLICT') && !hasCode(error, 'NOT_FOUND') && !hasCode(error, 'UNAVAILABLE')) throw error
    }
  }
  await Promise.all(sim.chance(0.3) ? [once(), once()] : [once()])
  return resumed
}

/** Resumes the first parked item by its own token, before its time. */
export async function answerParked(engine: Engine, submissions: ReadonlyMap<string, Submission>): Promise<void> {
  for (const { run, items } of submissions.values()) {
    for (const { id } of items) {
      const waiting = engine.waiting(run, id)
      if (waiting?.for === 'parked') return engine.resume(LOCAL, run, id, waiting.token)
    }
  }
  throw new SeamError('UNAVAILABLE', 'nothing is parked')
}

/** Cancels an item whose gate was refused, or its run, while it waits. */
export async function cancelRefused(engine: Engine, { refusedGate }: Host): Promise<unknown> {
  const { run, item } = refusedGate ?? {}
  if (run === undefined || item === undefined || engine.waiting(run, item.id)?.for !== 'parked')
    throw new SeamError('UNAVAILABLE', 'no gate waits')
  return engine.cancel(LOCAL, run, item.priority === 0 ? undefined : item.id)
}
