import type { AttemptOutcome, Exit, ParkReason, RecordData, RecordDraft, SpentBudget, StepReport } from '@seamark/core'
import type { OutcomeReason } from '@seamark/kit'
import { backoffMs, base32, sha256 } from '@seamark/kit'
import type { Command, LaunchEnd, Moment, SaltedPayload } from './commands.ts'
import { nextDay, settleOpen } from './decide-usage.ts'
import { atMost, fitActivity, fitDetail, fitExit, fitSummaries } from './fit.ts'
import { limitsOf } from './fold-budgets.ts'
import { BREAKS, keptBy, startsOver } from './goes-on.ts'
import { LIMITED_LIMITS } from './limits.ts'
import type { Kept } from './goes-on.ts'
import { launchDraft } from './schedule.ts'
import type { Item, Launch, Run, State } from './state.ts'
import { refusedGate } from './state.ts'

/** How long an executor without capacity is left alone if it does not say. */
export const CAPACITY_RETRY_MS = 5_000

/** Why an attempt is to stop. */
type Stopping = Run['canceling'] | 'parent'

/** What the end of a launch comes to. A launch that is not outstanding under this fence has no say any more. */
export function decideEnd(
  state: State,
  { launchId, fence, end, question }: Command & { readonly type: 'end' },
  moment: Moment,
): RecordDraft[] {
  const launch = state.launches.get(launchId)
  const run = launch && state.runs.get(launch.run)
  if (launch === undefined || run === undefined || launch.fence !== fence) {
    return [
      {
        kind: 'command.voided',
        actor: 'engine',
        fence,
        data: { command: 'launch.end', reason: 'old-fence', target: launchId },
      },
    ]
  }
  const settled = settleOpen(state, launch)
  if (launch.layer !== undefined && launch.index === undefined)
    return [...settled, layerEnded(state, run, launch, launch.layer, end, moment)]
  const item = run.items[launch.index ?? -1]
  if (item === undefined) return []
  const drafts =
    launch.step === 'main'
      ? mainEnded(state, run, item, launch, end, question, moment)
      : gateEnded(state, run, item, launch, end, moment)
  return [...settled, ...drafts]
}

function layerEnded(
  state: State,
  run: Run,
  launch: Launch,
  layer: string,
  end: LaunchEnd,
  moment: Moment,
): RecordDraft {
  const { outcome, reason, detail } = ending(end, run.canceling)
  const again = outcome !== 'succeeded' && outcome !== 'canceled'
  const retryAt = again ? layerRetryAt(state, run, layer, moment) : undefined
  return {
    kind: 'layer.ended',
    actor: 'engine',
    run: run.id,
    attempt: launch.attempt,
    fence: launch.fence,
    data: {
      layer,
      outcome: outcome === 'succeeded' ? 'ready' : 'failed',
      reason,
      ...(retryAt !== undefined && { retryAt }),
      ...(detail !== undefined && { detail }),
      ...(end.type === 'report' && { exit: exitOf(end), ...logs(end.report) }),
    },
  }
}

/** A layer is tried as often as the most patient of its run's items that wait for it is, and after the same delays. */
function layerRetryAt(state: State, run: Run, layer: string, { now, random }: Moment): number | undefined {
  const failures = run.layerFailures[layer] ?? 0
  let patient: Item['spec']['retries'] | undefined
  for (const [id, index] of state.layers.get(layer)?.waiting ?? []) {
    const item = id === run.id ? run.items[index] : undefined
    if (item?.phase === 'setup' && item.spec.retries.max > (patient?.max ?? failures)) patient = item.spec.retries
  }
  return patient && now + backoffMs(failures, patient.minDelayMs, patient.maxDelayMs, random)
}

function mainEnded(
  state: State,
  run: Run,
  item: Item,
  launch: Launch,
  end: LaunchEnd,
  question: SaltedPayload | undefined,
  moment: Moment,
): RecordDraft[] {
  const stopping = stopOf(run, item)
  const about = { actor: 'engine', run: run.id, item: item.id } as const
  if (end.type === 'refused' && stopping === undefined) return [refused(run, item, launch, end, moment)]
  const { outcome, reason, detail } = ending(end, stopping)
  const product = end.type === 'report' ? end.report.product : undefined
  const kept = keptBy(item, end)
  const starved = starvedBy(state, launch, end, outcome, moment)
  if (starved !== undefined && end.type === 'report' && stopping === undefined) {
    const data = { outcome: 'parked', reason: 'budget', detail: starved.account, ...evidenceOf(end) } as const
    const waits = { ...starved.wait, ...kept }
    return attemptEnded(run, item, launch, data, moment, waits)
  }
  if (outcome === 'succeeded' && item.spec.gates.length > 0 && end.type === 'report' && product !== undefined) {
    return [
      {
        kind: 'item.captured',
        ...about,
        attempt: launch.attempt,
        fence: launch.fence,
        data: { ...evidenceOf(end), product },
      },
      launchDraft(state, run, item, 'gate:0'),
    ]
  }
  const said = { outcome, reason, ...(detail !== undefined && { detail }) }
  const data = end.type === 'report' ? { ...said, ...evidenceOf(end) } : said
  if (end.type !== 'report' || stopping !== undefined) return attemptEnded(run, item, launch, data, moment)
  const { verdict } = end.report
  // What says that it is limited may say so for ever, and each time is an attempt more.
  if (verdict.outcome === 'parked' && verdict.reason === 'rate-limit' && item.limited >= LIMITED_LIMITS.attempts)
    return attemptEnded(run, item, launch, { ...data, outcome: 'failed' }, moment)
  if (verdict.outcome === 'parked') {
    const { reason: why, expiresAt, snapshot } = verdict
    const resumeAt = why === 'rate-limit' ? limitOver(state, launch, verdict.resumeAt, moment) : verdict.resumeAt
    const until = { ...(resumeAt !== undefined && { resumeAt }), ...(expiresAt !== undefined && { expiresAt }) }
    const asked = question && { question }
    return attemptEnded(run, item, launch, data, moment, {
      reason: why,
      ...kept,
      ...(snapshot && { snapshot }),
      ...until,
      ...asked,
    })
  }
  // No failure of the item: the conversation is gone, and it is tried once more without.
  if (reason === 'resume' && item.continued?.conversation !== undefined)
    return attemptEnded(run, item, launch, { ...data, outcome: 'parked' }, moment, {
      reason: 'retry',
      resumeAt: moment.now,
      startsOver: true,
    })
  return attemptEnded(run, item, launch, data, moment, undefined, BREAKS.has(reason) ? kept : undefined)
}

/**
 * When an item goes on that a provider limits: as its program says, or as the answers to its calls do, a moment later, so that a
 * clock that is a little ahead is not refused again.
 */
function limitOver(state: State, launch: Launch, said: number | undefined, { now }: Moment): number {
  const { usualMs, mostMs } = LIMITED_LIMITS
  const seen = state.budgets.limited.get(launch.fence) ?? 0
  const otherwise = seen > now ? seen + 1_000 : now + usualMs
  return Math.min(wholeMs(said, otherwise), now + mostMs)
}

/**
 * The wait of an attempt that failed after it was refused a call for want of a budget: it may go on once there is one. Some
 * programs take such a refusal for the limit of a provider that never said so. A day's budget is there again with the next day,
 * but no day has room for what is more than all of it.
 */
function starvedBy(state: State, launch: Launch, end: LaunchEnd, outcome: AttemptOutcome, { now }: Moment) {
  const budget = state.budgets.refused.get(launch.fence)
  if (budget === undefined || end.type !== 'report') return undefined
  const { verdict } = end.report
  const mistaken =
    verdict.outcome === 'parked' && verdict.reason === 'rate-limit' && !state.budgets.limited.has(launch.fence)
  if (outcome !== 'failed' && outcome !== 'timed-out' && !mistaken) return undefined
  // What got out stays so, whatever is approved.
  if (verdict.outcome !== 'parked' && verdict.reason === 'secret') return undefined
  const { account, of, wanted = 0 } = budget
  const most = limitsOf(state, account, undefined, undefined)[of] ?? Number.MAX_SAFE_INTEGER
  const resumeAt = account.startsWith('day:') && wanted <= most ? { resumeAt: nextDay(now) } : {}
  return { account, wait: { reason: 'budget' as const, budget, ...resumeAt } }
}

function gateEnded(state: State, run: Run, item: Item, launch: Launch, end: LaunchEnd, moment: Moment): RecordDraft[] {
  const gate = Number(launch.step.slice('gate:'.length))
  const stopping = stopOf(run, item)
  if (end.type === 'refused' && stopping === undefined) return [refused(run, item, launch, end, moment)]
  const { outcome, reason, detail } = ending(end, stopping)
  const passed = outcome === 'succeeded'
  const ended: RecordDraft = {
    kind: 'gate.ended',
    actor: 'engine',
    run: run.id,
    item: item.id,
    attempt: launch.attempt,
    fence: launch.fence,
    data: {
      gate,
      passed,
      reason,
      ...(end.type === 'report' && {
        exit: exitOf(end),
        ...logs(end.report),
        ...(end.report.services && { services: end.report.services }),
      }),
    },
  }
  if (passed && gate + 1 < item.spec.gates.length) return [ended, launchDraft(state, run, item, `gate:${gate + 1}`)]
  const starved = stopping === undefined ? starvedBy(state, launch, end, outcome, moment) : undefined
  if (starved !== undefined) {
    // It goes on from what was judged, and is judged again.
    const snapshot = item.product?.snapshot
    const data = { outcome: 'parked', reason: 'budget', detail: starved.account } as const
    const waits = { ...starved.wait, ...(snapshot && { snapshot }), ...startsOver(item) }
    return [ended, ...attemptEnded(run, item, launch, data, moment, waits)]
  }
  return [
    ended,
    ...attemptEnded(
      run,
      item,
      launch,
      { outcome, reason: passed ? 'completed' : `gate:${gate}`, ...(detail !== undefined && { detail }) },
      moment,
    ),
  ]
}

/** There was no room: nothing was started, the attempt stays open, and the slot is given back. */
function refused(
  run: Run,
  item: Item,
  launch: Launch,
  { retryAfterMs, detail }: LaunchEnd & { readonly type: 'refused' },
  { now }: Moment,
): RecordDraft {
  const resumeAt = now + Math.max(1, wholeMs(retryAfterMs, CAPACITY_RETRY_MS))
  // A gate judges what was made under the item's locks, which others may see only once that is decided.
  const locksUntil = launch.step === 'main' ? now : resumeAt
  return {
    kind: 'item.parked',
    actor: 'engine',
    run: run.id,
    item: item.id,
    attempt: launch.attempt,
    fence: launch.fence,
    data: {
      reason: 'capacity',
      token: tokenOf(run, item, launch),
      resumeAt,
      ...(detail !== undefined && { detail: fitDetail(detail) }),
      locksUntil,
    },
  }
}

/** The end of an item that is cancelled while nothing of it runs. */
export function canceledIdle(run: Run, item: Item, reason: string): RecordDraft[] {
  const about = { actor: 'engine', run: run.id, item: item.id } as const
  const data = { outcome: 'canceled', reason } as const
  const gate = refusedGate(item)
  if (gate === undefined) return [{ kind: 'item.settled', ...about, data }]
  const { attempt, fence } = gate
  return [
    { kind: 'attempt.ended', ...about, attempt, fence, data },
    { kind: 'item.settled', ...about, attempt, fence, data },
  ]
}

/** The record of an attempt's end and what follows: the item settles, waits for another attempt, or is parked. */
function attemptEnded(
  run: Run,
  item: Item,
  launch: Launch,
  data: RecordData['attempt.ended'],
  { now, random }: Moment,
  parked?: Kept & {
    readonly reason: ParkReason
    readonly resumeAt?: number
    readonly expiresAt?: number
    readonly budget?: SpentBudget
    readonly question?: SaltedPayload
  },
  broken?: Kept,
): RecordDraft[] {
  const about = { actor: 'engine', run: run.id, item: item.id } as const
  const ended: RecordDraft = { kind: 'attempt.ended', ...about, attempt: launch.attempt, fence: launch.fence, data }
  if (parked !== undefined) {
    const token = tokenOf(run, item, launch)
    const { reason, resumeAt, expiresAt, snapshot, conversation, startsOver, budget, question } = parked
    return [
      ended,
      {
        kind: 'item.parked',
        ...about,
        ...(question && { payload: question }),
        data: {
          reason,
          token,
          ...(resumeAt !== undefined && { resumeAt: wholeMs(resumeAt, now) }),
          ...(expiresAt !== undefined && Number.isFinite(expiresAt) && { expiresAt: wholeMs(expiresAt, now) }),
          locksUntil: now,
          ...(snapshot && { snapshot }),
          ...(conversation && { conversation }),
          ...(startsOver && { startsOver }),
          ...(budget && { budget }),
        },
      },
    ]
  }
  const { max, minDelayMs, maxDelayMs } = item.spec.retries
  if (isFailure(data.outcome) && item.failures < max) {
    const token = tokenOf(run, item, launch)
    const resumeAt = now + backoffMs(item.failures, minDelayMs, maxDelayMs, random)
    // The locks stay: nobody should see what a half-done attempt was about to redo.
    const goesOn = broken?.conversation === undefined ? startsOver(item) : broken
    const data = { reason: 'retry', token, resumeAt, locksUntil: resumeAt, ...goesOn } as const
    return [ended, { kind: 'item.parked', ...about, data }]
  }
  const outcome = data.outcome === 'succeeded' || data.outcome === 'canceled' ? data.outcome : 'failed'
  const reason = data.outcome === 'canceled' ? (stopOf(run, item) ?? 'requested') : data.reason
  return [
    ended,
    { kind: 'item.settled', ...about, attempt: launch.attempt, fence: launch.fence, data: { outcome, reason } },
  ]
}

/** Whether an outcome counts against the retries. */
function isFailure(outcome: AttemptOutcome): boolean {
  return outcome === 'failed' || outcome === 'timed-out' || outcome === 'lost'
}

/** Why an attempt was asked to stop, where it was. */
function stopOf(run: Run, item: Item): Stopping {
  return run.canceling ?? (item.canceling || undefined)
}

/** Any end of a launch as the outcome of an attempt. What was asked to stop is canceled, whatever it managed to do. */
function ending(end: LaunchEnd, stopping: Stopping): { outcome: AttemptOutcome; reason: string; detail?: string } {
  if (stopping !== undefined) return { outcome: 'canceled', reason: stopping satisfies OutcomeReason }
  switch (end.type) {
    case 'lost':
      return { outcome: 'lost', reason: 'lost' satisfies OutcomeReason }
    case 'refused':
      return { outcome: 'failed', reason: 'capacity' satisfies OutcomeReason }
    case 'canceled':
      return { outcome: 'lost', reason: 'stopped' satisfies OutcomeReason }
    case 'error':
      return {
        outcome: 'failed',
        reason: end.stage satisfies OutcomeReason,
        detail: fitDetail(`${end.code}: ${end.detail}`),
      }
    case 'report': {
      const { verdict } = end.report
      if (verdict.outcome === 'parked') return { outcome: 'parked', reason: verdict.reason }
      // Nobody asked it to stop, so a kill came from outside the engine.
      const outcome = verdict.outcome === 'canceled' ? 'failed' : verdict.outcome
      return {
        outcome,
        reason: atMost(verdict.reason, 200) || ('unknown' satisfies OutcomeReason),
        ...(verdict.detail !== undefined && { detail: fitDetail(verdict.detail) }),
      }
    }
  }
}

function wholeMs(ms: number | undefined, otherwise: number): number {
  return ms !== undefined && Number.isFinite(ms) && ms >= 0 ? Math.min(Math.ceil(ms), 2 ** 48) : otherwise
}

function exitOf({ exit }: LaunchEnd & { type: 'report' }): Exit {
  return fitExit(exit)
}

/** What a main step left to judge it by. */
function evidenceOf(
  end: LaunchEnd & { type: 'report' },
): RecordData['item.captured'] | Omit<RecordData['item.captured'], 'product'> {
  const { product, activity, summaries } = end.report
  return {
    exit: exitOf(end),
    ...(product !== undefined && { product }),
    ...(activity !== undefined && { activity: fitActivity(activity) }),
    ...(summaries !== undefined && { summaries: fitSummaries(summaries) }),
  }
}

function logs({ stdout, stderr }: StepReport): {
  stdout?: StepReport['stdout'] & object
  stderr?: StepReport['stderr'] & object
} {
  return { ...(stdout && { stdout }), ...(stderr && { stderr }) }
}

/** The token of a wait: it names one wait of one launch, so it needs no randomness. */
function tokenOf(run: Run, item: Item, launch: Launch): string {
  return base32(sha256(JSON.stringify(['wait', run.id, item.id, launch.launchId, launch.fence]))).slice(0, 26)
}
