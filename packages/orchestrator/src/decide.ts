import type { RecordDraft } from '@seamark/core'
import type { OutcomeReason } from '@seamark/kit'
import { decidePush, decideRemove } from './agents.ts'
import { decideCollect, decideCollected, decideHold, decideRelease, decideRemoveRun } from './collections.ts'
import type { Command, Decision, Moment, Reply } from './commands.ts'
import { decideAdd, decideChildren } from './decide-children.ts'
import { canceledIdle, decideEnd } from './decide-end.ts'
import { by, decideResume, refuse } from './decide-resume.ts'
import { decideApprove, decideBudgets, decideReserve, decideSettle } from './decide-usage.ts'
import { factDrafts } from './facts.ts'
import { decidePause } from './pause.ts'
import type { State } from './state.ts'
import { sameRerun } from './read-earlier.ts'
import { applies } from './timers.ts'

const done: Reply = { ok: true }

/** What a command comes to: records, and the answer once they are durable. Pure. */
export function decide(state: State, command: Command, moment: Moment): Decision {
  switch (command.type) {
    case 'open': {
      const started: RecordDraft = { kind: 'engine.started', actor: 'engine', data: command.engine }
      const opened: RecordDraft = { kind: 'log.opened', actor: 'engine', data: { origin: command.origin } }
      const budgets = decideBudgets(state, command.budgets ?? {})
      return { drafts: [...(state.size === 0 ? [opened, started] : [started]), ...budgets], reply: done }
    }
    case 'close':
      return one({ kind: 'engine.stopped', actor: 'engine', data: { reason: command.reason } })
    case 'deny':
      return one({ kind: 'command.denied', ...by(command.principal), data: command.data })
    case 'submit':
      return decideSubmit(state, command, moment)
    case 'cancel':
      return decideCancel(state, command)
    case 'pause':
    case 'unpause':
      return decidePause(state, command)
    case 'resume':
    case 'answer':
      return decideResume(state, command)
    case 'end':
      return { drafts: decideEnd(state, command, moment), reply: done }
    case 'note':
      return decideNote(state, command)
    case 'reserve':
      return decideReserve(state, command, moment.now)
    case 'settle':
      return decideSettle(state, command)
    case 'approve':
      return decideApprove(state, command)
    case 'push-agent':
      return decidePush(state, command)
    case 'remove-agent':
      return decideRemove(state, command)
    case 'hold':
      return decideHold(state, command)
    case 'release':
      return decideRelease(state, command)
    case 'collect':
      return decideCollect(state, command, moment.now)
    case 'remove':
      return decideRemoveRun(state, command)
    case 'collected':
      return decideCollected(state, command)
    case 'add':
      return decideAdd(state, command)
    case 'children':
      return decideChildren(state, command)
    case 'tick':
      return { drafts: decideTick(state, moment.now), reply: done }
    case 'leftover':
      return one({ kind: 'leftover.killed', actor: 'engine', data: command.data })
    case 'checkpoint':
      if (!state.unsigned) return { drafts: [], reply: done }
      return decideCheckpoint({ size: state.size, root: command.root })
    case 'anchored':
      return one({ kind: 'checkpoint.anchored', actor: 'engine', payload: command.receipt, data: command.data })
    case 'unanchored':
      return one({ kind: 'checkpoint.unanchored', actor: 'engine', data: command.data })
  }
}

function decideCheckpoint(head: { readonly size: number; readonly root: string }): Decision {
  return { drafts: [{ kind: 'checkpoint.committed', actor: 'engine', data: head }], reply: { ok: true, head } }
}

function decideSubmit(state: State, command: Command & { type: 'submit' }, { now }: Moment): Decision {
  const { submission, head, chunks, principal, teams } = command
  const { run, plan, spec } = submission
  const { rerun, taken = [] } = command
  const earlier = state.runs.get(run) ?? command.earlier
  if (earlier !== undefined) {
    if (earlier.plan === plan && sameRerun(earlier.rerun, rerun))
      return { drafts: [], reply: { ok: true, created: false } }
    const reply =
      earlier.plan === plan
        ? refuse('CONFLICT', `Run ${run} exists, and does not do the same again.`, 'Choose another run id.')
        : refuse('CONFLICT', `Run ${run} exists with another plan.`, 'Submit the same plan, or choose another run id.')
    return { drafts: [], reply }
  }
  const base = spec.workspace.type === 'git' ? spec.workspace : undefined
  const actor = by(principal)
  const submitted: RecordDraft = {
    kind: 'run.submitted',
    ...actor,
    run,
    payload: head,
    data: {
      ...(spec.name !== undefined && { name: spec.name }),
      plan,
      items: command.items,
      ...(base && {
        base: {
          repository: base.repository,
          commit: base.commit,
          tree: base.tree,
          uncommitted: base.uncommitted.count,
          submodules: base.submodules.length,
        },
      }),
      ...(spec.timeoutMs !== undefined && { deadline: now + spec.timeoutMs }),
      ...(teams.length > 0 && { teams }),
      ...(rerun && { rerun }),
    },
  }
  const added = chunks.map(({ items, payload }): RecordDraft => ({
    kind: 'items.added',
    ...actor,
    run,
    payload,
    data: { items },
  }))
  const settled = taken.flatMap(({ item, data }): RecordDraft[] => [
    { kind: 'item.taken', actor: 'engine', run, item, data },
    {
      kind: 'item.settled',
      actor: 'engine',
      run,
      item,
      data: { outcome: 'succeeded', reason: 'taken' satisfies OutcomeReason },
    },
  ])
  return { drafts: [submitted, ...added, ...settled], reply: { ok: true, created: true } }
}

function decideCancel(state: State, command: Command & { type: 'cancel' }): Decision {
  const { run: id, item: itemId, principal } = command
  const target = itemId === undefined ? {} : { item: itemId }
  const voided = (reason: string): Decision => ({
    drafts: [
      {
        kind: 'command.voided',
        ...by(principal),
        run: id,
        ...target,
        data: { command: itemId === undefined ? 'run.cancel' : 'item.cancel', reason },
      },
    ],
    reply: { ok: true, effective: false },
  })
  const run = state.runs.get(id)
  if (run === undefined) {
    if (command.earlier !== undefined && command.unknownItem !== true) return voided('sealed')
    return { drafts: [], reply: notFound(id, command.earlier === undefined ? undefined : itemId) }
  }
  const item = itemId === undefined ? undefined : run.items[run.byId.get(itemId) ?? -1]
  if (itemId !== undefined && item === undefined) {
    return { drafts: [], reply: notFound(id, itemId) }
  }
  if (run.canceling !== undefined || (item !== undefined && item.canceling !== false))
    return voided('already-canceling')
  if (item?.phase === 'settled') return voided('settled')
  const drafts: RecordDraft[] = [
    { kind: 'cancel.requested', ...by(principal), run: id, ...target, data: { reason: 'requested' } },
  ]
  if (item !== undefined && item.phase !== 'running')
    for (const draft of canceledIdle(run, item, 'requested')) drafts.push({ ...draft, cause: state.size })
  return { drafts, reply: { ok: true, effective: true } }
}

/** What is noted of an attempt that is over has no effect, so it is refused and leaves no record. */
function decideNote(state: State, { launchId, fence, facts }: Command & { type: 'note' }): Decision {
  const launch = state.launches.get(launchId)
  const run = launch && state.runs.get(launch.run)
  if (launch === undefined || run === undefined || launch.fence !== fence)
    return { drafts: [], reply: refuse('CONFLICT', 'The attempt is over.', 'Nothing more is recorded of it.') }
  return { drafts: factDrafts(run, launch, facts), reply: done }
}

/** Everything that is due, once each. */
function decideTick(state: State, now: number): RecordDraft[] {
  const drafts: RecordDraft[] = []
  const resumed = new Set<string>()
  for (let timer = state.timers.peek(); timer !== undefined && timer.at <= now; timer = state.timers.peek()) {
    state.timers.pop()
    // A layer whose time has come is launched by what follows from the state by itself.
    if (timer.type === 'layer' || !applies(state, timer)) continue
    const { run } = timer
    if (timer.type === 'deadline') {
      drafts.push({ kind: 'cancel.requested', actor: 'engine', run, data: { reason: 'timeout' } })
      continue
    }
    const { index, token } = timer
    const item = state.runs.get(run)?.items[index]
    if (item === undefined || resumed.has(token)) continue
    const about = { actor: 'engine', run, item: item.id } as const
    if (timer.type === 'unlock') {
      drafts.push({ kind: 'locks.released', ...about, data: { token } })
      continue
    }
    resumed.add(token)
    if (timer.type === 'resume') drafts.push({ kind: 'item.resumed', ...about, data: { token, by: 'time' } })
    else
      drafts.push(
        { kind: 'item.resumed', ...about, data: { token, by: 'expiry' } },
        { kind: 'item.settled', ...about, data: { outcome: 'failed', reason: 'expired' satisfies OutcomeReason } },
      )
  }
  return drafts
}

function one(draft: RecordDraft): Decision {
  return { drafts: [draft], reply: done }
}

function notFound(run: string, item: string | undefined): Reply {
  return item === undefined
    ? refuse('NOT_FOUND', `There is no run ${run}.`, 'List the runs with `seamark list`.')
    : refuse('NOT_FOUND', `Run ${run} has no item ${item}.`, 'List its items with `seamark status`.')
}
