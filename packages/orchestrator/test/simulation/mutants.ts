/** A bug that the simulation has to find: one place in the engine's source, changed. */
export interface Mutant {
  readonly about: string
  readonly file: string
  readonly find: string
  readonly replace: string
}

export const MUTANTS: readonly Mutant[] = [
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
    find: '    await rebuild()\n    const full',
    replace: '    const full',
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
    find: 'if (size !== state.size) {',
    replace: 'if (size < before) {',
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
    replace: '      await rebuild()\n      return false',
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
    file: 'conduct.ts',
    find: "task.step === 'main'",
    replace: "task.step !== 'setup'",
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
]
