import type { Journal } from '@seamark/core'
import { allowLocal } from '@seamark/kit'
import { createEngine, FOLD_VERSION } from '@seamark/orchestrator'
import { instantHands, instantItem, memoryJournal, memorySigner } from '@seamark/testing'
import { expect, it } from 'vitest'
import { moveNamespace } from '../src/index.ts'
import type { Store } from '../src/index.ts'

const signer = memorySigner()
const notices: Error[] = []
const engineOn = (store: Store) =>
  createEngine({
    ns: 'default',
    ...store,
    ...instantHands(),
    runtimes: ['command'],
    authorizer: allowLocal(),
    signer,
    queues: { default: { concurrency: 4 } },
    newOrigin: () => `seamark.invalid/${'0'.repeat(32)}`,
    version: '0.0.0',
    holder: 'test',
    onNotice: (error) => notices.push(error),
  })

it('an engine on the target goes on from the snapshot, not from the first record', async () => {
  const from = memoryJournal()
  const before = engineOn(from)
  await before.start()
  await before.submit(
    { id: 'local:1000' },
    {
      run: 'first',
      plan: 'a'.repeat(64),
      spec: { workspace: { type: 'empty' } },
      items: [instantItem('a'), instantItem('b')],
    },
  )
  await before.sealed('first')
  await before.stop()
  const snapshot = await from.journal.loadState('default', FOLD_VERSION)
  expect(snapshot?.size).toBeGreaterThan(5)

  const to = memoryJournal()
  await moveNamespace({ ns: 'default', from, to, holder: 'mover', foldVersion: FOLD_VERSION })
  const reads: number[] = []
  const read: Journal['read'] = (ns, at, options) => {
    // Without payloads it looks for one record only.
    if (options?.payloads === true) reads.push(at)
    return to.journal.read(ns, at, options)
  }
  const after = engineOn({ ...to, journal: { ...to.journal, read } })
  await after.start()
  expect(reads).toEqual([snapshot?.size])
  await after.stop()
  expect(notices).toEqual([])
})
