import type { Pause, RecordDraft } from '@seamark/core'
import type { Command, Decision } from './commands.ts'
import { by, refuse } from './decide-resume.ts'
import { readyAll, unlock } from './fold-items.ts'
import type { Run, State, Touch } from './state.ts'
import { refusedGate } from './state.ts'

/** Whether nothing new of a run is launched until somebody resumes it, or all. One that is being cancelled comes to its end. */
export function isPaused(state: State, run: Run): boolean {
  return run.canceling === undefined && (state.paused ?? run.paused) !== undefined
}

/** Pauses a run or all of them, or ends that. What changes nothing is recorded as void. */
export function decidePause(state: State, command: Command & { readonly type: 'pause' | 'unpause' }): Decision {
  const { type, run: id, principal } = command
  const pauses = type === 'pause'
  const about = { ...by(principal), ...(id !== undefined && { run: id }) }
  const voided = (reason: string): Decision => {
    const named = `${id === undefined ? 'service' : 'run'}.${pauses ? 'pause' : 'resume'}`
    const drafts: RecordDraft[] = [{ kind: 'command.voided', ...about, data: { command: named, reason } }]
    return { drafts, reply: { ok: true, effective: false } }
  }
  const run = id === undefined ? undefined : state.runs.get(id)
  if (id !== undefined && run === undefined) {
    if (command.earlier !== undefined) return voided('sealed')
    const reply = refuse('NOT_FOUND', `There is no run ${id}.`, 'List the runs with `seamark list`.')
    return { drafts: [], reply }
  }
  if (run?.canceling !== undefined) return voided('canceling')
  if (((run ?? state).paused !== undefined) === pauses) return voided(pauses ? 'already-paused' : 'not-paused')
  const of = id === undefined ? 'service' : 'run'
  const drafts: RecordDraft[] = [{ kind: pauses ? `${of}.paused` : `${of}.resumed`, ...about, data: {} }]
  return { drafts, reply: { ok: true, effective: true } }
}

/**
 * Items that have not begun leave their lines and give back the locks that they have, so that a pause holds up no other run. A
 * gate that was refused stays: what it judges was made under the locks of its item. O(items of the run + items in line).
 */
export function foldPaused(state: State, run: Run, pause: Pause, touch: Touch): void {
  run.paused = pause
  for (const item of run.items) {
    if ((item.phase !== 'lined' && item.phase !== 'queued') || refusedGate(item) !== undefined) continue
    item.phase = 'held'
    unlock(state, run.id, item, touch)
  }
  // Else they would gather there with each pause while no slot is free.
  for (const { line } of state.queues.values())
    line.keep(([, id, index]) => id !== run.id || run.items[index]?.phase === 'queued')
}

/** What is ready gets in line again, as if it became so now. O(items of the run). */
export function foldResumed(state: State, run: Run, touch: Touch): void {
  delete run.paused
  const held = run.items.filter(({ phase }) => phase === 'held')
  readyAll(state, run, held, touch)
  for (const { digest } of Object.values(run.layers)) {
    const layer = state.layers.get(digest)
    if (layer !== undefined && !layer.ready && layer.launch === undefined && layer.waiting.length > 0)
      state.unbuilt.add(digest)
  }
}
