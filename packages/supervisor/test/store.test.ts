import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { lineParser } from '../src/lines.ts'
import { layoutOf } from '../src/paths.ts'
import { openStore, stateOf } from '../src/store.ts'
import { openTombstones } from '../src/tombstones.ts'
import { smallDisk } from './support/small-disk.ts'
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
  it('of a newer version is refused, and left as it is', async () => {
    const layout = await filled(temporaryFolder())
    const newer = readFileSync(layout.journal, 'utf8').replace('"version":1', '"version":2')
    writeFileSync(layout.journal, newer)
    expect(() => openStore(layout)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }))
    expect(readFileSync(layout.journal, 'utf8')).toBe(newer)
  })

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

describe('a store that has seen many launches', () => {
  const limits = { journalBytes: 4_096, tombstones: 10 }
  const layoutIn = (dir: string) => {
    const layout = layoutOf(dir)
    mkdirSync(layout.attempts, { recursive: true })
    return layout
  }
  const state = async (dir: string, of = limits) => {
    const store = openStore(layoutOf(dir), of)
    await store.close()
    return store
  }

  it('is as short as what is not reaped, and at whatever moment it is cut off nothing that was told is gone', async () => {
    const layout = layoutIn(temporaryFolder())
    const store = openStore(layout, limits)
    const told = { launched: new Set<string>(), exited: new Set<string>(), reaped: new Set<string>() }
    let longest = 0
    const life = async (name: string) => {
      const id = idOf(name)
      await store.launched(id, 'test', 1).durable
      told.launched.add(id)
      store.started(id, { pid: 1, start: '2', boot: 'x' })
      await store.exited(id, exit).durable
      told.exited.add(id)
      if (name.endsWith('7')) return
      await store.reaped(id)
      told.reaped.add(id)
      longest = Math.max(longest, statSync(layout.journal).size)
    }
    const check = async () => {
      const before = {
        launched: [...told.launched],
        exited: [...told.exited],
        reaped: [...told.reaped],
        head: store.head,
      }
      const copy = temporaryFolder()
      cpSync(layout.data, copy, { recursive: true })
      const opened = await state(copy)
      expect(opened.head).toBe(before.head)
      for (const id of before.reaped) expect(opened.isReaped(id)).toBe(true)
      for (const id of before.launched) expect(opened.launches.has(id) || opened.isReaped(id)).toBe(true)
      for (const id of before.exited) expect(opened.launches.get(id)?.exit ?? opened.isReaped(id)).toBeTruthy()
    }
    const lives: Promise<void>[] = []
    for (let n = 0; n < 600; n++) {
      lives.push(life(`n${n}`))
      if (n % 3 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (n % 40 === 0) await check()
      if (n % 50 === 0) await Promise.all(lives)
    }
    await Promise.all(lives)
    await store.close()
    // All of it is some 250 kB.
    expect(longest).toBeLessThan(90_000)
    const opened = await state(layout.data)
    expect([...opened.launches.keys()]).toEqual(
      Array.from({ length: 60 }, (_, n) => idOf(`n${10 * n + 7}`)).filter((id) => !told.reaped.has(id)),
    )
    expect([...opened.launches.values()].every(({ exit: end, process }) => end?.code === 0 && process?.pid === 1)).toBe(
      true,
    )
    for (let n = 0; n < 600; n++) expect(opened.isReaped(idOf(`n${n}`))).toBe(n % 10 !== 7)
    expect(opened.isReaped(idOf('another'))).toBe(false)
    expect(
      readFileSync(layout.journal, 'utf8')
        .split('\n')
        .filter((line) => line.includes('reaped')).length,
    ).toBeLessThan(20)
  })

  it('keeps what a crash did not cut of its tombstones', () => {
    const folder = join(temporaryFolder(), 'reaped')
    const ids = Array.from({ length: 2_000 }, (_, n) => idOf(`n${n}`))
    openTombstones(folder).add(ids.slice(0, 1_000))
    for (const file of readdirSync(folder))
      appendFileSync(join(folder, file), Buffer.alloc(1 + (file.charCodeAt(0) % 15), 7))
    const again = openTombstones(folder)
    expect(ids.map((id) => again.has(id))).toEqual(ids.map((_, n) => n < 1_000))
    again.add(ids.slice(900))
    expect(ids.every((id) => openTombstones(folder).has(id))).toBe(true)
    expect(openTombstones(folder).has(idOf('another'))).toBe(false)
  })

  // A disk of its own needs a mount.
  it.runIf(process.getuid?.() === 0)('goes on where the disk has no room for a shorter one', async () => {
    const disk = smallDisk()
    const layout = layoutIn(disk.dir)
    // Files of tombstones take more than this disk has.
    const inJournal = { ...limits, tombstones: 1_000 }
    const store = openStore(layout, inJournal)
    const life = async (n: number) => {
      await store.launched(idOf(`n${n}`), 'test', 1).durable
      await store.exited(idOf(`n${n}`), exit).durable
      await store.reaped(idOf(`n${n}`))
      await new Promise((resolve) => setImmediate(resolve))
    }
    let n = 0
    for (; n < 10; n++) await life(n)
    disk.fill()
    let full: unknown
    for (; full === undefined && n < 200; n++) await life(n).catch((error: unknown) => (full = error))
    expect(full).toMatchObject({ code: 'UNAVAILABLE' })
    disk.free()
    for (let more = 0; more < 200; more++) await life(1_000 + more)
    await store.close()
    const opened = await state(disk.dir, inJournal)
    for (let more = 0; more < 200; more++) expect(opened.isReaped(idOf(`n${1_000 + more}`))).toBe(true)
    for (let at = 0; at < n - 1; at++) expect(opened.isReaped(idOf(`n${at}`))).toBe(true)
    expect(statSync(layout.journal).size).toBeLessThan(40_000)
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
