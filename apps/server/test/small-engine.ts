import type { Engine, EngineOptions } from '@seamark/orchestrator'
import { createEngine } from '@seamark/orchestrator'
import { allowLocal } from '@seamark/kit'
import { instantHands, memorySigner } from '@seamark/testing'

/** An engine whose items end at once; it is not started. */
export function smallEngine(
  store: Pick<EngineOptions, 'journal' | 'projections'>,
  more: Partial<EngineOptions> = {},
): Engine {
  const { worker, executors } = instantHands()
  return createEngine({
    ns: 'default',
    ...store,
    worker,
    executors,
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer: memorySigner('log'),
    queues: { default: { concurrency: 1 } },
    newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
    version: '0.0.0',
    holder: 'test',
    ...more,
  })
}
