import { describe, expect, it } from 'vitest'
import { engineWith, fakeHands, item, LOCAL, records, submission } from './harness.ts'

describe('a run', () => {
  it('goes from submit to seal, each step a record', async () => {
    const hands = fakeHands()
    const { engine, options, notices } = await engineWith(hands)
    await expect(
      engine.submit(LOCAL, submission('r1', [item('a'), item('b', { needs: [{ from: 0 }] })])),
    ).resolves.toEqual({ run: 'r1', created: true })
    await expect(engine.sealed('r1')).resolves.toBe('succeeded')
    await engine.stop()
    const kinds = (await records(options))
      .filter(({ run }) => run === 'r1')
      .map(({ kind, item: id }) => (id === undefined ? kind : `${kind} ${id}`))
    expect(kinds).toEqual([
      'run.submitted',
      'items.added',
      'item.launched a',
      'attempt.ended a',
      'item.settled a',
      'item.launched b',
      'attempt.ended b',
      'item.settled b',
      'run.sealed',
    ])
    expect(notices).toEqual([])
  })
})
