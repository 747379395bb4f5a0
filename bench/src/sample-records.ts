import type { RecordDraft } from '@seamark/core'
import type { LogCursor, RunTail } from '@seamark/log'
import { emptyFrontier } from '@seamark/log'
import { EMPTY_BLOB } from '@seamark/orchestrator'

const product = { outputs: [], stdout: EMPTY_BLOB, stderr: EMPTY_BLOB }
const RUN_ITEMS = 10_000

/** The `n`th of the records that items leave which are launched, end and settle, in runs of 10,000 items. */
export function sampleDraft(n: number): RecordDraft {
  const index = Math.floor(n / 3)
  const about = {
    actor: 'engine',
    run: `run-${Math.floor(index / RUN_ITEMS)}`,
    item: `item-${index % RUN_ITEMS}`,
    attempt: 1,
    fence: index + 1,
  }
  const at = 1_700_000_000_000 + n
  if (n % 3 === 0) {
    const launchId = `sm${index.toString(32).padStart(32, 'a')}`
    return { kind: 'item.launched', ...about, data: { step: 'main', launchId, executor: 'noop' } }
  }
  if (n % 3 === 1) {
    const exit = { code: 0, reason: 'exited', startedAt: at, endedAt: at, outputBytes: 0 } as const
    return {
      kind: 'attempt.ended',
      ...about,
      data: { outcome: 'succeeded', reason: 'completed', exit, product },
    }
  }
  return { kind: 'item.settled', ...about, data: { outcome: 'succeeded', reason: 'completed' } }
}

/** The start of an empty log. */
export function firstCursor(ns: string, epoch: number): LogCursor {
  return { ns, epoch, lastAt: 0, frontier: emptyFrontier(), tails: new Map<string, RunTail>() }
}
