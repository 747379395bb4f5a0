import type { AnchorReceipt, AuditAnchor, Checkpoint } from '@seamark/core'
import { SeamError } from '@seamark/kit'
import { fakeClock } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { anchoring } from '../src/anchoring.ts'

const minute = 60_000
const start = 1_700_000_000_000
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

function head(size: number): Checkpoint {
  return { origin: `seamark.invalid/${'0'.repeat(32)}`, size, root: '0'.repeat(64), note: '' }
}

/** What an anchor does with a checkpoint: `undefined` leaves it, a code refuses, `never` gives no answer. */
type Way = (checkpoint: Checkpoint, signal: AbortSignal | undefined) => undefined | SeamError['code'] | 'never'

/** Anchors of the given cadences on a clock of their own. */
function world(...anchors: readonly (Pick<AuditAnchor, 'name' | 'everyMs'> & { readonly way?: Way })[]) {
  const clock = fakeClock(start)
  let back = 0
  const left: [name: string, size: number, after: number][] = []
  const tried: [name: string, size: number][] = []
  const refused: [name: string, size: number, code: string][] = []
  const notices: string[] = []
  const lanes = anchoring({
    anchors: anchors.map(({ way, ...stated }) => anchorOf(stated, way)),
    clock: { now: () => clock.now() - back, at: (at, callback) => clock.at(at + back, callback) },
    async anchored({ name }, { size }) {
      left.push([name, size, clock.now() - start])
    },
    async unanchored({ name }, { size }, code) {
      refused.push([name, size, code])
    },
    notice: (error) => notices.push(error instanceof SeamError ? error.code : error.message),
  })
  function anchorOf(stated: Pick<AuditAnchor, 'name' | 'everyMs'>, way: Way = () => undefined): AuditAnchor {
    return {
      spec: 'anchor/v1',
      kind: 'fake',
      ...stated,
      guarantees: { beyondOperator: { value: false, proof: 'tested' }, time: { value: false, proof: 'tested' } },
      async anchor({ origin, size, root, note }, { signal } = {}): Promise<AnchorReceipt> {
        tried.push([stated.name, size])
        const does = way({ origin, size, root, note }, signal)
        if (does === 'never') return new Promise(() => undefined)
        if (does !== undefined) throw new SeamError(does, 'as the test says')
        return { v: 1, kind: 'fake', name: stated.name, origin, size, root, at: clock.now(), body: null }
      },
      check: async () => ({ status: 'not-checked' }),
      latest: async () => undefined,
    }
  }
  return {
    clock,
    lanes,
    left,
    tried,
    refused,
    notices,
    setBack: (ms: number) => void (back = ms),
    async advance(ms: number) {
      await turn()
      // In steps, so that what a timer began can set the next one.
      for (const end = clock.now() + ms; clock.now() < end;) {
        clock.advance(Math.min(500, end - clock.now()))
        await turn()
      }
    },
  }
}

describe('the cadence of an anchor', () => {
  it('is its own: the first at once, then one in each, always the newest', async () => {
    const { lanes, left, advance } = world({ name: 'often', everyMs: minute }, { name: 'rarely', everyMs: 60 * minute })
    for (let size = 1; size <= 300; size++) {
      lanes.take(head(size), false)
      await advance(1_000)
    }
    expect(left.filter(([name]) => name === 'rarely')).toEqual([['rarely', 1, 0]])
    expect(left.filter(([name]) => name === 'often')).toEqual([
      ['often', 1, 0],
      ['often', 60, 60_000],
      ['often', 120, 120_000],
      ['often', 180, 180_000],
      ['often', 240, 240_000],
      ['often', 300, 300_000],
    ])
    // A log that falls silent is left with its newest head too.
    await advance(56 * minute)
    expect(left.at(-1)).toEqual(['rarely', 300, 60 * minute])
    await advance(600 * minute)
    expect(left).toHaveLength(8)
  })

  it('is ten minutes where the anchor states none', async () => {
    const { lanes, left, advance } = world({ name: 'a' })
    lanes.take(head(1), false)
    lanes.take(head(2), false)
    await advance(11 * minute)
    expect(left).toEqual([
      ['a', 1, 0],
      ['a', 2, 10 * minute],
    ])
  })

  it('does not put off a sealed run, and begins again with it', async () => {
    const { lanes, left, advance } = world({ name: 'a', everyMs: 10 * minute })
    lanes.take(head(1), false)
    await advance(minute)
    lanes.take(head(2), true)
    await turn()
    lanes.take(head(3), false)
    await advance(20 * minute)
    expect(left).toEqual([
      ['a', 1, 0],
      ['a', 2, minute],
      ['a', 3, 11 * minute],
    ])
  })

  it('leaves a head once, also where a seal is found to be under it already', async () => {
    const { lanes, left, advance } = world({ name: 'a' })
    lanes.take(head(1), false)
    lanes.take(head(1), true)
    await turn()
    lanes.take(head(1), true)
    await advance(60 * minute)
    expect(left).toEqual([['a', 1, 0]])
  })

  it('is not put off by a clock that is set back', async () => {
    const { lanes, left, setBack, advance } = world({ name: 'a', everyMs: minute })
    lanes.take(head(1), false)
    await turn()
    setBack(1_000 * minute)
    lanes.take(head(2), false)
    await advance(minute)
    expect(left.map(([, size]) => size)).toEqual([1, 2])
  })

  it('must be a time', () => {
    for (const everyMs of [0, -1, Number.NaN, 0.5])
      expect(() => world({ name: 'a', everyMs })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})

describe('an anchor that is slow or away', () => {
  it('holds up no other, and gets the newest when it is back', async () => {
    let away = true
    const { lanes, left, tried, refused, notices, advance } = world(
      { name: 'away', everyMs: minute, way: () => (away ? 'UNAVAILABLE' : undefined) },
      { name: 'stuck', way: () => 'never' },
      { name: 'there', everyMs: minute },
    )
    for (let size = 1; size <= 60; size++) {
      lanes.take(head(size), true)
      await advance(1_000)
    }
    expect(left.map(([name]) => name)).toEqual(Array.from({ length: 60 }, () => 'there'))
    // It backed off, and each head that it refused is told once.
    const triedAway = tried.flatMap(([name, size]) => (name === 'away' ? [size] : []))
    expect(triedAway.length).toBeLessThan(10)
    expect(refused).toEqual([...new Set(triedAway)].map((size) => ['away', size, 'UNAVAILABLE']))
    expect(notices).toHaveLength(triedAway.length)
    away = false
    await advance(minute)
    expect(left.filter(([name]) => name === 'away')).toEqual([['away', 60, expect.any(Number)]])
  })

  it('is asked again for as long as it takes, without making an idle log grow', async () => {
    const day = 24 * 60 * minute
    let away = true
    const { clock, lanes, left, tried, refused, notices, advance } = world({
      name: 'a',
      everyMs: day,
      way: () => (away ? 'UNAVAILABLE' : undefined),
    })
    lanes.take(head(7), true)
    await turn()
    for (let hours = 0; hours < 48; hours++) await advance(60 * minute)
    expect(tried.length).toBeGreaterThan(48 * 6)
    expect(notices).toHaveLength(tried.length)
    expect(refused).toEqual([['a', 7, 'UNAVAILABLE']])
    away = false
    await advance(10 * minute)
    expect(left).toEqual([['a', 7, expect.any(Number)]])
    expect(clock.pending()).toEqual([])
  })

  it('for a reason that waiting does not mend is asked again at its cadence, and for the next seal', async () => {
    const { lanes, left, tried, advance } = world({
      name: 'a',
      everyMs: 60 * minute,
      way: ({ size }) => (size < 3 ? 'FORBIDDEN' : undefined),
    })
    lanes.take(head(1), true)
    await advance(59 * minute)
    expect(tried).toEqual([['a', 1]])
    await advance(60 * minute)
    expect(tried).toEqual([
      ['a', 1],
      ['a', 1],
    ])
    lanes.take(head(3), true)
    await turn()
    expect(left).toEqual([['a', 3, expect.any(Number)]])
  })

  it('and never answers is told, aborted, and asked again', async () => {
    const signals: (AbortSignal | undefined)[] = []
    const { lanes, left, refused, advance } = world({
      name: 'a',
      way: (_, signal) => (signals.push(signal) < 3 ? 'never' : undefined),
    })
    lanes.take(head(1), true)
    await advance(11 * minute)
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true, false])
    expect(refused).toEqual([['a', 1, 'TIMEOUT']])
    expect(left).toEqual([['a', 1, expect.any(Number)]])
  })
})

describe('the end', () => {
  it('leaves the seal that waits for the one under way, and nothing else', async () => {
    const { lanes, left } = world({ name: 'a' })
    lanes.take(head(1), false)
    lanes.take(head(2), true)
    await lanes.close(new AbortController().signal)
    lanes.take(head(3), true)
    expect(left.map(([, size]) => size)).toEqual([1, 2])
    const idle = world({ name: 'a' })
    idle.lanes.take(head(1), false)
    await turn()
    idle.lanes.take(head(2), false)
    await idle.lanes.close(new AbortController().signal)
    expect(idle.left.map(([, size]) => size)).toEqual([1])
    expect(idle.clock.pending()).toEqual([])
  })

  it('does not wait for one that never answers, and leaves no timer', async () => {
    const { clock, lanes, notices } = world({ name: 'a', way: () => 'never' })
    lanes.take(head(1), true)
    const grace = new AbortController()
    const closed = lanes.close(grace.signal)
    grace.abort()
    await closed
    expect(notices).toEqual(['ABORTED'])
    expect(clock.pending()).toEqual([])
  })
})
