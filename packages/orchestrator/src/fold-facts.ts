import type { AnyRecord, RefusedRequests } from '@seamark/core'
import { LIMITS } from '@seamark/log'
import type { Item } from './state.ts'

type FactRecord = Extract<AnyRecord, { readonly kind: 'egress.decided' | 'tool.denied' | 'tool.allowed' }>

/** What an attempt did on its way: evidence, from which nothing follows. */
export function isFact(record: AnyRecord): record is FactRecord {
  return record.kind === 'egress.decided' || record.kind === 'tool.denied' || record.kind === 'tool.allowed'
}

/** What its way out refused an item is counted, and is in its row when that is written next: a flood of it writes none. */
export function foldFact(item: Item | undefined, { kind, data }: FactRecord): void {
  if (item !== undefined && kind === 'egress.decided' && data.outcome === 'refused')
    item.refusedRequests = withRefused(item.refusedRequests, data)
}

function withRefused(
  { count, reasons }: RefusedRequests = { count: 0, reasons: [] },
  more: { readonly reason: string; readonly count: number },
): RefusedRequests {
  const known = reasons.includes(more.reason) || reasons.length === LIMITS.refusedReasons
  return {
    count: Math.min(count + more.count, Number.MAX_SAFE_INTEGER),
    reasons: known ? reasons : [...reasons, more.reason],
  }
}
