import type { RecordData, TokenCounts, UsageAmount, UsageBy, UsageRow } from '@seamark/core'

// Names of models come from requests: a program that makes them up takes no more memory than this.
const MODELS_PER_DAY = 1_000

/** Whose calls were settled. */
export interface UsedBy {
  readonly run: string
  /** Absent for a set-up. */
  readonly item: string | undefined
  readonly agent: string | undefined
  readonly principal: string | undefined
  readonly teams: readonly string[]
  readonly provider: string
  readonly model: string
}

/** The rows of the present day. Of days before, and of sealed runs, nothing is needed: their rows never change again. */
export interface UsageTallies {
  day: string
  /** By `keyOf`. */
  readonly rows: Map<string, UsageRow>
  /** The index of the next row. */
  next: Readonly<Record<UsageBy, number>>
}

/** What of them a snapshot of the state holds. */
export interface SavedTallies {
  readonly day: string
  readonly rows: readonly UsageRow[]
  readonly next: UsageTallies['next']
}

const NO_ROWS = { item: 0, run: 0, agent: 0, principal: 0, team: 0, model: 0 }
const NO_TOKENS: TokenCounts = { input: 0, output: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, reasoning: 0 }
const NO_AMOUNT: UsageAmount = { tokens: 0, nanoUsd: 0 }

export function noTallies(): UsageTallies {
  return { day: '', rows: new Map(), next: NO_ROWS }
}

export function saveTallies({ day, rows, next }: UsageTallies): SavedTallies {
  return { day, rows: [...rows.values()], next }
}

export function loadTallies({ day, rows, next }: SavedTallies): UsageTallies {
  return { day, rows: new Map(rows.map((row) => [keyOf(row), row])), next }
}

/** Counts a settled call, and gives the rows as they are from then on: none for what was never sent, or generated nothing. */
export function countUsage(
  tallies: UsageTallies,
  day: string,
  { run, item, agent, principal, teams, provider, model }: UsedBy,
  settled: RecordData['usage.settled'],
): UsageRow[] {
  if (isNothing(settled)) return []
  if (day !== tallies.day) {
    tallies.day = day
    tallies.rows.clear()
    tallies.next = NO_ROWS
  }
  const named: Named[] = [{ by: 'run', run }, knownModel(tallies, { by: 'model', provider, model })]
  if (item !== undefined) named.push({ by: 'item', run, item })
  if (agent !== undefined) named.push({ by: 'agent', agent })
  if (principal !== undefined) named.push({ by: 'principal', principal })
  for (const team of teams) named.push({ by: 'team', team })
  return named.map((name) => count(tallies, name, settled))
}

/** A run is sealed: nothing of it is settled any more. */
export function forgetTallies(tallies: UsageTallies, run: string, items: Iterable<{ readonly id: string }>): void {
  tallies.rows.delete(keyOf({ by: 'run', run }))
  for (const { id } of items) tallies.rows.delete(keyOf({ by: 'item', run, item: id }))
}

/** Whether a later call may be counted in this row, which is as it was given last. */
export function mayChange(tallies: UsageTallies, row: UsageRow): boolean {
  return tallies.rows.get(keyOf(row)) === row
}

/** The place of a row among all: the same as in the tables. */
export function rowKey({ by, day, index }: UsageRow): string {
  return `${by} ${day} ${index}`
}

type Named = Pick<UsageRow, 'by' | 'run' | 'item' | 'agent' | 'principal' | 'team' | 'provider' | 'model'>

function keyOf({ by, run, item, agent, principal, team, provider, model }: Named): string {
  return JSON.stringify([by, run, item, agent, principal, team, provider, model])
}

function knownModel({ rows, next }: UsageTallies, name: Named): Named {
  if (rows.has(keyOf(name)) || next.model < MODELS_PER_DAY) return name
  return { by: 'model', provider: 'other', model: 'other' }
}

function count(
  tallies: UsageTallies,
  name: Named,
  { as, charged, excess, usage }: RecordData['usage.settled'],
): UsageRow {
  const key = keyOf(name)
  const { by } = name
  let before = tallies.rows.get(key)
  if (before === undefined) {
    const { day, next } = tallies
    const nothing = { calls: 0, assumed: 0, charged: NO_AMOUNT, excess: NO_AMOUNT, tokens: NO_TOKENS }
    before = { ...name, day, index: next[by], ...nothing }
    tallies.next = { ...next, [by]: next[by] + 1 }
  }
  const row: UsageRow = {
    ...before,
    calls: before.calls + 1,
    assumed: before.assumed + (as === 'reserved' ? 1 : 0),
    charged: sum(before.charged, charged),
    excess: sum(before.excess, excess),
    tokens: usage === undefined ? before.tokens : addTokens(before.tokens, usage),
  }
  tallies.rows.set(key, row)
  return row
}

function sum(a: UsageAmount, b: UsageAmount): UsageAmount {
  return { tokens: plus(a.tokens, b.tokens), nanoUsd: plus(a.nanoUsd, b.nanoUsd) }
}

function addTokens(a: TokenCounts, b: TokenCounts): TokenCounts {
  return {
    input: plus(a.input, b.input),
    output: plus(a.output, b.output),
    cacheRead: plus(a.cacheRead, b.cacheRead),
    cacheWrite5m: plus(a.cacheWrite5m, b.cacheWrite5m),
    cacheWrite1h: plus(a.cacheWrite1h, b.cacheWrite1h),
    reasoning: plus(a.reasoning, b.reasoning),
  }
}

function isNothing({ as, charged, excess, usage }: RecordData['usage.settled']): boolean {
  return (
    as === 'used' && usage === undefined && [charged, excess].every(({ tokens, nanoUsd }) => tokens + nanoUsd === 0)
  )
}

function plus(a: number, b: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, a + b)
}
