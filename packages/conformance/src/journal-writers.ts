import type { CallOptions, Journal, JournalBatch, Lease, RecordEntry } from '@seamark/core'
import { sha256Hex } from '@seamark/kit'
import { expectCode, expectEqual, fail } from './check.ts'
import { errorOf, expectCodeOf, openLog, plain, readAll, shown, written } from './journal-log.ts'
import type { Case } from './suite.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Every method that needs the lease. */
export function writes(
  journal: Journal,
): Readonly<Record<string, (lease: Lease, size: number, options?: CallOptions) => Promise<unknown>>> {
  const nothing: JournalBatch = { records: [], payloads: [], nodes: [], changes: [] }
  return {
    append: (lease, size, options) => journal.append(lease, size, nothing, options),
    commitCheckpoint: (lease, _, options) =>
      journal.commitCheckpoint(lease, { origin: 'o', size: 0, root: sha256Hex(''), note: 'n' }, options),
    saveState: (lease, _, options) =>
      journal.saveState(lease, { size: 0, foldVersion: 1, sha256: sha256Hex('x'), bytes: bytes('x') }, options),
    purge: (lease, _, options) => journal.purge(lease, [0], options),
  }
}

/** Who may write, and what one transaction is. */
export const writerCases: readonly Case<Journal>[] = [
  {
    id: 'journal/expected-size',
    about: 'an append at another size than the present one is CONFLICT and stores nothing',
    async run({ seam }) {
      const log = await openLog(seam)
      const first = log.draft([{ header: bytes('"other"'), run: 'r', payload: bytes('p') }])
      const batch = await log.append(plain(3))
      await expectCode('CONFLICT', () => seam.append(log.lease, 0, first), 'an append at 0')
      const ahead = first.records.map((record) => ({ ...record, seq: 9 }))
      await expectCode(
        'CONFLICT',
        () => seam.append(log.lease, 9, { ...first, records: ahead, payloads: [] }),
        'an append at 9',
      )
      expectEqual(shown(await readAll(seam, 'default', 0, { payloads: true })), written([batch]), 'records')
    },
  },
  {
    id: 'journal/one-of-two-wins',
    about: 'of two appends at the same size one is stored and the other is CONFLICT',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(1))
      const drafts = ['a', 'b'].map((run) => log.draft([{ run, header: bytes(`"${run}"`) }, { run }]))
      const outcomes = await Promise.allSettled(drafts.map((draft) => seam.append(log.lease, 1, draft)))
      expectEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'], 'outcomes')
      for (const [i, outcome] of outcomes.entries()) {
        const draft = drafts[i]
        if (draft === undefined) continue
        if (outcome.status === 'fulfilled')
          expectEqual(shown(await readAll(seam, 'default', 1)), written([draft]), 'records')
        else expectCodeOf(outcome.reason, 'CONFLICT', 'the other')
      }
    },
  },
  {
    id: 'journal/whole-or-nothing',
    about: 'a batch with a hole is INVALID_INPUT and nothing of it is stored',
    async run({ seam }) {
      const log = await openLog(seam)
      const before = await log.append(plain(10))
      const good = log.draft([...plain(5), { payload: bytes('p') }, ...plain(2)])
      const last = good.records.at(-1)
      const [node] = good.nodes
      const [payload] = good.payloads
      if (last === undefined || node === undefined || payload === undefined) return fail('the draft lacks a part')
      const replaceLast = (record: RecordEntry): readonly RecordEntry[] => [...good.records.slice(0, -1), record]
      const bad: Readonly<Record<string, JournalBatch>> = {
        'a gap': { ...good, records: replaceLast({ ...last, seq: last.seq + 1 }) },
        'a repetition': { ...good, records: replaceLast({ ...last, seq: last.seq - 1 }) },
        'a short leaf hash': { ...good, records: replaceLast({ ...last, leaf: last.leaf.slice(1) }) },
        'a payload of a later record': { ...good, payloads: [payload, { ...payload, seq: last.seq + 1 }] },
        'a payload of an earlier record': { ...good, payloads: [{ ...payload, seq: 3 }, payload] },
        'two payloads of one record': { ...good, payloads: [payload, payload] },
        'a missing node': { ...good, nodes: [] },
        'a node too many': { ...good, nodes: [node, { ...node, index: node.index + 1 }] },
        'a node of a level that is not stored': { ...good, nodes: [node, { ...node, level: 5 }] },
      }
      for (const [what, batch] of Object.entries(bad)) {
        await expectCode('INVALID_INPUT', () => seam.append(log.lease, 10, batch), what)
        expectEqual(await seam.head('default'), { size: 10 }, `head after ${what}`)
        expectEqual(
          shown(await readAll(seam, 'default', 0, { payloads: true })),
          written([before]),
          `records after ${what}`,
        )
        expectEqual((await seam.hashes('default', 4, 0, 1)).length, 0, `nodes after ${what}`)
      }
      await seam.append(log.lease, 10, good)
      expectEqual((await seam.head('default')).size, 18, 'size after the good batch')
    },
  },
  {
    id: 'journal/urgent',
    about: 'an urgent batch is stored as any other',
    async run({ seam }) {
      const log = await openLog(seam)
      await seam.append(log.lease, 0, log.draft(plain(2)), { urgent: true })
      expectEqual((await seam.head('default')).size, 2, 'size')
    },
  },
  {
    id: 'journal/aborted',
    about: 'a call whose signal has fired is ABORTED and changes nothing',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append([{ payload: bytes('p') }])
      const signal = AbortSignal.abort()
      const reads: Readonly<Record<string, () => Promise<unknown>>> = {
        acquire: () => seam.acquire('other', 'h', { signal }),
        head: () => seam.head('default', { signal }),
        read: () => readAll(seam, 'default', 0, { signal }),
        hashes: () => seam.hashes('default', 0, 0, 1, { signal }),
        loadState: () => seam.loadState('default', 1, { signal }),
      }
      for (const [name, call] of Object.entries(reads)) await expectCode('ABORTED', call, name)
      for (const [name, call] of Object.entries(writes(seam)))
        await expectCode('ABORTED', () => call(log.lease, 1, { signal }), name)
      await expectCode('ABORTED', () => seam.append(log.lease, 1, log.draft(plain(1)), { signal }), 'append')
      expectEqual(await seam.head('default'), { size: 1 }, 'head')
      expectEqual(await seam.loadState('default', 1), undefined, 'state')
      expectEqual((await readAll(seam, 'default', 0, { payloads: true }))[0]?.payload === undefined, false, 'purged')
    },
  },
  {
    id: 'journal/closed',
    about: 'close can be repeated, and every call after it is UNAVAILABLE',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append(plain(1))
      await seam.close()
      await seam.close()
      const calls: Readonly<Record<string, () => Promise<unknown>>> = {
        acquire: () => seam.acquire('other', 'h'),
        head: () => seam.head('default'),
        read: () => readAll(seam, 'default'),
        hashes: () => seam.hashes('default', 0, 0, 1),
        loadState: () => seam.loadState('default', 1),
      }
      for (const [name, call] of Object.entries(calls)) await expectCode('UNAVAILABLE', call, name)
      for (const [name, call] of Object.entries(writes(seam)))
        await expectCode('UNAVAILABLE', () => call(log.lease, 1), name)
    },
  },
  {
    id: 'journal/bad-namespace',
    about: 'a name that is no namespace is INVALID_INPUT',
    async run({ seam }) {
      for (const ns of ['', '..', '../x', 'a/b', 'A', 'ä', 'a\0b', 'x'.repeat(64)]) {
        await expectCode('INVALID_INPUT', () => seam.acquire(ns, 'h'), `acquire ${JSON.stringify(ns)}`)
        await expectCode('INVALID_INPUT', () => seam.head(ns), `head ${JSON.stringify(ns)}`)
      }
    },
  },
  {
    id: 'journal/namespaces-apart',
    about: 'namespaces share nothing: not records, not payloads, not leases, not state',
    async run({ seam }) {
      const one = await openLog(seam, 'one')
      const two = await openLog(seam, 'two')
      const first = await one.append([{ run: 'r', payload: bytes('1') }])
      const second = await two.append([{ run: 'r', header: bytes('"two"') }, { run: 'r' }])
      await seam.saveState(two.lease, { size: 1, foldVersion: 1, sha256: sha256Hex('s'), bytes: bytes('s') })
      await seam.commitCheckpoint(two.lease, two.checkpoint())
      expectEqual(await seam.head('one'), { size: 1 }, 'head of one')
      expectEqual(await seam.loadState('one', 1), undefined, 'state of one')
      expectEqual(shown(await readAll(seam, 'one', 0, { run: 'r' })), written([first]), 'records of one')
      expectEqual(
        shown(await readAll(seam, 'two', 0, { run: 'r', payloads: true })),
        written([second]),
        'records of two',
      )
    },
  },
  {
    id: 'journal/lease-is-exclusive',
    about: 'while a lease is held, acquire is CONFLICT and names the holder',
    async run({ seam }) {
      await seam.acquire('default', 'the first service')
      for (let tries = 0; tries < 2; tries++) {
        const error = await errorOf(seam.acquire('default', 'the second'), 'a second acquire')
        expectCodeOf(error, 'CONFLICT', 'a second acquire')
        if (!error.message.includes('the first service')) fail('the error does not name the holder')
      }
    },
  },
  {
    id: 'journal/epoch-grows',
    about: 'each lease has a higher epoch than the one before',
    async run({ seam }) {
      const epochs: number[] = []
      for (let i = 0; i < 3; i++) {
        const lease = await seam.acquire('default', 'h')
        expectEqual([lease.ns, lease.lost.aborted], ['default', false], 'lease')
        epochs.push(lease.epoch)
        await lease.release()
      }
      expectEqual(
        epochs.every((epoch, i) => epoch > (epochs[i - 1] ?? 0)),
        true,
        `growing: ${epochs.join(' ')}`,
      )
    },
  },
  {
    id: 'journal/release-is-idempotent',
    about: 'a lease can be released twice, and a late release of an old one does not free a new one',
    async run({ seam }) {
      const first = await seam.acquire('default', 'h')
      await first.release()
      await first.release()
      const second = await seam.acquire('default', 'h')
      await first.release()
      await expectCode('CONFLICT', () => seam.acquire('default', 'third'), 'acquire beside the second lease')
      await seam.append(second, 0, { records: [], payloads: [], nodes: [], changes: [] })
    },
  },
  {
    id: 'journal/stale-lease',
    about: 'after its release, and after it changed hands, a lease writes nothing: CONFLICT',
    async run({ seam }) {
      const log = await openLog(seam)
      await log.append([{ payload: bytes('p') }])
      await log.lease.release()
      for (const [name, call] of Object.entries(writes(seam)))
        await expectCode('CONFLICT', () => call(log.lease, 1), `${name} after release`)
      const next = await seam.acquire('default', 'next')
      for (const [name, call] of Object.entries(writes(seam)))
        await expectCode('CONFLICT', () => call(log.lease, 1), `${name} beside a new lease`)
      await expectCode('CONFLICT', () => seam.append(log.lease, 1, log.draft(plain(1))), 'append of a record')
      await expectCode(
        'CONFLICT',
        () => seam.append({ ...next, epoch: next.epoch + 1 }, 1, log.draft(plain(1))),
        'an epoch that nobody was given',
      )
      expectEqual(await seam.head('default'), { size: 1 }, 'head')
      await seam.append(next, 1, log.draft(plain(1)))
    },
  },
]
