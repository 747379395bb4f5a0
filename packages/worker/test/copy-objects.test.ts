import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { copyObjects } from '../src/copy-objects.ts'

const dir = mkdtempSync(join(tmpdir(), 'seamark-copy-'))
afterEach(() => rmSync(dir, { recursive: true }))

describe('objects that are copied', () => {
  it('are never seen by half, and nothing else is copied', async () => {
    const [from, to] = [join(dir, 'from'), join(dir, 'to')]
    const bytes = Buffer.alloc(32 * 1024 * 1024, 7)
    const names = [`ab/${'0'.repeat(38)}`, `pack/pack-${'1'.repeat(40)}.pack`, `pack/pack-${'1'.repeat(40)}.idx`]
    const others = ['ab/tmp_obj_x', `pack/pack-${'2'.repeat(40)}.idx`, 'pack/tmp_pack_x', 'info/alternates']
    for (const folder of ['ab', 'pack', 'info']) mkdirSync(join(from, folder), { recursive: true })
    for (const name of names) writeFileSync(join(from, name), bytes)
    for (const name of others) writeFileSync(join(from, name), 'x')
    let done = false
    const copying = copyObjects(from, to).finally(() => (done = true))
    const seen = new Set<number>()
    while (!done) {
      for (const name of names) {
        const size = statSync(join(to, name), { throwIfNoEntry: false })?.size
        if (size !== undefined) seen.add(size)
      }
      await setImmediate()
    }
    await copying
    expect([...seen]).toEqual([bytes.byteLength])
    for (const name of names) expect(readFileSync(join(to, name)).equals(bytes)).toBe(true)
    for (const name of others) expect(statSync(join(to, name), { throwIfNoEntry: false })).toBeUndefined()
  })
})
