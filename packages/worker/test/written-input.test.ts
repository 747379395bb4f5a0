import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { writtenInput } from '../src/written-input.ts'
import { refusal } from './repository.ts'

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'seamark-written-'))
  try {
    await work(join(dir, 'written'))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

it('a program gets each byte once, whenever its service ended and began again', async () => {
  const plan = fc.record({
    writes: fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 8 }),
    /** After how many writes each service ends. */
    services: fc.array(fc.nat(8), { maxLength: 4 }),
  })
  await fc.assert(
    fc.asyncProperty(plan, ({ writes, services }) =>
      inFolder(async (path) => {
        let got = ''
        for (const most of [...services, writes.length]) {
          const write = writtenInput(path, (bytes) => Promise.resolve(void (got += Buffer.from(bytes).toString())))
          let at = 0
          for (const text of writes.slice(0, most)) {
            const bytes = Buffer.from(text)
            await write(bytes, at)
            at += bytes.byteLength
          }
        }
        expect(got).toBe(writes.join(''))
      }),
    ),
    { numRuns: 50 },
  )
})

it('what may have arrived is not sent again, by this service or the next, and what comes after it is', () =>
  inFolder(async (path) => {
    const got: string[] = []
    let fails = true
    const begin = () =>
      writtenInput(path, (bytes) => {
        if (fails) return Promise.reject(new Error('away'))
        got.push(Buffer.from(bytes).toString())
        return Promise.resolve()
      })
    const write = begin()
    await expect(write(Buffer.from('one'), 0)).rejects.toThrow('away')
    fails = false
    for (const again of [write, begin()])
      expect(await refusal(again(Buffer.from('one'), 0))).toMatchObject({ code: 'CONFLICT' })
    await write(Buffer.from('two'), 3)
    expect(await refusal(write(Buffer.from('four'), 9))).toMatchObject({ code: 'CONFLICT' })
    await begin()(Buffer.from('two'), 3)
    await write(Buffer.from('three'), 6)
    expect(got).toEqual(['two', 'three'])
  }))
