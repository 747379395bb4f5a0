import type { AnyRecord, RecordData, RecordDraft, RunOutcome } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import type {
  Frontier,
  FrontierState,
  LogCursor,
  PlacedBatch,
  PlacedRecord,
  RunSegment,
  RunTail,
  SegmentState,
} from '@seamark/log'
import { emptyFrontier, placeRecord, restoreFrontier, restoreSegment, runSegment, toHex } from '@seamark/log'

/** What a run that was sealed before needs so that more can be recorded about it. */
export interface SealedTail extends RunTail {
  /** Number of the segment that would follow. */
  readonly segment: number
  readonly status: RunOutcome
}

export interface LedgerState {
  readonly at: number
  readonly frontier: FrontierState
  readonly runs: readonly (readonly [string, RunTail, SegmentState])[]
}

/** Gives records their place in the log and in the chain of their run, and seals runs. */
export interface Ledger {
  readonly frontier: Frontier
  place(draft: RecordDraft, at: number, epoch: number, batch: PlacedBatch): PlacedRecord
  /** Takes note of a record that is in the log already. */
  replay(header: AnyRecord, leaf: Uint8Array): void
  /** Makes a sealed run's chain known, so that a record can be added to it. */
  reopen(run: string, tail: SealedTail): void
  /** The chain of a run that is not sealed, or was reopened. */
  tail(run: string): (RunTail & { readonly segment: number }) | undefined
  /** Data of the seal over a run's open segment. For a reopened run the status stays as it was sealed. */
  seal(run: string, status: RunOutcome | undefined): RecordData['run.sealed']
  /** Lets go of sealed runs. */
  forget(run: string): void
  state(): LedgerState
}

export function ledger(ns: string, restored?: LedgerState): Ledger {
  const frontier = restored === undefined ? emptyFrontier() : restoreFrontier(restored.frontier)
  const tails = new Map<string, RunTail>()
  const segments = new Map<string, RunSegment>()
  const sealed = new Map<string, RunOutcome>()
  let epoch = 0
  const cursor: LogCursor = {
    ns,
    get epoch() {
      return epoch
    },
    lastAt: restored?.at ?? 0,
    frontier,
    tails,
  }
  for (const [run, tail, segment] of restored?.runs ?? []) {
    tails.set(run, tail)
    segments.set(run, restoreSegment(segment))
  }

  function chained(run: string, kind: string, leaf: Uint8Array, runSeq: number): void {
    const open = segments.get(run) ?? runSegment(0, 0)
    if (kind === 'run.sealed') segments.set(run, runSegment(open.segment + 1, runSeq + 1))
    else {
      open.append(leaf)
      segments.set(run, open)
    }
  }

  return {
    frontier,
    place(draft, at, atEpoch, batch) {
      epoch = atEpoch
      const placed = placeRecord(cursor, draft, at, batch)
      if (draft.run !== undefined) chained(draft.run, draft.kind, placed.leaf, placed.header.runSeq ?? 0)
      return placed
    },
    replay(header, leaf) {
      if (header.seq !== frontier.size)
        throw new SeamError('INTEGRITY', `Record ${header.seq} follows ${frontier.size} records.`)
      frontier.append(leaf)
      cursor.lastAt = header.at
      if (header.run === undefined || header.runSeq === undefined) return
      // A record about a run sealed before the snapshot: its segment is numbered by the seal that follows.
      if (header.runSeq > 0 && !tails.has(header.run)) return
      tails.set(header.run, { runSeq: header.runSeq, leaf: toHex(leaf) })
      chained(header.run, header.kind, leaf, header.runSeq)
    },
    reopen(run, tail) {
      tails.set(run, { runSeq: tail.runSeq, leaf: tail.leaf })
      segments.set(run, runSegment(tail.segment, tail.runSeq + 1))
      sealed.set(run, tail.status)
    },
    tail(run) {
      const tail = tails.get(run)
      return tail && { ...tail, segment: segments.get(run)?.segment ?? 0 }
    },
    seal(run, status) {
      const outcome = sealed.get(run) ?? status
      const open = segments.get(run)
      if (open === undefined || outcome === undefined)
        throw new SeamError('INTERNAL', `Run ${run} can not be sealed: its chain is not known.`)
      return open.seal(outcome)
    },
    forget(run) {
      tails.delete(run)
      segments.delete(run)
      sealed.delete(run)
    },
    state: () => ({
      at: cursor.lastAt,
      frontier: frontier.state(),
      runs: [...tails].map(([run, tail]) => [run, tail, (segments.get(run) ?? runSegment(0, 0)).state()] as const),
    }),
  }
}
