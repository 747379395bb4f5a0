import { mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { openChanges } from '../src/changes.ts'
import { layoutOf } from '../src/paths.ts'
import { openStore } from '../src/store.ts'
import { idOf, temporaryFolder } from './support/world.ts'

describe('changes', () => {
  it('are told in the order of their numbers, whatever the order in which they are ready', async () => {
    const layout = layoutOf(temporaryFolder())
    mkdirSync(layout.attempts, { recursive: true })
    const store = openStore(layout)
    const changes = openChanges(store)
    const told: string[] = []
    changes.follow('test', undefined, ({ cursor }) => told.push(cursor))
    for (let seq = 1; seq <= 5; seq++) changes.reserve(seq)
    const running = { state: 'running', startedAt: 1 } as const
    changes.tell(3, 'test', idOf('c'), running)
    changes.tell(2, 'test', idOf('b'), undefined)
    expect(told).toEqual([])
    changes.tell(1, 'test', idOf('a'), running)
    expect(told).toEqual(['1', '3'])
    changes.tell(5, 'test', idOf('e'), running)
    changes.tell(4, 'other', idOf('d'), running)
    expect(told).toEqual(['1', '3', '5'])
    await store.close()
  })

  it('that are not told yet are left out of what a new follower gets first', async () => {
    const layout = layoutOf(temporaryFolder())
    mkdirSync(layout.attempts, { recursive: true })
    const store = openStore(layout)
    const changes = openChanges(store)
    const { launch, durable } = store.launched(idOf('a'), 'test', 1)
    changes.reserve(launch.startSeq)
    const told: string[] = []
    changes.follow('test', undefined, ({ cursor }) => told.push(cursor))
    expect(told).toEqual([])
    await durable
    changes.tell(launch.startSeq, 'test', idOf('a'), { state: 'running', startedAt: 1 })
    expect(told).toEqual(['1'])
    expect(() => changes.follow('test', 'x', () => undefined)).toThrow(
      expect.objectContaining({ code: 'INVALID_INPUT' }),
    )
    await store.close()
  })
})
