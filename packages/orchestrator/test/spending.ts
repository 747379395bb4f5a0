import type { AttemptPort, ItemSpec, SpendLimits, StepVerdict, UsageAnswer, UsagePort, Worker } from '@seamark/core'
import type { Engine, EngineOptions } from '../src/index.ts'
import { engineWith, fakeHands, item, product } from './harness.ts'
import { SUCCEEDED } from './records.ts'

const FAILED = { outcome: 'failed', reason: 'exit-code', detail: '1' } as const
export const SNAPSHOT = { sha256: '5'.repeat(64), size: 5 }
export const call = (id: string, worst: SpendLimits = { tokens: 10, nanoUsd: 40 }) => ({
  id,
  provider: 'p',
  model: 'm',
  worst,
})
export const used = (nanoUsd: number, tokens = 1) => ({ as: 'used', amount: { tokens, nanoUsd } }) as const

/** An engine whose attempts make these calls, one after the other; they fail where one is refused, and end like this otherwise. */
export async function spending(
  calls: (usage: UsagePort, attempt: number, run: string) => Promise<readonly UsageAnswer[]>,
  more: Partial<EngineOptions> = {},
  verdict: StepVerdict = SUCCEEDED,
  refusedVerdict: StepVerdict = FAILED,
) {
  const refused = new Set<string>()
  const hands = fakeHands(({ launchId, step }) => (step === 'main' && refused.has(launchId) ? refusedVerdict : verdict))
  const ports = new Map<number, AttemptPort>()
  const worker: Worker = {
    ...hands.worker,
    async follow(task, executor, exit, options) {
      if (task.step === 'main' && options?.port?.usage !== undefined) {
        ports.set(task.fence, options.port)
        const answers = await calls(options.port.usage, task.attempt, task.run)
        if (answers.some(({ ok }) => !ok)) refused.add(task.launchId)
      }
      await hands.worker.follow(task, executor, exit)
    },
    async capture(task, executor, exit) {
      const report = await hands.worker.capture(task, executor, exit)
      return task.step === 'main' ? { ...report, product: { ...product(), snapshot: SNAPSHOT } } : report
    },
  }
  return { hands, ports, ...(await engineWith(hands, { worker, ...more })) }
}

export const spend = (nanoUsd: number) => async (usage: UsagePort) => {
  const answer = await usage.reserve(call('c1', { tokens: 10, nanoUsd }))
  if (answer.ok) await usage.settle('c1', used(nanoUsd))
  return [answer]
}

export const budgeted = (id: string, budget: SpendLimits, more: Partial<ItemSpec> = {}) => item(id, { budget, ...more })

/** Of the wait that an item of run `r1` is in, or nothing. */
export function tokenOf(engine: Engine, item: string): string {
  const waiting = engine.waiting('r1', item)
  return waiting?.for === 'parked' ? waiting.token : ''
}
