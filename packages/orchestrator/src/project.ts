import type { ItemRow, RunRow } from '@seamark/core'
import type { Item, Run } from './state.ts'
import { itemStatus } from './state.ts'

/** A run as its row shows it. */
export function runRow(
  run: Run,
  tail: { readonly runSeq: number; readonly leaf: string; readonly segment: number } | undefined,
): RunRow {
  const { spec, settled } = run
  return {
    run: run.id,
    ...(spec.name !== undefined && { name: spec.name }),
    status: run.status ?? (run.canceling === undefined ? 'running' : 'canceling'),
    seq: run.seq,
    plan: run.plan,
    ...(spec.workspace.type === 'git' && { commit: spec.workspace.commit }),
    items: Math.max(run.announced, run.items.length),
    ...(run.paused && run.sealedAt === undefined && { paused: run.paused }),
    settled: { ...settled },
    ...(run.rerun && { rerun: run.rerun }),
    submittedBy: run.submittedBy,
    submittedAt: run.submittedAt,
    ...(run.sealedAt !== undefined && { sealedAt: run.sealedAt, ...(tail && { tail }) }),
  }
}

/** An item as its row shows it. */
export function itemRow(run: string, item: Item): ItemRow {
  const { parked } = item
  return {
    run,
    index: item.index,
    item: item.id,
    status: itemStatus(item),
    attempt: item.attempt,
    ...(item.reason !== undefined && { reason: item.reason }),
    ...(item.detail !== undefined && { detail: item.detail }),
    ...(parked && {
      parked: {
        reason: parked.reason,
        token: parked.token,
        ...(parked.resumeAt !== undefined && { resumeAt: parked.resumeAt }),
        ...(parked.budget && { budget: parked.budget }),
        ...(parked.detail !== undefined && { detail: parked.detail }),
      },
    }),
    ...(item.product && { product: item.product }),
    ...(item.left && { left: item.left }),
    ...(item.refusedWrites && { refusedWrites: item.refusedWrites }),
    ...(item.refusedRequests && { refusedRequests: item.refusedRequests }),
    ...(item.activity && { activity: item.activity }),
    ...(item.summaries && { summaries: item.summaries }),
    ...(item.startedAt !== undefined && { startedAt: item.startedAt }),
    ...(item.endedAt !== undefined && { endedAt: item.endedAt }),
    executor: item.spec.executor,
  }
}
