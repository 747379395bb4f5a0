import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeFirst, refusedWritesFrom } from '../src/first-report.ts'

const said = (...words: readonly string[]) => Buffer.from(words.map((word) => `${word}\0`).join(''), 'latin1')

describe('what a first process said', () => {
  it.each([
    [said('exited', '0', 'left', '0'), { reason: 'exited', code: 0, left: { processes: 0, names: [] } }],
    [
      said('exited', '139', 'left', '2', 'a', 'b'),
      { reason: 'exited', code: 139, left: { processes: 2, names: ['a', 'b'] } },
    ],
    [
      said('signaled', '9', 'left', '1', 'sh'),
      { reason: 'signaled', signal: 'SIGKILL', left: { processes: 1, names: ['sh'] } },
    ],
    // It was ended while it counted.
    [said('exited', '3'), { reason: 'exited', code: 3 }],
    [said('exited', '3', 'left'), { reason: 'exited', code: 3 }],
    [
      said('failed', '2', 'exited', '127', 'left', '0'),
      { reason: 'not-started', detail: 'ENOENT: no such program: x' },
    ],
    [said('failed', '11'), { reason: 'not-started', detail: 'EAGAIN: x can not be started' }],
    [said('failed', '0'), { reason: 'not-started', detail: 'UNKNOWN: x can not be started' }],
    [said(), undefined],
    [said('left', '1', 'sh'), undefined],
    [Buffer.from('exited\u00000'), undefined],
    [said('exited', '-1'), undefined],
    [said('exited', ''), undefined],
    [said('other', '0', 'exited', '0'), undefined],
    [said('signaled', '200'), undefined],
  ])('is judged: %j', (bytes, judgement) => {
    expect(judgeFirst(bytes, 'x')).toEqual(judgement)
  })

  it.each([
    [said('refusals', '0', 'exited', '0', 'left', '0'), undefined],
    [
      said('refused', '/w/a', 'refused', '/w/b', 'refusals', '9', 'exited', '0', 'left', '0'),
      { count: 9, paths: ['/w/a', '/w/b'] },
    ],
    // It was killed, and what it says is never more than it may be.
    [said('refused', '/w/a', 'refused', '/w/b'), { count: 2, paths: ['/w/a', '/w/b'] }],
    [said('refused', '/w/\u001b[1m'), { count: 1, paths: ['/w/ [1m'] }],
    [said('refused', 'x'.repeat(399)), { count: 1, paths: [`${'x'.repeat(399)}…`] }],
    [
      said(...Array.from({ length: 20 }, (_, n) => ['refused', `/${n}`]).flat()),
      { count: 20, paths: Array.from({ length: 8 }, (_, n) => `/${n}`) },
    ],
    [said(), undefined],
  ])('has the writes that were refused: %j', (bytes, refused) => {
    expect(refusedWritesFrom(bytes)).toEqual(refused)
    // How a program ended is judged all the same.
    if (bytes.includes('exited')) expect(judgeFirst(bytes, 'x')).toMatchObject({ reason: 'exited', code: 0 })
  })

  it('has names that can be shown', () => {
    const names = ['a\u0007\u001b[1m', '\u00e2\u0080\u00aeb', '\n', '\u00ff', 'x'.repeat(500), 'late']
    expect(judgeFirst(said('exited', '0', 'left', '9', ...names), 'x')?.left).toEqual({
      processes: 9,
      names: ['a  [1m', 'b', 'unnamed', '\uFFFD', 'x'.repeat(64)],
    })
  })

  it('is bounded and clean whatever it is', () => {
    const word = fc.oneof(
      fc.constantFrom('exited', 'signaled', 'left', 'failed', '0', '1', '9'),
      fc.string({ unit: 'binary' }),
    )
    fc.assert(
      fc.property(fc.array(word), fc.uint8Array(), (words, tail) => {
        const bytes = Buffer.concat([Buffer.from(words.map((one) => `${one}\0`).join('')), tail])
        const { left, detail = '' } = judgeFirst(bytes, 'x') ?? {}
        expect(detail.length).toBeLessThan(100)
        if (left === undefined) return
        expect(Number.isSafeInteger(left.processes) && left.processes >= 0).toBe(true)
        expect(left.names.length).toBeLessThanOrEqual(5)
        expect(new Set(left.names).size).toBe(left.names.length)
        for (const name of left.names) expect(name).toMatch(/^[^\p{Cc}\p{Cf}]{1,64}$/u)
      }),
    )
  })
})
