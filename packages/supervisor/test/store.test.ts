import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { lineParser } from '../src/lines.ts'
import { layoutOf } from '../src/paths.ts'
import { openStore, stateOf } from '../src/store.ts'
import { idOf, temporaryFolder } from './support/world.ts'

const exit = { reason: 'exited', code: 0, startedAt: 1, endedAt: 2, outputBytes: 3 } as const

async function filled(dir: string) {
  const layout = layoutOf(dir)
  mkdirSync(layout.attempts, { recursive: true })
  const store = openStore(layout)
  await Promise.all(['a', 'b', 'c', 'd'].map((name, n) => store.launched(idOf(name), 'test', n).durable))
  store.started(idOf('a'), { pid: 1, start: '2', boot: 'x' })
  await store.exited(idOf('a'), exit).durable
  await store.lost(idOf('b'), 2).durable
  await store.withdrawn(idOf('c'))
  await store.reaped(idOf('a'))
  await store.close()
  return layout
}

describe('store', () => {
  it('knows after opening what it knew before closing', async () => {
    const layout = await filled(temporaryFolder())
    for (let n = 0; n < 2; n++) {
      const store = openStore(layout)
      expect([...store.launches.values()].map((launch) => [launch.launchId, stateOf(launch).state])).toEqual([
        [idOf('b'), 'lost'],
        [idOf('d'), 'running'],
      ])
      expect(store.isReaped(idOf('a'))).toBe(true)
      expect(store.isReaped(idOf('c'))).toBe(false)
      expect(store.head).toBe(6)
      await store.close()
    }
  })

  it('opens at whatever byte a crash cut it off, and never knows more than was written', async () => {
    const layout = await filled(temporaryFolder())
    const whole = readFileSync(layout.journal)
    let before = 0
    for (let size = 0; size <= whole.byteLength; size++) {
      writeFileSync(layout.journal, whole.subarray(0, size))
      const store = openStore(layout)
      expect(store.head).toBeGreaterThanOrEqual(before)
      before = store.head
      await store.close()
    }
    expect(before).toBe(6)
  })

  it('numbers changes upwards across openings', async () => {
    const layout = await filled(temporaryFolder())
    const store = openStore(layout)
    const { launch, durable } = store.launched(idOf('e'), 'test', 9)
    expect(launch.startSeq).toBe(7)
    await durable
    await store.close()
  })

  it('refuses what it did not write', async () => {
    const layout = await filled(temporaryFolder())
    for (const line of ['{}', '[]', 'x', '{"kind":"exit","seq":9,"launchId":"unknown","exit":{}}']) {
      writeFileSync(layout.journal, line + '\n')
      expect(() => openStore(layout)).toThrow(expect.objectContaining({ code: 'INTEGRITY' }))
    }
  })
})

describe('lineParser', () => {
  it('finds the same lines however they are cut', () => {
    const bytes = Buffer.from(
      [{ a: 'ä\n🧭' }, { b: '' }, { c: 'x'.repeat(50) }].map((line) => JSON.stringify(line) + '\n').join(''),
    )
    for (let size = 1; size <= bytes.byteLength; size++) {
      const lines: unknown[] = []
      const parse = lineParser(1000, (line) => lines.push(line))
      for (let at = 0; at < bytes.byteLength; at += size) parse(bytes.subarray(at, at + size))
      expect(lines).toEqual([{ a: 'ä\n🧭' }, { b: '' }, { c: 'x'.repeat(50) }])
    }
  })

  it('refuses a line that is too long, or no JSON', () => {
    const parse = () => lineParser(10, () => undefined)
    expect(() => parse()(Buffer.alloc(11, 'x'))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    expect(() => parse()(Buffer.from('nope\n'))).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
