import { describe, expect, it } from 'vitest'
import type { ItemSpec, RecordDraft } from '@seamark/core'
import { canonicalJson, emptyBatch } from '@seamark/log'
import { chunkItems } from '../src/commands.ts'
import { decide } from '../src/decide.ts'
import { fold } from '../src/fold.ts'
import { PLACES_PER_PRIORITY } from '../src/fold-items.ts'
import { ledger } from '../src/ledger.ts'
import { react } from '../src/react.ts'
import { emptyState } from '../src/state.ts'
import { engineWith, fakeHands, item, LOCAL, submission } from './harness.ts'

const QUEUES = { default: { concurrency: 1 } }
const moment = { now: 1_000, random: 0.5 }

/** decide, fold and react without a journal. */
function core() {
  const state = emptyState('default')
  const chains = ledger('default')
  const apply = (drafts: readonly RecordDraft[]) => {
    for (const draft of drafts) {
      const { header } = chains.place(draft, moment.now, 1, emptyBatch())
      fold(state, header, draft.payload?.bytes, () => undefined)
    }
    return drafts
  }
  const salt = () => new Uint8Array(32)
  return {
    state,
    submit(run: string, items: readonly ItemSpec[]) {
      const { plan, spec } = submission(run, items)
      const head = {
        mediaType: 'application/json',
        bytes: canonicalJson({ spec, layers: {} }),
        salt: salt(),
      }
      const chunks = chunkItems(items, salt)
      const of = { principal: LOCAL, teams: [], submission: { run, plan, spec }, items: items.length }
      const about = { type: 'submit', ...of } as const
      apply(decide(state, { ...about, head, chunks }, moment).drafts)
    },
    cancel: (run: string) => apply(decide(state, { type: 'cancel', principal: LOCAL, run }, moment).drafts),
    /** Ends what runs. */
    end(outcome: 'succeeded' | 'failed') {
      const [launch] = state.launches.values()
      if (launch === undefined) throw new Error('nothing runs')
      const blob = { sha256: '0'.repeat(64), size: 0 }
      const exit = { code: 0, reason: 'exited', startedAt: 0, endedAt: 0, outputBytes: 0 } as const
      const report = {
        verdict: { outcome, reason: 'completed' },
        product: { outputs: [], stdout: blob, stderr: blob },
      } as const
      const command = {
        type: 'end',
        launchId: launch.launchId,
        fence: launch.fence,
        end: { type: 'report', exit, report },
      } as const
      apply(decide(state, command, moment).drafts)
      return launch
    },
    /** All that follows by itself. */
    react() {
      const all: RecordDraft[] = []
      const options = { queues: QUEUES, now: 0, frugal: false, finishing: false, seal: chains.seal.bind(chains) }
      for (let drafts = react(state, options); drafts.length > 0; drafts = react(state, options))
        all.push(...apply(drafts))
      return all
    },
  }
}

function chain(count: number): ItemSpec[] {
  return Array.from({ length: count }, (_, index) =>
    item(`i${index}`, index === 0 ? {} : { needs: [{ from: index - 1 }] }),
  )
}

describe('a run of 100,000 items', () => {
  const COUNT = 100_000

  it('in one chain runs to its end', { timeout: 120_000 }, async () => {
    const { engine, notices } = await engineWith(fakeHands())
    await engine.submit(LOCAL, submission('r', chain(COUNT)))
    await expect(engine.sealed('r')).resolves.toBe('succeeded')
    expect(engine.stats()).toMatchObject({ runs: 0, running: 0, waiting: 0 })
    await engine.stop()
    expect(notices).toEqual([])
  })

  it('that fails at the head of its chain is skipped in one record, in time that grows with its size', () => {
    const engine = core()
    engine.submit('r', chain(COUNT))
    engine.react()
    engine.end('failed')
    const started = performance.now()
    const drafts = engine.react()
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(drafts.map(({ kind }) => kind)).toEqual(['items.settled', 'run.sealed'])
    expect(drafts[0]?.data).toEqual({ outcome: 'skipped', ranges: [[1, COUNT - 1]], reason: 'needs' })
    expect(engine.state.runs.size).toBe(0)
  })

  it('that is cancelled ends in a few records, also where they can not be ranges', () => {
    const engine = core()
    // Every other item has run when the cancel comes.
    const items = Array.from({ length: COUNT }, (_, index) =>
      item(`i${index}`, { priority: index % 2 === 0 ? 100 : 0 }),
    )
    engine.submit('r', items)
    for (let n = 0; n < 5_000; n++) {
      engine.react()
      engine.end('succeeded')
    }
    engine.react()
    engine.cancel('r')
    const started = performance.now()
    const drafts = engine.react()
    expect(performance.now() - started).toBeLessThan(2_000)
    expect(drafts.length).toBeLessThan(10)
    expect(engine.state.runs.size).toBe(1)
    engine.end('succeeded')
    expect(engine.react().map(({ kind, data }) => [kind, 'status' in data && data.status])).toEqual([
      ['run.sealed', 'canceled'],
    ])
    expect(engine.state).toMatchObject({ runs: { size: 0 }, launches: { size: 0 } })
  })
})

describe('priority', () => {
  it('lets at most 1,000 later items pass for each step of difference, and not one more', () => {
    // Two steps, so that the whole bound is tested quickly; an item takes a place when it gets in line
    // for locks and one when it gets in line for a slot.
    const engine = core()
    engine.submit('busy', [item('a')])
    engine.react()
    engine.submit('low', [item('a', { priority: -1 })])
    const later = 2 * PLACES_PER_PRIORITY
    engine.submit(
      'high',
      Array.from({ length: later + 10 }, (_, index) => item(`i${index}`, { priority: 1 })),
    )
    let passed = 0
    for (;;) {
      engine.end('succeeded')
      engine.react()
      const [launch] = engine.state.launches.values()
      if (launch?.run === 'low') break
      passed++
    }
    expect(passed).toBeGreaterThan(later / 2 - 10)
    expect(passed).toBeLessThanOrEqual(later)
  })
})
