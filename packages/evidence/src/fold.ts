import type { AnyRecord, InputRef, RecordData, RerunOf, RunOutcome } from '@seamark/core'
import { foldItem, isCurrent, newItem, settle, supplies, type ItemFold } from './fold-item.ts'

/** A record that the records before it do not allow. */
export interface Illegal {
  readonly check: 'items.legality' | 'items.inputs' | 'run.status'
  readonly code: string
}

/** Derives the status of items and run from headers alone, in O(items + products) memory. */
export interface RunFold {
  /** Takes in the run's next record. */
  add(record: AnyRecord): Illegal | undefined
  /** Items added so far. */
  readonly items: number
  /** The outcome that the records bear out, once every item has settled and nothing runs. */
  outcome(): RunOutcome | undefined
}

// What may be recorded about a run after its seal; none of it has an effect.
const harmless = new Set(['command.denied', 'command.voided', 'cancel.requested', 'leftover.killed', 'run.sealed'])

/** The fold of a run without records. Independent of the engine's own fold, on purpose. */
export function runFold(): RunFold {
  const items: ItemFold[] = []
  const byId = new Map<string, ItemFold>()
  const layers = new Map<string, number>()
  let announced = -1
  let unsettled = 0
  let succeeded = 0
  let fence = -1
  let canceling: 'requested' | 'timeout' | undefined
  let paused = false
  let rerun: RerunOf | undefined
  let sealed: RunOutcome | undefined

  const illegal = (code: string | undefined): Illegal | undefined =>
    code === undefined ? undefined : { check: 'items.legality', code }

  function outcome(): RunOutcome | undefined {
    if (announced < 0 || items.length < announced || unsettled > 0 || layers.size > 0) return undefined
    // Of the plan's items: what became of children, their parents have judged.
    if (succeeded === announced) return 'succeeded'
    return canceling === 'requested' ? 'canceled' : 'failed'
  }

  function added({ item: parent, data, ...record }: AnyRecord & { kind: 'items.added' }): string | undefined {
    const child = parent !== undefined
    if (child && byId.get(parent)?.live !== 'main') return 'added-without-launch'
    if (child && !isCurrent(byId.get(parent), record)) return 'old-fence'
    if (child !== items.length >= announced) return 'index-out-of-order'
    // Children need each other at most.
    const [from, to] = child ? [items.length, items.length + data.items.length] : [0, announced]
    for (const [index, id, needs] of data.items) {
      if (index !== items.length || index >= to) return 'index-out-of-order'
      if (byId.has(id)) return 'item-twice'
      if (needs.some((need) => need < from || need >= to || need === index)) return 'unknown-need'
      const item = newItem(id, needs, child)
      items.push(item)
      byId.set(id, item)
      unsettled++
    }
    return undefined
  }

  /** Fences only grow, so a launch under an old one is not of this engine. */
  function newFence(record: AnyRecord): string | undefined {
    if (record.fence === undefined || record.fence <= fence) return 'fence-not-growing'
    fence = record.fence
    return undefined
  }

  function inputsAreSupplied(item: ItemFold, inputs: readonly InputRef[]): boolean {
    return inputs.every((input) => {
      const from = byId.get(input.from)
      return from !== undefined && item.needs.some((need) => items[need] === from) && supplies(from, input)
    })
  }

  function settledRanges(ranges: readonly (readonly [number, number])[], outcome: 'skipped' | 'canceled') {
    for (const [from, to] of ranges)
      for (let index = from; index <= to; index++) {
        const item = items[index]
        const code = item === undefined ? 'unknown-item' : settle(item, outcome)
        if (code !== undefined) return code
        unsettled--
      }
    return undefined
  }

  /** A result is taken only of the run that this one does again, and not of the item from which on it does. */
  function mayTake({ id }: ItemFold, { run }: RecordData['item.taken']): boolean {
    return rerun?.take !== undefined && rerun.of === run && rerun.from !== id
  }

  /** What is taken is taken with all that it needs; which comes first in the plan does not matter. */
  function takenIsClosed(): boolean {
    return items.every(({ taken, needs }) => !taken || needs.every((need) => items[need]?.taken))
  }

  function addItemRecord(item: ItemFold, record: AnyRecord): Illegal | undefined {
    if (record.kind === 'item.launched') {
      // Gates end what was begun before the pause.
      if (paused && record.data.step === 'main') return illegal('launched-while-paused')
      const early = record.data.step === 'main' && item.needs.some((need) => items[need]?.outcome !== 'succeeded')
      const code = newFence(record) ?? (early ? 'launched-before-needs' : foldItem(item, record))
      if (code !== undefined) return illegal(code)
      if (inputsAreSupplied(item, record.data.inputs ?? [])) return undefined
      return { check: 'items.inputs', code: 'input-not-supplied' }
    }
    if (record.kind === 'item.taken' && !mayTake(item, record.data)) return illegal('taken-from-elsewhere')
    const code = foldItem(item, record)
    if (record.kind !== 'item.settled') return illegal(code)
    if (code !== undefined) return illegal(code === 'after-settlement' ? 'second-settlement' : code)
    unsettled--
    if (record.data.outcome === 'succeeded' && !item.child) succeeded++
    return undefined
  }

  return {
    get items() {
      return items.length
    },
    outcome,
    add(record) {
      if (record.kind === 'run.submitted') {
        if (announced >= 0) return illegal('submitted-twice')
        announced = record.data.items
        ;({ rerun } = record.data)
        return undefined
      }
      if (announced < 0) return illegal('not-submitted')
      if (sealed !== undefined && !harmless.has(record.kind)) return illegal('effect-after-seal')
      switch (record.kind) {
        case 'items.added':
          return illegal(added(record))
        case 'items.settled':
          return illegal(settledRanges(record.data.ranges, record.data.outcome))
        case 'layer.launched': {
          if (paused) return illegal('launched-while-paused')
          const code = layers.has(record.data.layer) ? 'launched-while-running' : newFence(record)
          layers.set(record.data.layer, fence)
          return illegal(code)
        }
        case 'layer.ended': {
          const live = layers.get(record.data.layer)
          layers.delete(record.data.layer)
          if (live === undefined) return illegal('end-without-launch')
          return illegal(live === record.fence ? undefined : 'old-fence')
        }
        case 'cancel.requested':
          if (record.item !== undefined && !byId.has(record.item)) return illegal('unknown-item')
          if (record.item !== undefined) return undefined
          if (record.data.reason === 'parent') return illegal('not-of-an-item')
          canceling ??= record.data.reason
          return undefined
        case 'run.paused':
        case 'run.resumed': {
          const pauses = record.kind === 'run.paused'
          if (pauses === paused) return illegal(pauses ? 'paused-twice' : 'not-paused')
          paused = pauses
          return undefined
        }
        case 'run.sealed': {
          const status = sealed ?? outcome()
          if (status === undefined) return { check: 'run.status', code: 'not-settled' }
          if (sealed === undefined && !takenIsClosed()) return illegal('taken-without-needs')
          if (record.data.status !== status) return { check: 'run.status', code: 'status-mismatch' }
          sealed = status
          return undefined
        }
        case 'egress.decided':
        case 'tool.denied':
        case 'tool.allowed':
        case 'conversation.begun':
        case 'usage.reserved':
        case 'usage.settled':
        case 'usage.refused': {
          if (record.item === undefined)
            return illegal([...layers.values()].includes(record.fence ?? -1) ? undefined : 'fact-without-launch')
          const item = byId.get(record.item)
          return illegal(item === undefined ? 'unknown-item' : foldItem(item, record))
        }
        case 'item.taken':
        case 'item.launched':
        case 'item.captured':
        case 'gate.ended':
        case 'attempt.ended':
        case 'item.parked':
        case 'item.resumed':
        case 'locks.released':
        case 'item.settled': {
          const item = byId.get(record.item ?? '')
          return item === undefined ? illegal('unknown-item') : addItemRecord(item, record)
        }
        case 'budget.set':
        case 'budget.warned':
        case 'command.denied':
        case 'command.voided':
        case 'leftover.killed':
          return undefined
        default:
          return illegal('not-of-a-run')
      }
    },
  }
}
