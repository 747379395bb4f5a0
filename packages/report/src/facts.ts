import type {
  AgentActivity,
  AnyRecord,
  AttemptOutcome,
  ItemOutcome,
  Product,
  SummarizedOutput,
  RecordData,
  UsageAmount,
} from '@seamark/core'
import { counted } from './words.ts'

/** One attempt, as its records have it. Times are epoch milliseconds. */
export interface AttemptFacts {
  readonly attempt: number
  readonly startedAt: number
  readonly executor: string
  /** Whether it goes on in the conversation of an earlier one. */
  readonly goesOn: boolean
  /** The attempt after it begins a new conversation. */
  startsOver?: boolean
  endedAt?: number
  outcome?: AttemptOutcome
  reason?: string
  detail?: string
  activity?: AgentActivity
  /** What its outputs with a kind say. */
  summaries?: readonly SummarizedOutput[]
}

/** Calls to models that were settled. */
export interface Spent extends UsageAmount {
  readonly calls: number
}

export interface ItemFacts {
  readonly index: number
  readonly id: string
  /** Indexes of the items that it needs. */
  readonly needs: readonly number[]
  readonly attempts: AttemptFacts[]
  readonly gates: RecordData['gate.ended'][]
  outcome?: ItemOutcome
  /** The earlier run whose result it has. */
  taken?: string
  /** Of what was taken; those of attempts are theirs. */
  summaries?: readonly SummarizedOutput[]
  product?: Product
  spent: Spent
}

/** A record that a principal caused, or that says no. */
export interface Deed {
  readonly record: AnyRecord
  readonly what: string
  readonly why?: string
}

export interface RunFacts {
  /** In the order of the plan. */
  readonly items: readonly ItemFacts[]
  /** What was done by anybody but the engine. */
  readonly commands: readonly Deed[]
  readonly denials: readonly Deed[]
  /** By provider and model. */
  readonly models: ReadonlyMap<string, Spent>
  readonly submitted?: RecordData['run.submitted']
  /** Of its newest segment. */
  readonly seal?: RecordData['run.sealed']
}

const NOTHING: Spent = { calls: 0, tokens: 0, nanoUsd: 0 }
const plus = (a: Spent, b: UsageAmount): Spent => ({
  calls: a.calls + 1,
  tokens: a.tokens + b.tokens,
  nanoUsd: a.nanoUsd + b.nanoUsd,
})

/** What records of a run say. Kinds that are not known count only as what somebody did. */
export function factsOf(records: readonly AnyRecord[]): RunFacts {
  const items: ItemFacts[] = []
  const byId = new Map<string, ItemFacts>()
  const models = new Map<string, Spent>()
  const modelOfCall = new Map<string, string>()
  const commands: Deed[] = []
  const denials: Deed[] = []
  let submitted: RecordData['run.submitted'] | undefined
  let seal: RecordData['run.sealed'] | undefined

  for (const record of records) {
    const item = byId.get(record.item ?? '')
    if (record.actor !== 'engine' && record.kind !== 'items.added') commands.push({ record, what: record.kind })
    const denied = denialOf(record)
    if (denied !== undefined) denials.push(denied)
    if (record.kind === 'run.submitted') submitted = record.data
    else if (record.kind === 'run.sealed') seal = record.data
    else if (record.kind === 'items.added')
      for (const [index, id, needs] of record.data.items) {
        const added: ItemFacts = { index, id, needs, attempts: [], gates: [], spent: NOTHING }
        items[index] = added
        byId.set(id, added)
      }
    else if (record.kind === 'items.settled')
      for (const [first, last] of record.data.ranges)
        for (const one of items.slice(first, last + 1)) one.outcome = record.data.outcome
    else if (item !== undefined) tellItem(item, record)

    const call = `${record.item} ${record.fence}`
    if (record.kind === 'usage.reserved')
      modelOfCall.set(`${call} ${record.data.id}`, `${record.data.provider} ${record.data.model}`)
    else if (record.kind === 'usage.settled') {
      const model = modelOfCall.get(`${call} ${record.data.id}`) ?? 'unknown'
      models.set(model, plus(models.get(model) ?? NOTHING, record.data.charged))
    }
  }
  return { items, commands, denials, models, ...(submitted && { submitted }), ...(seal && { seal }) }
}

/** What one record says of its item. */
function tellItem(item: ItemFacts, record: AnyRecord): void {
  const newest = item.attempts.at(-1)
  const product = productIn(record)
  if (product !== undefined) item.product = product
  if (record.kind === 'item.taken') {
    const { run, summaries } = record.data
    Object.assign(item, { taken: run, ...(summaries !== undefined && { summaries }) })
  } else if (record.kind === 'item.launched') {
    if (newest?.attempt === record.attempt) return
    const { executor, resumes } = record.data
    item.attempts.push({ attempt: record.attempt ?? 0, startedAt: record.at, executor, goesOn: resumes !== undefined })
  } else if (record.kind === 'item.captured') {
    const { activity, summaries } = record.data
    if (newest !== undefined)
      Object.assign(newest, {
        ...(activity !== undefined && { activity }),
        ...(summaries !== undefined && { summaries }),
      })
  } else if (record.kind === 'item.parked') {
    if (newest !== undefined && record.data.startsOver === true) newest.startsOver = true
  } else if (record.kind === 'gate.ended') item.gates.push(record.data)
  else if (record.kind === 'usage.settled') item.spent = plus(item.spent, record.data.charged)
  else if (record.kind === 'item.settled') item.outcome = record.data.outcome
  else if (record.kind === 'attempt.ended') {
    const { outcome, reason, detail, activity, summaries } = record.data
    if (newest !== undefined && newest.attempt === record.attempt)
      Object.assign(newest, {
        endedAt: record.at,
        outcome,
        reason,
        ...(detail !== undefined && { detail }),
        ...(activity !== undefined && { activity }),
        ...(summaries !== undefined && { summaries }),
      })
  }
}

/** What a record says that its item's attempt left. The last one that says it counts, also where the attempt failed. */
export function productIn(record: AnyRecord): Product | undefined {
  if (record.kind === 'item.taken') return record.data.product
  return record.kind === 'item.captured' || record.kind === 'attempt.ended' ? record.data.product : undefined
}

function denialOf(record: AnyRecord): Deed | undefined {
  switch (record.kind) {
    case 'tool.denied':
      return { record, what: record.data.tool, why: record.data.reason }
    case 'item.captured':
    case 'attempt.ended': {
      const { refusedWrites } = record.data.exit ?? {}
      if (refusedWrites === undefined) return undefined
      const { count, paths } = refusedWrites
      const more = count > paths.length ? ' …' : ''
      return { record, what: `${counted(count, 'write')}: ${paths.join(', ')}${more}`, why: 'filesystem.write' }
    }
    case 'usage.refused':
      return { record, what: `a call to ${record.data.model}`, why: `${record.data.account} has no room` }
    case 'command.denied':
      return { record, what: record.data.action, why: record.data.policy }
    case 'command.voided':
      return { record, what: record.data.command, why: record.data.reason }
    case 'egress.decided': {
      const { outcome, reason, host = 'an unreadable host', port, method = '', path = '', count } = record.data
      if (outcome === 'allowed') return undefined
      const times = count > 1 ? ` (${count} times)` : ''
      return {
        record,
        what: `${method} ${host}${port === undefined ? '' : `:${port}`}${path}${times}`.trim(),
        why: reason,
      }
    }
    default:
      return undefined
  }
}
