import type { Journal } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { expectCode, expectEqual, fail } from './check.ts'
import { expectCodeOf, headerOf, openLog, plain, readAll, shown, written } from './journal-log.ts'
import { writes } from './journal-writers.ts'
import type { Case, Subject } from './suite.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

async function reopened(subject: Subject<Journal>): Promise<Journal> {
  if (subject.reopen === undefined) return fail('the subject can not be opened again')
  return subject.reopen()
}

const keepsNothing = (journal: Journal): string | undefined =>
  journal.guarantees.durable.value ? undefined : 'it does not claim to be durable'

/** What is kept beside the records, and over a restart. */
export const keptCases: readonly Case<Journal>[] = [
  {
    id: 'journal/checkpoint-kept',
    about: 'head gives the newest checkpoint back as it was committed, also of size 0 and when signed again',
    async run({ seam }) {
      const log = await openLog(seam)
      for (const [count, note] of [
        [0, 'empty\n'],
        [20, 'first\n\n— sig ünïcode\n'],
        [300, 'second\n'],
        [0, 'second, signed again\n'],
      ] as const) {
        await log.append(plain(count))
        const checkpoint = log.checkpoint(note)
        await seam.commitCheckpoint(log.lease, checkpoint)
        expectEqual(await seam.head('default'), { size: log.size, checkpoint }, 'head')
      }
      await log.append(plain(1))
      expectEqual((await seam.head('default')).checkpoint?.size, 320, 'checkpoint after more records')
    },
  },
  {
    id: 'journal/checkpoint-monotonic',
    about: 'a checkpoint of a smaller size is CONFLICT and the newest stays',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(3))
      const older = log.checkpoint('older\n')
      await log.append(plain(3))
      const newer = log.checkpoint('newer\n')
      await seam.commitCheckpoint(log.lease, newer)
      await expectCode('CONFLICT', () => seam.commitCheckpoint(log.lease, older), 'an older checkpoint')
      expectEqual((await seam.head('default')).checkpoint, newer, 'checkpoint')
    },
  },
  {
    id: 'journal/checkpoint-of-this-log',
    about: 'a checkpoint beyond the log is INVALID_INPUT, one of another root is INTEGRITY, and neither is kept',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(18))
      const right = log.checkpoint()
      await expectCode(
        'INVALID_INPUT',
        () => seam.commitCheckpoint(log.lease, { ...right, size: 19 }),
        'beyond the log',
      )
      await expectCode(
        'INTEGRITY',
        () => seam.commitCheckpoint(log.lease, { ...right, root: sha256Hex('other') }),
        'another root',
      )
      await expectCode(
        'INTEGRITY',
        () => seam.commitCheckpoint(log.lease, { ...right, size: 17 }),
        'the root of another size',
      )
      expectEqual(await seam.head('default'), { size: 18 }, 'head')
    },
  },
  {
    id: 'journal/state-of-fold-version',
    about: 'loadState gives the newest snapshot of the version asked for, and none of another',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(9))
      for (const [size, foldVersion, text] of [
        [3, 1, 'a'],
        [6, 1, 'b'],
        [9, 2, 'c'],
      ] as const)
        await seam.saveState(log.lease, { size, foldVersion, sha256: sha256Hex(text), bytes: bytes(text) })
      const load = async (version: number): Promise<unknown> => {
        const found = await seam.loadState('default', version)
        return found && [found.size, found.foldVersion, found.sha256, new TextDecoder().decode(found.bytes)]
      }
      expectEqual(await load(1), [6, 1, sha256Hex('b'), 'b'], 'version 1')
      expectEqual(await load(2), [9, 2, sha256Hex('c'), 'c'], 'version 2')
      expectEqual(await load(3), undefined, 'version 3')
    },
  },
  {
    id: 'journal/state-digest',
    about: 'a snapshot whose digest is wrong is never loaded as if it were right',
    async run({ seam }) {
      const log = await openLog(seam)
      const wrong = { size: 0, foldVersion: 1, sha256: sha256Hex('right'), bytes: bytes('wrong') }
      const saved = await seam.saveState(log.lease, wrong).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (saved === undefined) await expectCode('INTEGRITY', () => seam.loadState('default', 1), 'load')
      else {
        expectCodeOf(saved, 'INVALID_INPUT', 'save')
        expectEqual(await seam.loadState('default', 1), undefined, 'state')
      }
    },
  },
  {
    id: 'journal/survives',
    about: 'after a restart all that was acknowledged is there: records, payloads, hashes, checkpoint, state',
    skip: keepsNothing,
    async run(subject) {
      const log = await openLog(subject.seam)
      const batches = [
        await log.append([{ run: 'r', payload: bytes('p') }, { payload: bytes('q') }]),
        await log.append(plain(40)),
      ]
      const checkpoint = log.checkpoint()
      await subject.seam.commitCheckpoint(log.lease, checkpoint)
      await subject.seam.saveState(log.lease, { size: 1, foldVersion: 1, sha256: sha256Hex('s'), bytes: bytes('s') })
      await subject.seam.purge(log.lease, [1])
      const nodes = await subject.seam.hashes('default', 4, 0, 10)
      const seam = await reopened(subject)
      expectEqual(await seam.head('default'), { size: 42, checkpoint }, 'head')
      const [first, second] = batches
      if (first === undefined || second === undefined) return fail('two batches were written')
      const kept = [{ ...first, payloads: first.payloads.slice(0, 1) }, second]
      expectEqual(
        shown(await readAll(seam, 'default', 0, { payloads: true })),
        written(kept, { payloads: true }),
        'records',
      )
      expectEqual(Buffer.from(await seam.hashes('default', 4, 0, 10)).equals(nodes), true, 'nodes')
      expectEqual((await seam.loadState('default', 1))?.sha256, sha256Hex('s'), 'state')
      const again = await openLog(seam, 'default', log)
      await again.append([{ header: headerOf(42) }])
      expectEqual((await seam.head('default')).size, 43, 'size')
    },
  },
  {
    id: 'journal/restart-frees-the-lease',
    about: 'after a restart the lease is free, its epoch is higher, and the old one is stale',
    skip: keepsNothing,
    async run(subject) {
      const old = await subject.seam.acquire('default', 'before')
      const seam = await reopened(subject)
      await expectCode(
        'CONFLICT',
        () => writes(seam)['append']?.(old, 0) ?? Promise.resolve(),
        'append before a new lease',
      )
      const lease = await seam.acquire('default', 'after')
      if (lease.epoch <= old.epoch) fail(`epoch ${lease.epoch} after ${old.epoch}`)
      await expectCode(
        'CONFLICT',
        () => writes(seam)['append']?.(old, 0) ?? Promise.resolve(),
        'append beside a new lease',
      )
    },
  },
]
