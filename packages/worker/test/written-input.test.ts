import { startChild } from '@seamark/testing'
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { inputWrites, writtenInput } from '../src/written-input.ts'
import { refusal } from './repository.ts'

const WRITER = join(import.meta.dirname, 'input-writer.child.ts')
const MOST = 1_000_000

async function writesIn(path: string) {
  const writes = []
  for await (const { bytes, ...about } of inputWrites(path))
    writes.push({ ...about, ...(bytes && { text: Buffer.from(bytes).toString() }) })
  return writes
}

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
          const write = writtenInput(
            path,
            (bytes) => Promise.resolve(void (got += Buffer.from(bytes).toString())),
            MOST,
          )
          let at = 0
          for (const text of writes.slice(0, most)) {
            const bytes = Buffer.from(text)
            await write(bytes, at, at * 2)
            at += bytes.byteLength
          }
        }
        expect(got).toBe(writes.join(''))
        let end = 0
        const all = writes.map((text) => {
          const size = Buffer.byteLength(text)
          end += size
          return { text, size, end, after: (end - size) * 2, sent: true }
        })
        expect(await writesIn(path)).toEqual(all)
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
      writtenInput(
        path,
        (bytes) => {
          if (fails) return Promise.reject(new Error('away'))
          got.push(Buffer.from(bytes).toString())
          return Promise.resolve()
        },
        MOST,
      )
    const write = begin()
    await expect(write(Buffer.from('one'), 0, 0)).rejects.toThrow('away')
    fails = false
    for (const again of [write, begin()])
      expect(await refusal(again(Buffer.from('one'), 0, 0))).toMatchObject({ code: 'CONFLICT' })
    await write(Buffer.from('two'), 3, 5)
    expect(await refusal(write(Buffer.from('four'), 9, 5))).toMatchObject({ code: 'CONFLICT' })
    await begin()(Buffer.from('two'), 3, 5)
    await write(Buffer.from('three'), 6, 8)
    expect(got).toEqual(['two', 'three'])
    expect(await writesIn(path)).toEqual([
      { text: 'one', size: 3, end: 3, after: 0, sent: false },
      { text: 'two', size: 3, end: 6, after: 5, sent: true },
      { text: 'three', size: 5, end: 11, after: 8, sent: true },
    ])
  }))

it('what is past the bound is written and counted, and not kept', () =>
  inFolder(async (path) => {
    const got: string[] = []
    const send = (bytes: Uint8Array) => Promise.resolve(void got.push(Buffer.from(bytes).toString()))
    // The second is another service: the bound holds over both.
    await writtenInput(path, send, 6)(Buffer.from('first'), 0, 0)
    const write = writtenInput(path, send, 6)
    await write(Buffer.from('second'), 5, 0)
    await write(Buffer.from('3'), 11, 7)
    expect(got).toEqual(['first', 'second', '3'])
    expect(await writesIn(path)).toEqual([
      { text: 'first', size: 5, end: 5, after: 0, sent: true },
      { size: 6, end: 11, after: 0, sent: true },
      { text: '3', size: 1, end: 12, after: 7, sent: true },
    ])
  }))

it('a note that was cut off by an end of the service spoils none after it', () =>
  inFolder(async (path) => {
    const send = () => Promise.resolve()
    await writtenInput(path, send, MOST)(Buffer.from('one'), 0, 0)
    await appendFile(path, 'begun 6 4 dHd')
    await writtenInput(path, send, MOST)(Buffer.from('two'), 3, 4)
    expect(await writesIn(path)).toMatchObject([
      { text: 'one', sent: true },
      { text: 'two', sent: true, after: 4 },
    ])
  }))

it('what a program has is in the file, in order, whenever its service is killed', { timeout: 60_000 }, () =>
  inFolder(async (path) => {
    const got = `${path}.got`
    let at = 0
    for (let killed = 0; killed < 5; killed++) {
      const service = startChild('--conditions=source', WRITER, path, got, String(at))
      // Killed while it writes, and not always at the same place.
      await service.line(`sent ${killed * 3}`)
      await service.kill()
      const has = await readFile(got, 'utf8')
      const writes = await writesIn(path)
      const texts = writes.map(({ text }) => text).join('')
      expect(texts.startsWith(has)).toBe(true)
      // No more than the one in the middle of which it was killed, each time.
      expect(writes.filter(({ sent }) => !sent).length).toBeLessThanOrEqual(killed + 1)
      for (const { text = '', sent } of writes) if (sent) expect(has).toContain(text)
      at = writes.at(-1)?.end ?? 0
      // As its runtime does with what nobody knows: it goes on after it, and the program has it or not.
      const missing = texts.slice(has.length)
      await appendFile(got, missing)
    }
  }),
)
