import type { BudgetAccount, RecordDraft, SpendLimits, UsageAnswer, UsageReport, UsageRequest } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { reserve, settle } from '@seamark/metering'
import type { Account, AccountKey } from '@seamark/metering'
import type { BudgetDefaults, Command, Reply } from './commands.ts'
import { accountsOf, dayOf, limitsOf, reservationKey, toldBy } from './fold-budgets.ts'
import type { Item, Launch, Run, State } from './state.ts'
import { ancestorsOf } from './state.ts'

interface Decided {
  readonly drafts: readonly RecordDraft[]
  readonly reply: Reply
}

const NONE = { tokens: 0, nanoUsd: 0 }
const MEASURES = ['tokens', 'nanoUsd'] as const

const DAY_MS = 86_400_000

/** When the next day begins, in UTC. */
export function nextDay(now: number): number {
  return (Math.floor(now / DAY_MS) + 1) * DAY_MS
}

function about(run: Run, item: Item | undefined, { attempt, fence }: Launch) {
  return { actor: 'engine', run: run.id, ...(item !== undefined && { item: item.id }), attempt, fence }
}

function find(
  state: State,
  launchId: string,
  fence: number,
): { run: Run; item: Item | undefined; launch: Launch } | undefined {
  const launch = state.launches.get(launchId)
  const run = launch && state.runs.get(launch.run)
  if (launch === undefined || run === undefined || launch.fence !== fence) return undefined
  return { run, launch, item: launch.index === undefined ? undefined : run.items[launch.index] }
}

function refuse(code: 'CONFLICT' | 'NOT_FOUND' | 'INVALID_INPUT', message: string, remedy: string): Decided {
  return { drafts: [], reply: { ok: false, error: new SeamError(code, message, { remedy }) } }
}

/** What the program is told again and again while nothing changes is recorded once. */
export function decideReserve(state: State, command: Command & { type: 'reserve' }, now: number): Decided {
  const { launchId, fence, request } = command
  const found = find(state, launchId, fence)
  if (found === undefined) return refuse('CONFLICT', 'The attempt is over.', 'Nothing more is sent for it.')
  const { run, item, launch } = found
  const { reservations } = state.budgets.accounts
  const id = reservationKey(fence, request.id)
  if (reservations.has(id)) return refuse('CONFLICT', 'A reservation with that id is open.', 'Use a new id.')
  const accounts = accountsOf(run, item, dayOf(now))
  const view = new Map<AccountKey, Account>()
  for (const account of accounts) {
    const known = state.budgets.accounts.accounts.get(account)
    const limits = limitsOf(state, account, run, item)
    view.set(account, known ?? { limits, settled: NONE, reserved: NONE, excess: NONE, warned: [] })
  }
  const result = reserve({ accounts: view, reservations }, { id, accounts, worst: request.worst })
  const call = { id: request.id, provider: request.provider, model: request.model }
  if (result.ok) {
    const { tokens, nanoUsd } = result.event.amount
    return {
      drafts: [{ kind: 'usage.reserved', ...about(run, item, launch), data: { ...call, accounts, tokens, nanoUsd } }],
      reply: { ok: true, usage: { ok: true } },
    }
  }
  const { code, of, room, wanted } = result
  const account = accounts.find((each) => each === result.account) ?? `run:${run.id}`
  const answer: UsageAnswer = { ok: false, code, account, of, room }
  const again = state.budgets.told.get(fence)?.has(toldBy(answer)) === true
  const data = { ...call, code, account, of, room, ...(wanted !== undefined && { wanted }) }
  return {
    drafts: again ? [] : [{ kind: 'usage.refused', ...about(run, item, launch), data }],
    reply: { ok: true, usage: answer },
  }
}

/** A settlement that comes late, or twice, is void. */
export function decideSettle(state: State, { launchId, fence, id, report }: Command & { type: 'settle' }): Decided {
  const found = find(state, launchId, fence)
  const draft = found && settlement(state, found.run, found.item, found.launch, id, report)
  return draft === undefined
    ? { drafts: [], reply: { ok: true, effective: false } }
    : { drafts: [draft], reply: { ok: true, effective: true } }
}

function settlement(
  state: State,
  run: Run,
  item: Item | undefined,
  launch: Launch,
  id: string,
  report: UsageReport,
): RecordDraft | undefined {
  const used = report.as === 'used' ? report.amount : 'reserved'
  const event = settle(state.budgets.accounts, reservationKey(launch.fence, id), used)
  if (event === undefined) return undefined
  const { charged, excess } = event
  const { tokens, limitedUntil } = report.as === 'used' ? report : {}
  const told = {
    ...(tokens && { usage: tokens }),
    ...(limitedUntil !== undefined && Number.isSafeInteger(limitedUntil) && { limitedUntil }),
  }
  return { kind: 'usage.settled', ...about(run, item, launch), data: { id, as: report.as, charged, excess, ...told } }
}

/** What is reserved for a launch and was not settled may have been used: it is charged. */
export function settleOpen(state: State, launch: Launch): readonly RecordDraft[] {
  const run = state.runs.get(launch.run)
  if (run === undefined) return []
  const item = launch.index === undefined ? undefined : run.items[launch.index]
  const keys = state.budgets.open.get(launch.fence)?.keys() ?? []
  const own = `${launch.fence}/`.length
  return [...keys].flatMap((key) => settlement(state, run, item, launch, key.slice(own), { as: 'reserved' }) ?? [])
}

/**
 * At a start: what an engine before this one reserved is charged, since nobody can say any more what it came to; and the
 * budgets of the configuration are set where they are others, which resumes who waits for one.
 */
export function decideBudgets(state: State, budgets: BudgetDefaults): RecordDraft[] {
  const drafts: RecordDraft[] = [...state.launches.values()].flatMap((launch) => settleOpen(state, launch))
  const before = drafts.length
  for (const on of ['principal', 'day'] as const) {
    const limits = budgets[on] ?? {}
    if (!isSame(limits, state.budgets.defaults[on]))
      drafts.push({ kind: 'budget.set', actor: 'engine', data: { on, limits } })
  }
  for (const [on, given = {}] of [
    ['agent', budgets.agents],
    ['team', budgets.teams],
  ] as const) {
    const known = [...state.budgets.named.keys()].filter((account) => account.startsWith(`${on}:`))
    const names = new Set([...Object.keys(given), ...known.map((account) => account.slice(on.length + 1))])
    for (const name of [...names].toSorted()) {
      // What is not in the configuration any more has no limit.
      const limits = (Object.hasOwn(given, name) ? given[name] : undefined) ?? {}
      if (!isSame(limits, state.budgets.named.get(`${on}:${name}`)))
        drafts.push({ kind: 'budget.set', actor: 'engine', data: { on, name, limits } })
    }
  }
  if (drafts.length === before) return drafts
  for (const run of state.runs.values())
    for (const item of run.items)
      if (item.parked?.reason === 'budget')
        drafts.push({
          kind: 'item.resumed',
          actor: 'engine',
          run: run.id,
          item: item.id,
          data: { token: item.parked.token, by: 'answer' },
        })
  return drafts
}

function isSame(limits: SpendLimits, known: SpendLimits = {}): boolean {
  return MEASURES.every((measure) => limits[measure] === known[measure])
}

/**
 * Raises the budgets of an item, of its parents and of its run by an amount, where they have one, and resumes the item. It is bound to one
 * wait: what is sent again, or was meant for an earlier wait, would raise them twice.
 */
export function decideApprove(state: State, command: Command & { type: 'approve' }): Decided {
  const { run: runId, item: itemId, token, principal, more } = command
  const run = state.runs.get(runId)
  const item = run?.items[run.byId.get(itemId) ?? -1]
  if (run === undefined || item === undefined)
    return refuse('NOT_FOUND', `No unfinished run ${runId} has an item ${itemId}.`, 'See `seamark status`.')
  const actor = {
    actor: principal.id,
    ...(principal.onBehalfOf !== undefined && { onBehalfOf: principal.onBehalfOf }),
    run: run.id,
  }
  const { parked } = item
  if (parked?.reason !== 'budget' || parked.token !== token) {
    const target = token === '' ? {} : { target: token.slice(0, 64).toWellFormed() }
    const data = { command: 'item.approve', reason: parked?.token === token ? 'no-budget' : 'token', ...target }
    return {
      ...refuse(
        'CONFLICT',
        `Item ${itemId} does not wait for a budget under this token: it was approved already, or waits for something else.`,
        'See `seamark status` for what it waits for.',
      ),
      drafts: [{ kind: 'command.voided', ...actor, item: item.id, data }],
    }
  }
  const drafts: RecordDraft[] = []
  for (const spender of [item, ...ancestorsOf(run, item), undefined]) {
    const account: BudgetAccount = spender === undefined ? `run:${run.id}` : `item:${run.id}/${spender.id}`
    const limits = raised(limitsOf(state, account, run, spender), more)
    if (limits === undefined) continue
    const about = spender === undefined ? { on: 'run' as const } : { on: 'item' as const }
    const whose = spender === undefined ? {} : { item: spender.id }
    drafts.push({ kind: 'budget.set', ...actor, ...whose, data: { ...about, limits } })
  }
  const asked = MEASURES.filter((measure) => more[measure] !== undefined)
  const covered = drafts.flatMap((draft) => (draft.kind === 'budget.set' ? Object.keys(draft.data.limits) : []))
  if (asked.some((measure) => !covered.includes(measure)))
    return refuse(
      'INVALID_INPUT',
      `Neither item ${itemId} nor its run has a budget of that kind.`,
      'Budgets of agents, principals, teams and days are raised in the configuration.',
    )
  drafts.push({ kind: 'item.resumed', ...actor, item: item.id, data: { token, by: 'answer' } })
  return { drafts, reply: { ok: true, effective: true } }
}

function raised(limits: SpendLimits, more: SpendLimits): SpendLimits | undefined {
  const next: { tokens?: number; nanoUsd?: number } = { ...limits }
  let changed = false
  for (const measure of MEASURES) {
    const [limit, by] = [limits[measure], more[measure]]
    if (limit === undefined || by === undefined) continue
    next[measure] = Math.min(Number.MAX_SAFE_INTEGER, limit + by)
    changed = true
  }
  return changed ? next : undefined
}

/** Checks what comes from outside before the loop takes it. Errors: `INVALID_INPUT`. */
export function checkUsage(request: UsageRequest | { readonly id: string; readonly worst: SpendLimits }): void {
  const texts = 'model' in request ? [request.id, request.provider, request.model] : [request.id]
  const isText = (text: unknown) =>
    typeof text === 'string' && text.length > 0 && text.length <= 200 && text.isWellFormed()
  const amounts = MEASURES.map((measure) => request.worst[measure] ?? 0)
  if (!texts.every(isText) || !amounts.every((amount) => Number.isSafeInteger(amount) && amount >= 0))
    throw new SeamError(
      'INVALID_INPUT',
      'This is no use of a model API: names have 1 to 200 characters, amounts are whole numbers.',
    )
}
