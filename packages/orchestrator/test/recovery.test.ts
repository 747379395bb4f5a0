import { describe, expect, it } from 'vitest'
import type { AnyRecord, AuditAnchor, Journal, RecordKind, StepTask } from '@seamark/core'
import { SeamError, sha256Hex } from '@seamark/kit'
import { canonicalJson, leafHash, parseHeader } from '@seamark/log'
import { fakeClock, memoryJournal, memorySigner } from '@seamark/testing'
import { checkpointer } from '../src/checkpoints.ts'
import { recover } from '../src/recover.ts'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'

const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 5))

function only<K extends RecordKind>(log: readonly AnyRecord[], kind: K): Extract<AnyRecord, { kind: K }>[] {
  return log.filter((record): record is Extract<AnyRecord, { kind: K }> => record.kind === kind)
}

describe('anchors', () => {
  function anchor(leave: AuditAnchor['anchor']): AuditAnchor {
    return {
      spec: 'anchor/v1',
      kind: 'fake',
      name: 'fake',
      guarantees: { beyondOperator: { value: false, proof: 'tested' }, time: { value: false, proof: 'tested' } },
      anchor: leave,
      check: async () => ({ status: 'not-checked' }),
      latest: async () => undefined,
    }
  }

  it('that are slow or away hold up no seal, and are asked again', async () => {
    const sizes: number[] = []
    let failures = 1
    const flaky = anchor(async ({ origin, size, root }) => {
      if (failures-- > 0) throw new SeamError('UNAVAILABLE', 'it is away')
      sizes.push(size)
      return { v: 1, kind: 'fake', name: 'fake', origin, size, root, at: 0, body: null }
    })
    const stuck = anchor(() => new Promise(() => undefined))
    const { engine, options } = await engineWith(fakeHands(), { anchors: [stuck, flaky] })
    await engine.submit(LOCAL, submission('r1', [item('a')]))
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.submit(LOCAL, submission('r2', [item('a')]))
    await expect(engine.sealed('r2')).resolves.toBe('succeeded')
    const seals = only(await records(options), 'run.sealed').map(({ seq }) => seq)
    await expect.poll(() => sizes.at(-1), { timeout: 4_000 }).toBeGreaterThan(seals.at(-1) ?? Infinity)
    const log = await records(options)
    expect(only(log, 'checkpoint.unanchored').map(({ data }) => data.code)).toEqual(['UNAVAILABLE'])
  })
})

describe('a signer that fails', () => {
  it('is asked again in time, however many runs are sealed meanwhile', async () => {
    const clock = fakeClock(1_000_000)
    let asked = 0
    const signing = checkpointer({
      origin: `seamark.invalid/${'0'.repeat(32)}`,
      journal: memoryJournal().journal,
      lease: { ns: 'default', epoch: 1, lost: new AbortController().signal, release: async () => undefined },
      signer: {
        ...memorySigner(),
        sign: async () => {
          asked++
          throw new SeamError('UNAVAILABLE', 'it is away')
        },
      },
      clock,
      commit: async () => ({ size: 1, root: '0'.repeat(64) }),
      signed: () => undefined,
      notice: () => undefined,
    })
    for (let n = 0; n < 100; n++) {
      signing.sealed()
      clock.advance(100)
      await turn()
    }
    expect(asked).toBeGreaterThanOrEqual(4)
  })
})

describe('recovery', () => {
  async function someRuns(more: { readonly recordsPerSnapshot: number }) {
    const made = memoryJournal()
    const { engine, options } = await engineWith(fakeHands(), { ...made, ...more })
    for (const run of ['r1', 'r2']) {
      await engine.submit(LOCAL, submission(run, [item('a')]))
      await engine.sealed(run)
    }
    return { engine, made, options }
  }

  it('needs no payload of a sealed run, from the first record too', async () => {
    const { engine, made, options } = await someRuns({ recordsPerSnapshot: 1_000_000 })
    const hands = fakeHands(() => 'hold')
    await engine.stop()
    const { engine: next } = await engineWith(hands, {
      ...options,
      executors: [hands.executor],
      worker: hands.worker,
    })
    await next.submit(LOCAL, submission('open', [item('a')]))
    await expect.poll(() => hands.running().length).toBe(1)
    await next.stop()
    const log = await records(options)
    const seqs = log.filter(({ run, payload }) => run !== 'open' && payload !== undefined).map(({ seq }) => seq)
    const lease = await made.journal.acquire('default', 'purger')
    await made.journal.purge(lease, seqs)
    const bare: Journal = { ...made.journal, loadState: async () => undefined }
    const { state } = await recover('default', bare)
    expect([...state.runs.keys()]).toEqual(['open'])
    expect(state.fence).toBe(3)
    // Of a run that is not sealed it is damage.
    const [opened] = log.filter(({ run }) => run === 'open')
    await made.journal.purge(lease, [opened?.seq ?? -1])
    await expect(recover('default', bare)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('refuses a snapshot that is not of the journal it lies in', async () => {
    const one = await someRuns({ recordsPerSnapshot: 1 })
    const other = await someRuns({ recordsPerSnapshot: 1 })
    await one.engine.stop()
    await other.engine.stop()
    const { loadState } = other.made.journal
    const mixed: Journal = { ...one.made.journal, loadState: (...args) => loadState(...args) }
    await expect(recover('default', mixed)).rejects.toMatchObject({ code: 'INTEGRITY' })
    const longer: Journal = {
      ...one.made.journal,
      async loadState(...args) {
        const found = await one.made.journal.loadState(...args)
        if (found === undefined) return undefined
        const text = Buffer.from(found.bytes)
          .toString('utf8')
          .replace(/"size":\d+/, '"size":3')
        const bytes = Buffer.from(text)
        return { ...found, size: 3, bytes, sha256: sha256Hex(bytes) }
      },
    }
    await expect(recover('default', longer)).rejects.toMatchObject({ code: 'INTEGRITY' })
    await expect(recover('default', one.made.journal)).resolves.toBeDefined()
  })

  it('refuses a committed head that is not of the records before it, and kinds it does not know', async () => {
    const { engine, made } = await someRuns({ recordsPerSnapshot: 1_000_000 })
    await engine.stop()
    const changed = (change: (record: AnyRecord) => object): Journal => ({
      ...made.journal,
      loadState: async () => undefined,
      async *read(...args) {
        for await (const record of made.journal.read(...args)) {
          const header = canonicalJson(change(parseHeader(record.header)))
          yield { ...record, header, leaf: leafHash(header) }
        }
      },
    })
    await expect(
      recover(
        'default',
        changed((record) => (record.kind === 'run.submitted' ? { ...record, actor: 'somebody' } : record)),
      ),
    ).rejects.toMatchObject({ code: 'INTEGRITY' })
    await expect(
      recover(
        'default',
        changed((record) => (record.kind === 'run.submitted' ? { ...record, kind: 'run.dreamt' } : record)),
      ),
    ).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

describe('locks of what is parked', () => {
  it('are given back once, over a restart too', async () => {
    const parks = (task: StepTask) =>
      task.item?.id === 'a' ? ({ outcome: 'parked', reason: 'input' } as const) : ('hold' as const)
    const hands = fakeHands(parks)
    const { engine, options } = await engineWith(hands, { recordsPerSnapshot: 1 })
    const locks = [{ type: 'path', path: 'src' }] as const
    await engine.submit(LOCAL, submission('r1', [item('a', { locks }), item('b', { locks })]))
    await expect.poll(() => [engine.stats().parked, hands.running().length]).toEqual([1, 1])
    await engine.stop()
    const { engine: next } = await engineWith(hands, options)
    await turn()
    await next.stop({ cancelRunning: true })
    expect(only(await records(options), 'locks.released')).toEqual([])
  })
})
