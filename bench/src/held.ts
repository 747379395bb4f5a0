import type { Executor } from '@seamark/core'
import { noopExecutor } from './noop.ts'

/** An executor whose launches run on until they are killed, also those of a service before: their owner outlives it. */
export function heldExecutor(): Executor {
  return {
    ...noopExecutor(),
    launch: async () => ({ outcome: 'launched' }),
    attach: async () => ({ state: 'running', startedAt: Date.now() }),
  }
}
