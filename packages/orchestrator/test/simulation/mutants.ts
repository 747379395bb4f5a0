import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine, EngineOptions } from '../../src/index.ts'

/** A bug that the simulation has to find: one place in the engine's source, changed. */
export interface Mutant {
  readonly about: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const MUTANTS: readonly Mutant[] = [
  {
    about: 'a pause of all runs is lost with a snapshot',
    file: 'snapshot.ts',
    find: 'unsigned, ...(paused && { paused }) }',
    replace: 'unsigned }',
  },
  {
    about: 'what a paused run was about to launch is launched',
    file: 'pause.ts',
    find: "    item.phase = 'held'\n    unlock(",
    replace: '    unlock(',
  },
  {
    about: 'what becomes ready while its run is paused is launched',
    file: 'fold-items.ts',
    find: '  if (state.runs.get(run)?.paused !== undefined) {',
    replace: '  if (state.size < 0) {',
  },
  {
    about: 'what was spent is lost with a snapshot',
    file: 'snapshot.ts',
    find: '  state.budgets = loadBudgets(saved.budgets)\n',
    replace: '',
  },
  {
    about: 'a call is not taken from the budget of its run',
    file: 'fold-budgets.ts',
    find: '  return [...own, `run:${run.id}`, ',
    replace: '  return [...own, `run:${run.id}x`, ',
  },
  {
    about: 'a call is not taken from the budgets of its teams',
    file: 'fold-budgets.ts',
    find: '`principal:${run.submittedBy}`, ...teams, ',
    replace: '`principal:${run.submittedBy}`, ',
  },
  {
    about: 'what agents and teams may spend is lost with a snapshot',
    file: 'fold-budgets.ts',
    find: '    named: new Map(saved.named),\n',
    replace: '    named: new Map(),\n',
  },
  {
    about: 'a limit that is set on a team or agent that has spent does not hold',
    file: 'fold-budgets.ts',
    find: '        if (budgets.accounts.accounts.has(account)) change(',
    replace: '        if (budgets.accounts.accounts.size < 0) change(',
  },
  {
    about: 'what an attempt reserved stays reserved after its end',
    file: 'decide-end.ts',
    find: '  const settled = settleOpen(state, launch)\n',
    replace: '  const settled = settleOpen(state, { ...launch, fence: -1 })\n',
  },
  {
    about: 'an answer is told again to who has it',
    file: 'fold.ts',
    find: 'parked?.conversation === undefined ? continued?.answer : undefined',
    replace: 'continued?.answer',
  },
  {
    about: 'a wait for an answer ends without one',
    file: 'decide-resume.ts',
    find: 'if (asks !== answers)',
    replace: 'if (asks && answers && state.size < 0)',
  },
  {
    about: 'a conversation that is gone is gone on with',
    file: 'fold.ts',
    find: 'parked?.startsOver ? undefined : ',
    replace: '',
  },
  { about: 'failed attempts are not counted', file: 'fold.ts', find: 'item.failures++', replace: 'item.failures += 0' },
  {
    about: 'locks are kept after an item has settled',
    file: 'fold-items.ts',
    find: '  unlock(state, run.id, item, touch)\n  if (outcome',
    replace: '  if (outcome',
  },
  {
    about: 'a queue runs one more than it may',
    file: 'schedule.ts',
    find: 'queue.running >= concurrency',
    replace: 'queue.running > concurrency',
  },
  {
    about: 'locks are lost with a snapshot',
    file: 'snapshot.ts',
    find: '  relock(state, saved.locksHeld)\n',
    replace: '',
  },
  {
    about: 'a tree lock does not wait for locks below it',
    file: 'locks.ts',
    find: 'at.self !== undefined || at.intents.size > 0',
    replace: 'at.self !== undefined',
  },
  {
    about: 'after a failed append the state stays ahead of the journal',
    file: 'loop.ts',
    find: '    await rebuild()\n    flight',
    replace: '    flight',
  },
  {
    about: 'what is recorded after a seal is numbered wrong',
    file: 'ledger.ts',
    find: 'runSegment(tail.segment, tail.runSeq + 1)',
    replace: 'runSegment(tail.segment, tail.runSeq + 2)',
  },
  {
    about: 'a restarted service does not look for what runs',
    file: 'parts.ts',
    find: '  takeUp(loop.state, parts)\n',
    replace: '',
  },
  {
    about: 'a full disk is taken for a lost answer',
    file: 'loop.ts',
    find: 'if (size === sizes.before) return seam',
    replace: 'if (size < sizes.before) return seam',
  },
  {
    about: 'a cancelled run forgets what waits for a slot',
    file: 'react.ts',
    find: "item.phase !== 'settled' && item.phase !== 'running'",
    replace: "item.phase === 'pending'",
  },
  {
    about: 'dependents of a failed item wait for ever',
    file: 'fold-items.ts',
    find: '    state.todo.cascade.push([run.id, item.index])\n  }\n  const',
    replace: '  }\n  const',
  },
  {
    about: 'an executor that is away for long is taken for dead',
    file: 'conduct.ts',
    find: 'attempts: Infinity',
    replace: 'attempts: 8',
  },
  {
    about: 'a batch whose answer was lost has no effects',
    file: 'loop.ts',
    find: '      // It took effect although its answer was lost.',
    replace: '      return seam',
  },
  {
    about: 'what was decided while an append failed is forgotten',
    file: 'loop.ts',
    find: '[...group.waiting, ...inHand]',
    replace: 'group.waiting',
  },
  {
    about: 'what was decided while an append failed is appended after all',
    file: 'loop.ts',
    find: 'flight = ahead = undefined',
    replace: 'flight = undefined',
  },
  {
    about: 'nobody watches the time of what runs',
    file: 'conduct.ts',
    find: '      mine.overdue = true\n      kill(',
    replace: '      void (',
  },
  {
    about: 'what was refused and then cancelled is never cleaned up',
    file: 'fold-items.ts',
    find: '    toClean(state, item.refused)\n',
    replace: '',
  },
  {
    about: 'a gate fails when there is no room for it',
    file: 'decide-end.ts',
    find: '  const stopping = stopOf(run, item)\n  if (',
    replace: '  const stopping = stopOf(run, item)\n  if (false && ',
  },
  {
    about: 'what an anchor refused is not tried again',
    file: 'anchoring.ts',
    find: '      next ??= checkpoint\n',
    replace: '',
  },
  {
    about: 'a sealed run waits for the cadence of the anchors',
    file: 'anchoring.ts',
    find: '      urgent ||= forSeal\n',
    replace: '',
  },
  {
    about: 'a seal that a periodic checkpoint covers is kept from the anchors',
    file: 'checkpoints.ts',
    find: 'return forSeal && newest !== undefined ? options.signed(newest, true) : undefined',
    replace: 'return',
  },
  {
    about: 'an old run is said to have ended before that is signed',
    file: 'create-engine.ts',
    find: '          if (!running().allSigned) await orAbort(seals.nextSigned(), signal)\n',
    replace: '',
  },
  {
    about: 'a refused gate keeps its slot',
    file: 'fold.ts',
    find: '        item.launch = undefined\n        freeSlot(state, item)\n',
    replace: "        if (item.launch.step === 'main') freeSlot(state, item)\n        item.launch = undefined\n",
  },
  {
    about: 'the locks of what a refused gate judges are given back',
    file: 'decide-end.ts',
    find: "const locksUntil = launch.step === 'main' ? now : resumeAt",
    replace: 'const locksUntil = now',
  },
  {
    about: 'a cancelled run forgets the attempt whose gate was refused',
    file: 'decide-end.ts',
    find: 'if (gate === undefined) return',
    replace: "if (gate === undefined || reason !== '') return",
  },
  {
    about: 'a layer that was lost is not built again',
    file: 'decide-end.ts',
    find: 'const retryAt = again ?',
    replace: 'const retryAt = false ?',
  },
  {
    about: 'a layer is built again without end',
    file: 'fold.ts',
    find: "if (outcome === 'failed') run.layerFailures",
    replace: 'if (digest === outcome) run.layerFailures',
  },
  {
    about: 'a layer is built again at once',
    file: 'schedule.ts',
    find: '    if (layer?.retryAt !== undefined && layer.retryAt > now) continue\n',
    replace: '',
  },
  {
    about: 'the delay of a layer is lost with a snapshot',
    file: 'snapshot.ts',
    find: '    for (const timer of retryOf(layer)) state.timers.push(timer)\n',
    replace: '',
  },
  {
    about: 'facts of an attempt that is over are recorded',
    file: 'decide.ts',
    find: 'return { drafts: factDrafts(run, launch, facts), reply: done }',
    replace: 'return { drafts: factDrafts(run, { ...launch, fence: launch.fence - 1 }, facts), reply: done }',
  },
  {
    about: 'facts are said to be durable before they are',
    file: 'parts.ts',
    find: "await posted(running, { type: 'note', launchId, fence, facts })",
    replace: "void running.post({ type: 'note', launchId, fence, facts })",
  },
  {
    about: 'a denial is told before it is recorded',
    file: 'denials.ts',
    find: '        return record(principal, denial)\n',
    replace: '        void record(principal, denial).catch(() => undefined)\n        return Promise.resolve()\n',
  },
  {
    about: 'denials that are counted are not',
    file: 'denials.ts',
    find: 'counted.count += denial.count ?? 1',
    replace: 'counted.count = 1',
  },
]

/** A copy of the engine with the bug in it; the caller removes the folder. */
export async function plant({ file, find, replace }: Mutant): Promise<{
  readonly folder: string
  readonly createEngine: (options: EngineOptions) => Engine
}> {
  const orchestrator = join(import.meta.dirname, '..', '..')
  // Beside `src`, so that the copy resolves what the source resolves.
  const folder = mkdtempSync(join(orchestrator, '.mutants-'))
  cpSync(join(orchestrator, 'src'), folder, { recursive: true })
  const source = readFileSync(join(folder, file), 'utf8')
  if (source.split(find).length !== 2) throw new Error(`${file} does not hold this once: ${find}`)
  writeFileSync(
    join(folder, file),
    source.replace(find, () => replace),
  )
  const mutant: { createEngine: (options: EngineOptions) => Engine } = await import(join(folder, 'index.ts'))
  return { folder, createEngine: mutant.createEngine }
}
