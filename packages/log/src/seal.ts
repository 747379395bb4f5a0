import type { RecordData, RunOutcome } from '@seamark/core'
import { emptyFrontier, restoreFrontier, type Frontier, type FrontierState } from './frontier.ts'
import { toHex } from './hash.ts'
import { SeamError } from '@seamark/kit'

/** A segment of a run as JSON. */
export interface SegmentState {
  readonly segment: number
  readonly from: number
  /** Leaf hash of its last record so far, lower-case hex; absent while it has none. */
  readonly last?: string
  readonly tree: FrontierState
}

/** The records of a run since its beginning or its last seal, gathered for the next seal. Mutable. */
export interface RunSegment {
  /** Counts the run's seals from 0. */
  readonly segment: number
  /** `runSeq` of its first record. */
  readonly from: number
  readonly count: number
  /** Adds the leaf hash of the run's next record (not of its `run.sealed`). */
  append(leaf: Uint8Array): void
  /** The data of the seal over what was added. Errors: `INTERNAL` while it is empty. */
  seal(status: RunOutcome): RecordData['run.sealed']
  state(): SegmentState
}

/** A new segment. The one after a seal starts at the `runSeq` after that of the `run.sealed` record. */
export function runSegment(segment: number, from: number): RunSegment {
  return gather(segment, from, emptyFrontier(), undefined)
}

/** The segment that `state()` described. Errors: `INVALID_INPUT`. */
export function restoreSegment(state: SegmentState): RunSegment {
  const last = state.last === undefined ? undefined : Buffer.from(state.last, 'hex')
  return gather(state.segment, state.from, restoreFrontier(state.tree), last)
}

function gather(segment: number, from: number, tree: Frontier, initialLast: Uint8Array | undefined): RunSegment {
  let last = initialLast
  return {
    segment,
    from,
    get count() {
      return tree.size
    },
    append(leaf) {
      tree.append(leaf)
      last = leaf
    },
    seal(status) {
      if (last === undefined) throw new SeamError('INTERNAL', 'A segment without records can not be sealed.')
      return { segment, from, count: tree.size, last: toHex(last), root: toHex(tree.root()), status }
    },
    state: () => ({ segment, from, ...(last !== undefined && { last: toHex(last) }), tree: tree.state() }),
  }
}
