import { createHash } from 'node:crypto'
import type { Decision, EgressDecision } from './options.ts'
import { refusal } from './problems.ts'

// An attempt can make up as many kinds as it likes. With one for each reason to refuse they are fewer than one call is given.
const mostKinds = 500
// Of them of equal decisions, so that others have room.
const mostEqualKinds = 250
// What the first record of a kind allows ahead; each next one twice as much.
const firstAhead = 100

export interface KindsOptions {
  /** Records of single decisions; beyond them all are counted, without their path. */
  readonly max: number
  /** Records of equal decisions; beyond them these are counted. */
  readonly maxEqual: number
  /** Decisions that one record allows ahead. */
  readonly maxAhead: number
}

/** Decisions that are alike and have no record each. */
interface Kind {
  readonly like: Omit<Decision, 'at'>
  /** Not told yet, and when the first of them was; of none, when more was allowed. */
  count: number
  first: number
  /** How many more are allowed. */
  ahead: number
  /** Whether its newest record says that more are. */
  open: boolean
  next: number
}

interface Asked {
  readonly decision: Decision
  readonly count: number
}

/** What is to be told at once, and what follows from how that went. */
export interface Telling {
  readonly records: readonly EgressDecision[]
  readonly told: () => void
  readonly failed: () => void
}

export interface DecisionKinds {
  /** Counts what needs no record of its own: a refusal of a kind, or what a durable record allows ahead. */
  readonly take: (decision: Decision, count: number) => boolean
  /** What may be recorded, and what can not be allowed, which is counted as refused. */
  readonly fit: <T extends Asked>(asked: readonly T[]) => readonly [fit: readonly T[], over: readonly T[]]
  /** Records of what fits: one for each single decision, equal ones as one, and one for each kind, which allows more of it. */
  readonly records: (fit: readonly Asked[]) => Telling
  /** Records of all that is counted. */
  readonly counted: () => Telling
  readonly hasRoom: () => boolean
  /** Allows nothing ahead from now on: what is open is counted too. */
  readonly close: () => void
}

/** What decisions of an attempt have in common, so that a program that asks for the same again and again fills no log. */
export function decisionKinds({ max, maxEqual, maxAhead }: KindsOptions): DecisionKinds {
  const kinds = new Map<string, Kind>()
  /** Records of single decisions that were equal, of no kind yet. */
  const equal = new Map<string, number>()
  let recorded = 0
  let closed = false

  function kindOf(like: Kind['like']): Kind | undefined {
    const key = keyOf(like)
    const known = kinds.get(key)
    if (known !== undefined) return known
    if (like.outcome === 'allowed' && kinds.size >= mostKinds) return undefined
    const made = { like, count: 0, first: 0, ahead: 0, open: false, next: Math.min(firstAhead, maxAhead) }
    kinds.set(key, made)
    return made
  }

  function find(decision: Decision, full = recorded >= max): Kind | undefined {
    const { at: _, ...like } = decision
    return kinds.get(keyOf(like)) ?? (full ? kindOf(bare(like)) : undefined)
  }

  function add(kind: Kind, at: number, count: number): void {
    kind.first = kind.count === 0 ? at : Math.min(kind.first, at)
    kind.count += count
  }

  /** A record of what is counted of a kind and of what is asked now, and how to take it back. */
  function recordOf(kind: Kind, ahead: number, now: readonly Asked[] = []): readonly [EgressDecision, () => void] {
    const { like, count, first } = kind
    const ats = now.map(({ decision }) => decision.at)
    kind.count = 0
    const record = {
      ...like,
      at: Math.min(...(count > 0 || ats.length === 0 ? [first] : []), ...ats),
      count: now.reduce((sum, each) => sum + each.count, count),
      ...(ahead > 0 && { ahead }),
    }
    return [record, () => void (count > 0 && add(kind, first, count))]
  }

  function shut(): void {
    for (const kind of kinds.values()) kind.ahead = 0
  }

  function telling(made: readonly (readonly [EgressDecision, () => void])[], told: () => void): Telling {
    return {
      records: made.map(([record]) => record),
      told,
      failed() {
        for (const [, back] of made) back()
        // What can be recorded of nothing goes out of nothing.
        shut()
      },
    }
  }

  return {
    hasRoom: () => recorded < max || kinds.size < mostKinds,
    take(decision, count) {
      const kind = find(decision)
      if (kind === undefined || (decision.outcome === 'allowed' && kind.ahead < count)) return false
      if (decision.outcome === 'allowed') kind.ahead -= count
      add(kind, decision.at, count)
      return true
    },
    fit(asked) {
      let room = max - recorded
      const fits = Object.groupBy(asked, ({ decision }) =>
        find(decision, false) !== undefined || room-- > 0 || find(decision, true) !== undefined ? 'yes' : 'no',
      )
      const { yes = [], no = [] } = fits
      for (const { decision, count } of no) {
        const kind = kindOf({ launchId: decision.launchId, outcome: 'refused', ...refusal('too-many-decisions') })
        if (kind !== undefined) add(kind, decision.at, count)
      }
      return [yes, no]
    },
    records(fit) {
      const single = new Map<string, { readonly decision: Decision; count: number }>()
      const opened = new Map<Kind, Asked[]>()
      for (const { decision, count } of fit) {
        const { at: _, ...like } = decision
        const key = keyOf(like)
        const same = single.get(key)
        const kind = same ? undefined : find(decision, single.size >= max - recorded)
        if (same !== undefined) same.count += count
        else if (kind === undefined) single.set(key, { decision, count })
        else opened.set(kind, [...(opened.get(kind) ?? []), { decision, count }])
      }
      const ofKinds = Array.from(opened, ([kind, asked]) =>
        recordOf(kind, kind.like.outcome === 'allowed' && !closed ? kind.next : 0, asked),
      )
      const alone = Array.from(
        single.values(),
        ({ decision, count }) => [{ ...decision, count }, () => undefined] as const,
      )
      return telling([...alone, ...ofKinds], () => {
        recorded += alone.length
        for (const [key, { decision }] of single) {
          const times = (equal.get(key) ?? 0) + 1
          equal.set(key, times)
          if (times < maxEqual) continue
          const { at: _, ...like } = decision
          if (kinds.size < mostEqualKinds && kindOf(like) !== undefined) equal.delete(key)
        }
        for (const [at, kind] of [...opened.keys()].entries()) {
          const { ahead = 0, at: first } = ofKinds[at]?.[0] ?? { at: 0 }
          if (kind.count === 0) kind.first = first
          kind.open = ahead > 0
          // It may have been closed meanwhile.
          kind.ahead = closed ? 0 : ahead
          if (ahead > 0) kind.next = Math.min(2 * ahead, maxAhead)
        }
      })
    },
    counted() {
      const some = [...kinds.values()].filter(({ count, open }) => count > 0 || (closed && open))
      const made = some.map((kind) => recordOf(kind, kind.ahead))
      return telling(made, () => {
        for (const [at, kind] of some.entries()) kind.open = made[at]?.[0].ahead !== undefined
      })
    },
    close() {
      closed = true
      shut()
    },
  }
}

/** All that is said of a decision that is counted beyond the bound: an attempt can make up the rest. */
function bare({ path: _, ...like }: Kind['like']): Kind['like'] {
  const { launchId, outcome, reason } = like
  return outcome === 'refused' && reason !== 'listed' && reason !== 'cached'
    ? { launchId, outcome, ...refusal(reason) }
    : like
}

/** The same for what is equal, and short. */
function keyOf(like: Kind['like']): string {
  const fields = JSON.stringify(Object.entries(like).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  return createHash('sha256').update(fields).digest('base64')
}
