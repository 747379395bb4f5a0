import type { AnyRecord, InputRef, ItemOutcome, Product } from '@seamark/core'

/** What headers say of one item. */
export interface ItemFold {
  readonly id: string
  readonly needs: readonly number[]
  /** An attempt added it: it is not of the plan. */
  readonly child: boolean
  outcome?: ItemOutcome
  /** Attempts launched, from 1. */
  attempt: number
  /** Fence of the newest launch. */
  fence: number
  /** Step of the launch that has not ended. */
  live?: string
  /** The main step was captured and gates judge it: number of the next one. */
  gate?: number
  /** What the newest attempt came to; absent while it goes on. */
  ended?: string
  /** A gate said no. */
  rejected: boolean
  /** The step that was refused for capacity: it is launched again under the attempt's number. */
  refused?: string
  /** Token of the wait that it is in. */
  parked?: string
  /** Its product is that of an earlier run: it is not run. */
  taken?: true
  /** Of the newest attempt, while it may count. */
  product?: Product
}

/** The item as it was added. */
export function newItem(id: string, needs: readonly number[], child: boolean): ItemFold {
  return { id, needs, child, attempt: 0, fence: -1, rejected: false }
}

/** Takes in a record about an item that is not settled; gives a stable code where it is not legal. */
export function foldItem(item: ItemFold, record: AnyRecord): string | undefined {
  if (item.outcome !== undefined) return 'after-settlement'
  switch (record.kind) {
    case 'item.launched':
      return launched(item, record.data.step, record.attempt ?? 0, record.fence ?? -1)
    case 'egress.decided':
    case 'tool.denied':
    case 'tool.allowed':
    case 'conversation.begun':
    case 'usage.reserved':
    case 'usage.settled':
    case 'usage.refused':
      return item.live !== undefined && isCurrent(item, record) ? undefined : 'fact-without-launch'
    case 'item.taken':
      if (item.child || item.attempt > 0 || item.ended !== undefined) return 'taken-after-launch'
      item.taken = true
      item.ended = 'succeeded'
      item.product = record.data.product
      return undefined
    case 'item.captured':
      if (item.live !== 'main') return 'end-without-launch'
      if (!isCurrent(item, record)) return 'old-fence'
      delete item.live
      item.gate = 0
      item.product = record.data.product
      return undefined
    case 'gate.ended':
      if (item.live !== `gate:${record.data.gate}`) return 'end-without-launch'
      if (!isCurrent(item, record)) return 'old-fence'
      delete item.live
      item.gate = record.data.gate + 1
      if (!record.data.passed) item.rejected = true
      return undefined
    case 'attempt.ended':
      if (item.attempt === 0 || item.ended !== undefined || item.refused === 'main') return 'end-without-launch'
      if (!isCurrent(item, record)) return 'old-fence'
      if (item.live !== undefined && item.live !== 'main') return 'gate-not-ended'
      if (item.live === undefined && item.gate === undefined) return 'end-without-launch'
      if (item.refused !== undefined && record.data.outcome === 'succeeded') return 'gate-not-ended'
      if (record.data.outcome === 'succeeded' && (item.rejected || (item.product ?? record.data.product) === undefined))
        return 'success-not-borne-out'
      item.ended = record.data.outcome
      delete item.refused
      if (record.data.outcome !== 'succeeded') delete item.product
      else if (record.data.product !== undefined) item.product = record.data.product
      delete item.live
      delete item.gate
      return undefined
    case 'item.parked':
      if (item.parked !== undefined) return 'parked-twice'
      if (item.live !== undefined) {
        if (record.data.reason !== 'capacity' || !isCurrent(item, record)) return 'parked-while-running'
        item.refused = item.live
        delete item.live
      } else if (item.gate !== undefined) return 'parked-while-running'
      item.parked = record.data.token
      return undefined
    case 'item.resumed':
    case 'locks.released':
      if (item.parked !== record.data.token) return 'not-parked'
      if (record.kind === 'item.resumed') delete item.parked
      return undefined
    case 'item.settled':
      if (record.fence !== undefined && !isCurrent(item, record)) return 'old-fence'
      return settle(item, record.data.outcome)
    default:
      return undefined
  }
}

/** Settles an item; gives a stable code where that is not legal. */
export function settle(item: ItemFold, outcome: ItemOutcome): string | undefined {
  if (item.outcome !== undefined) return 'second-settlement'
  if (item.live !== undefined || item.gate !== undefined) return 'settled-while-running'
  if (outcome === 'succeeded' && item.ended !== 'succeeded') return 'success-not-borne-out'
  item.outcome = outcome
  delete item.parked
  if (outcome !== 'succeeded') delete item.product
  return undefined
}

/** Whether a settled item's product is where an input says it came from. */
export function supplies(from: ItemFold, input: InputRef): boolean {
  const { product } = from
  if (product === undefined || from.outcome !== 'succeeded') return false
  const blob =
    input.select === 'patch'
      ? (product.patch ?? emptyBlob)
      : input.select === 'workspace'
        ? product.snapshot
        : product.outputs.find(({ path }) => path === input.path)?.blob
  return blob !== undefined && blob.sha256 === input.blob.sha256 && blob.size === input.blob.size
}

// The patch of an item that changed nothing.
const emptyBlob = { sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', size: 0 }

function launched(item: ItemFold, step: string, attempt: number, fence: number): string | undefined {
  if (item.live !== undefined) return 'launched-while-running'
  if (item.parked !== undefined) return 'launched-while-parked'
  if (item.taken) return 'launched-after-taken'
  if (step === 'main') {
    if (item.gate !== undefined) return 'launched-while-running'
    if (attempt !== item.attempt + (item.refused === 'main' ? 0 : 1)) return 'attempt-out-of-order'
    if (item.attempt > 0 && item.refused !== 'main' && item.ended === undefined) return 'launched-while-running'
    item.attempt = attempt
    item.rejected = false
    delete item.ended
    delete item.product
  } else {
    if (step !== `gate:${item.gate ?? -1}` || item.rejected) return 'illegal-step'
    if (attempt !== item.attempt) return 'attempt-out-of-order'
  }
  delete item.refused
  item.fence = fence
  item.live = step
  return undefined
}

/** Whether a record is of the newest launch of an item. */
export function isCurrent(
  item: ItemFold | undefined,
  { fence, attempt }: Pick<AnyRecord, 'fence' | 'attempt'>,
): boolean {
  return item !== undefined && fence === item.fence && attempt === item.attempt
}
