import { SeamError } from '@seamark/kit'
import { describe, expect, it } from 'vitest'
import { createEngine } from '../src/index.ts'
import { LOCAL, engineWith, fakeHands, records } from './harness.ts'
import { only } from './records.ts'

const one = { name: 'docs-writer', version: 1, digest: 'a'.repeat(64), files: 2, size: 7 }
const other = { ...one, digest: 'b'.repeat(64) }

describe('agents', () => {
  it('have one content for each version, also after they were removed', async () => {
    const { engine, options } = await engineWith(fakeHands())
    await expect(engine.pushAgent(LOCAL, one)).resolves.toEqual({ created: true })
    await expect(engine.pushAgent(LOCAL, one)).resolves.toEqual({ created: false })
    await expect(engine.pushAgent(LOCAL, other)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.removeAgent(LOCAL, one.name, 2)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(engine.removeAgent(LOCAL, one.name, 1)).resolves.toEqual({ removed: true })
    await expect(engine.removeAgent(LOCAL, one.name, 1)).resolves.toEqual({ removed: false })
    expect(engine.agents()).toMatchObject([{ ...one, pushedBy: LOCAL.id, removedAt: expect.any(Number) }])
    await expect(engine.pushAgent(LOCAL, other)).rejects.toMatchObject({ code: 'CONFLICT' })
    await expect(engine.pushAgent(LOCAL, one)).resolves.toEqual({ created: true })
    expect(engine.agents().map(({ removedAt }) => removedAt)).toEqual([undefined])
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'agent.pushed').map(({ actor, data }) => [actor, data])).toEqual([
      [LOCAL.id, one],
      [LOCAL.id, one],
    ])
    expect(only(log, 'agent.removed').length).toBe(1)
  })

  it.each([1, 1_000_000])('are the same after a restart, with a snapshot after %i records', async (every) => {
    const { engine, options } = await engineWith(fakeHands(), { recordsPerSnapshot: every })
    for (const version of [10, 9, 1]) await engine.pushAgent(LOCAL, { ...one, version })
    await engine.pushAgent(LOCAL, { ...one, name: 'a' })
    await engine.removeAgent(LOCAL, one.name, 9)
    const before = engine.agents()
    expect(before.map(({ name, version }) => `${name}@${version}`)).toEqual([
      'a@1',
      'docs-writer@1',
      'docs-writer@9',
      'docs-writer@10',
    ])
    await engine.stop()
    const again = createEngine(options)
    await again.start()
    expect(again.agents()).toEqual(before)
    await expect(again.pushAgent(LOCAL, other)).rejects.toMatchObject({ code: 'CONFLICT' })
    await again.stop()
  })

  it('are pushed and removed by who may, and are no records otherwise', async () => {
    const { engine, options } = await engineWith(fakeHands(), {
      authorizer: {
        spec: 'authorizer/v1',
        kind: 'test',
        name: 'test',
        guarantees: {},
        authorize: async ({ action, resource }) => ({
          allowed: action === 'agent.push' && resource.agent === 'mine',
          reasons: [],
          policy: 'test',
        }),
      },
    })
    await expect(engine.pushAgent(LOCAL, one)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    await engine.pushAgent(LOCAL, { ...one, name: 'mine' })
    await expect(engine.removeAgent(LOCAL, 'mine', 1)).rejects.toMatchObject({ code: 'FORBIDDEN' })
    expect(engine.agents().map(({ name }) => name)).toEqual(['mine'])
    await engine.stop()
    const log = await records(options)
    expect(only(log, 'command.denied').map(({ data }) => data.action)).toEqual(['agent.push', 'agent.remove'])
  })

  it('that fit no record are refused', async () => {
    const { engine } = await engineWith(fakeHands())
    for (const bad of [{ name: 'A B' }, { version: 0 }, { version: 1.5 }, { digest: 'x' }, { size: -1 }])
      await expect(engine.pushAgent(LOCAL, { ...one, ...bad })).rejects.toBeInstanceOf(SeamError)
    expect(engine.agents()).toEqual([])
    await engine.stop()
  })
})
