import type { StorageProvider } from '@seamark/core'
import { createHash } from 'node:crypto'
import { expectCode, expectEqual, fail } from './check.ts'
import { liveBufferBytes } from './live-bytes.ts'
import { bytes, collect, digest, inChunks, keysOf, pattern, read } from './storage-subject.ts'
import type { Case } from './suite.ts'

const mebibyte = 1024 * 1024

function inMemory(storage: StorageProvider): string | undefined {
  return storage.guarantees.durable.value
    ? undefined
    : 'it does not claim to be durable: it may keep everything in memory'
}

/** What goes in comes out. */
export const contentCases: readonly Case<StorageProvider>[] = [
  {
    id: 'storage/says-what-it-is',
    about: 'spec, kind, name and every guarantee are there',
    async run({ seam }) {
      expectEqual(seam.spec, 'storage/v1', 'spec')
      if (!/^[a-z0-9][a-z0-9.-]*$/.test(seam.kind)) fail(`kind is not a stable name: ${seam.kind}`)
      if (seam.name === '') fail('name is empty')
      const { durable, conditionalWrite, verifiedRead, verifiedRange } = seam.guarantees
      for (const claim of [durable, conditionalWrite, verifiedRead, verifiedRange]) {
        expectEqual(typeof claim.value, 'boolean', 'value of a guarantee')
        if (!['probed', 'tested', 'unproven'].includes(claim.proof)) fail(`proof of a guarantee: ${claim.proof}`)
      }
    },
  },
  {
    id: 'storage/roundtrip',
    about: 'a body given whole or in chunks of any size comes back byte for byte, with its size',
    async run({ seam }) {
      const data = pattern(300_001)
      for (const [key, body] of [
        ['ns/whole', data],
        ['ns/small-chunks', inChunks(data, 7_919)],
        ['ns/one-byte', inChunks(data.subarray(0, 50), 1)],
        ['ns/with-empty-chunks', withEmpty(data)],
      ] as const) {
        const expected = key === 'ns/one-byte' ? data.subarray(0, 50) : data
        const stored = await seam.put(key, body)
        expectEqual([stored.key, stored.size, stored.created], [key, expected.byteLength, true], `answer of put ${key}`)
        if (stored.sha256 !== undefined) expectEqual(stored.sha256, digest(expected), `digest of put ${key}`)
        expectEqual(digest((await read(seam, key)) ?? fail(`${key} is gone`)), digest(expected), `bytes of ${key}`)
        const head = await seam.head(key)
        expectEqual([head?.key, head?.size], [key, expected.byteLength], `head of ${key}`)
        if (head?.sha256 !== undefined) expectEqual(head.sha256, digest(expected), `digest of head ${key}`)
      }
    },
  },
  {
    id: 'storage/empty-object',
    about: 'an object of no bytes is an object',
    async run({ seam }) {
      await seam.put('ns/empty', new Uint8Array())
      await seam.put('ns/empty-stream', inChunks(new Uint8Array(), 1))
      for (const key of ['ns/empty', 'ns/empty-stream']) {
        expectEqual((await seam.head(key))?.size, 0, `size of ${key}`)
        expectEqual((await read(seam, key))?.byteLength, 0, `bytes of ${key}`)
      }
      expectEqual(await keysOf(seam), ['ns/empty', 'ns/empty-stream'], 'listing')
    },
  },
  {
    id: 'storage/keeps-a-copy',
    about: 'what the caller does to its buffers after the storage asked for the next chunk changes nothing',
    async run({ seam }) {
      const buffer = new Uint8Array(1000)
      const reusing = async function* (): AsyncGenerator<Uint8Array> {
        for (let round = 0; round < 5; round++) yield buffer.fill(round)
      }
      await seam.put('ns/reused', reusing())
      const whole = bytes('before')
      await seam.put('ns/whole', whole)
      whole.fill(0)
      const expected = Buffer.concat([0, 1, 2, 3, 4].map((round) => Buffer.alloc(1000, round)))
      expectEqual(digest((await read(seam, 'ns/reused')) ?? fail('gone')), digest(expected), 'reused chunk')
      expectEqual(await read(seam, 'ns/whole'), bytes('before'), 'buffer changed after put')
    },
  },
  {
    id: 'storage/replaces',
    about: 'a second put of a key replaces the first',
    async run({ seam }) {
      await seam.put('ns/a', bytes('first, and longer'))
      await seam.put('ns/a', bytes('second'))
      expectEqual(await read(seam, 'ns/a'), bytes('second'), 'bytes after the second put')
      expectEqual((await seam.head('ns/a'))?.size, 6, 'size after the second put')
    },
  },
  {
    id: 'storage/constant-memory',
    alone: true,
    about: '64 MiB are stored and read without being held in memory',
    skip: inMemory,
    async run({ seam }) {
      const base = liveBufferBytes()
      let peak = 0
      const chunk = new Uint8Array(mebibyte / 4)
      const expected = createHash('sha256')
      const source = async function* (): AsyncGenerator<Uint8Array> {
        for (let count = 0; count < 256; count++) {
          chunk.fill(count)
          expected.update(chunk)
          yield chunk
          if (count % 32 === 31) peak = Math.max(peak, liveBufferBytes() - base)
        }
      }
      await seam.put('ns/large', source())
      const found = (await seam.get('ns/large')) ?? fail('gone')
      const actual = createHash('sha256')
      let seen = 0
      for await (const part of found.body) {
        actual.update(part)
        if (Math.floor((seen + part.byteLength) / (8 * mebibyte)) > Math.floor(seen / (8 * mebibyte)))
          peak = Math.max(peak, liveBufferBytes() - base)
        seen += part.byteLength
      }
      expectEqual(actual.digest('hex'), expected.digest('hex'), 'digest of 64 MiB')
      if (peak > 24 * mebibyte) fail(`${peak} bytes of buffers were alive at once for a stream of 64 MiB`)
    },
  },
  {
    id: 'storage/ranges',
    about: 'a range yields exactly its bytes, and one that is malformed or past the end is INVALID_INPUT',
    async run({ seam }) {
      const size = 700_000
      const data = pattern(size, 7)
      await seam.put('ns/a', inChunks(data, 100_000))
      for (const [start, end] of [
        [0, size],
        [0, 1],
        [0, 0],
        [5, 5],
        [size - 1, size],
        [size, size],
        [262_143, 262_145],
        [262_144, 524_288],
        [1, size - 1],
        [300_000, undefined],
        [size, undefined],
      ] as const) {
        const range = end === undefined ? { start } : { start, end }
        const found = (await seam.get('ns/a', { range })) ?? fail('gone')
        expectEqual(found.size, size, `size of the object, asked for ${start} to ${end}`)
        expectEqual(digest(await collect(found.body)), digest(data.subarray(start, end)), `bytes ${start} to ${end}`)
      }
      for (const range of [
        { start: size + 1 },
        { start: 0, end: size + 1 },
        { start: -1 },
        { start: 3, end: 2 },
        { start: 0.5 },
        { start: Number.NaN },
      ])
        await expectCode('INVALID_INPUT', () => read(seam, 'ns/a', range), `range ${JSON.stringify(range)}`)
    },
  },
  {
    id: 'storage/reopen',
    about: 'objects are there after a restart',
    skip: inMemory,
    async run(subject) {
      await subject.seam.put('ns/a', bytes('kept'))
      await subject.seam.put('ns/b', bytes('deleted'))
      await subject.seam.delete?.('ns/b')
      const again = (await subject.reopen?.()) ?? fail('a durable storage needs a subject with reopen')
      expectEqual(await read(again, 'ns/a'), bytes('kept'), 'bytes after reopen')
      if (again.delete !== undefined) expectEqual(await keysOf(again), ['ns/a'], 'listing after reopen')
    },
  },
]

async function* withEmpty(data: Uint8Array): AsyncGenerator<Uint8Array> {
  yield new Uint8Array()
  for await (const chunk of inChunks(data, 100_000)) {
    yield chunk
    yield new Uint8Array()
  }
}
